//! Profiles: made by the signup, read and changed by their owner.

use serde_json::json;
use tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_there_as_soon_as_the_account_is() {
    let app = TestApp::start().await;
    let alice = app.buyer("alice").await;
    let profile = alice.get(&format!("/api/users/{}", alice.id)).await.assert_status(200).json();
    assert_eq!(profile["name"], "alice");
    assert_eq!(profile["email"], alice.email.clone().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_changes_the_profile_and_a_stale_copy_cannot() {
    let app = TestApp::start().await;
    let alice = app.buyer("alice").await;
    let path = format!("/api/users/{}", alice.id);
    let tag = alice.get(&path).await.header("etag").unwrap().to_owned();
    let address = tests::address();
    let change = json!({ "name": "Alice B", "phone": "+82 10 1234 5678", "addresses": [address] });
    let put = |tag: String, change| {
        let (alice, path) = (&alice, &path);
        async move { alice.send(reqwest::Method::PUT, path, &[("if-match", &tag)], Some(change)).await }
    };
    let changed = put(tag.clone(), change.clone()).await.assert_status(200).json();
    assert_eq!(changed["name"], "Alice B");
    put(tag.clone(), change).await.assert_problem(412, "precondition_failed");
    let read = alice.get(&path).await.assert_status(200);
    assert_eq!(read.json()["phone"], "+82 10 1234 5678");
    let tag = read.header("etag").unwrap();
    let get = reqwest::Method::GET;
    alice.send(get, &path, &[("if-none-match", tag)], None).await.assert_status(304);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_nobody_elses_business_but_the_admins() {
    let app = TestApp::start().await;
    let (alice, eve) = (app.buyer("alice").await, app.buyer("eve").await);
    let path = format!("/api/users/{}", alice.id);
    eve.get(&path).await.assert_problem(404, "not_found");
    eve.put(&path, json!({ "name": "Eve" })).await.assert_problem(404, "not_found");
    app.stranger().get(&path).await.assert_problem(401, "unauthenticated");
    app.admin().await.get(&path).await.assert_status(200);
}
