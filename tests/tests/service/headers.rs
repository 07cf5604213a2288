//! Request headers are read by their grammar (RFC 9110), on every route alike.

use reqwest::Method;
use serde_json::json;
use tests::{TestApp, path_of};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_streams_to_who_prefers_a_stream() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let tea = kim.sells("5.00", 9).await;
    let path = format!("{}/events", path_of(&alice.orders(&tea, 1).await.assert_status(201).json()));
    for accept in [
        "text/event-stream;q=0",
        "application/json, text/event-stream;q=0.5",
        "text/html;x=\"text/event-stream\"",
        "*/*",
    ] {
        let answer = alice.send(Method::GET, &path, &[("accept", accept)], None).await.assert_status(200);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{accept}");
    }
    let client = reqwest::Client::new();
    for accept in ["Text/Event-Stream", "text/event-stream;charset=utf-8", "application/json;q=0.1, text/*"] {
        let request = client.get(format!("{}{path}", app.base())).header("accept", accept);
        let answer = request.bearer_auth(alice.token.as_deref().unwrap()).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream", "{accept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions_are_read_from_all_their_lines() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    let tea = format!("/api/products/{}", kim.sells("5.00", 9).await);
    let tag = kim.get(&tea).await.header("etag").unwrap().to_owned();
    let get = |lines: &[&str]| {
        let headers = lines.iter().map(|line| ("if-none-match", (*line).to_owned())).collect();
        kim.raw(Method::GET, &tea, headers, None)
    };
    get(&["\"x\"", &tag]).await.assert_status(304);
    get(&["\"x\"", &format!("W/{tag}")]).await.assert_status(304);
    get(&["\"x\"", "\"y\""]).await.assert_status(200);

    let change = json!({ "name": "Tea", "category": "tea", "price": 6 });
    let put = |if_match: &str| {
        let headers =
            vec![("if-match", if_match.to_owned()), ("content-type", "application/json".to_owned())];
        kim.raw(Method::PUT, &tea, headers, Some(change.to_string().into_bytes()))
    };
    // What says nothing that can be checked is not taken for nothing said.
    for wrong in ["1", "\"1", "*, \"1\""] {
        put(wrong).await.assert_problem(400, "malformed_request");
    }
    put("\"a,b\"").await.assert_problem(412, "precondition_failed");
    put(&format!("\"a,b\", {tag}")).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_changed_at_the_revision_that_is_known() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    let product = kim.sells("5.00", 9).await;
    let (tea, stock) = (format!("/api/products/{product}"), format!("/api/products/{product}/stock"));
    let tag = kim.get(&tea).await.header("etag").unwrap().to_owned();
    let change = || Some(json!({ "delta": 5, "reason": "delivery" }));
    let all = (0..6).map(|_| async {
        kim.send(Method::POST, &stock, &[("if-match", tag.as_str())], change()).await.status
    });
    let mut statuses = futures::future::join_all(all).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
    assert_eq!(kim.get(&tea).await.json()["onHand"], 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_another_charset_is_refused() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    let body = json!({ "name": "Tea", "category": "tea", "price": 1, "stock": 1 }).to_string().into_bytes();
    for (kind, status) in [
        ("application/json", 201),
        ("Application/JSON; Charset=\"UTF-8\"", 201),
        ("application/vnd.x+json", 201),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=latin1", 415),
        ("application/jsonx", 415),
        ("json", 415),
    ] {
        let headers = vec![("content-type", kind.to_owned())];
        let answer = kim.raw(Method::POST, "/api/products", headers, Some(body.clone())).await;
        assert_eq!(answer.status, status, "{kind}");
    }
}
