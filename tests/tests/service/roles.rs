//! Roles: custom ones, who has which, and the limits of giving them.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, pay};

/// The person with an access token of now.
async fn refreshed<'a>(app: &TestApp, who: &Actor<'a>) -> Actor<'a> {
    let body = json!({ "refreshToken": who.refresh });
    let token = app.stranger().post("/api/auth/refresh", body).await.assert_status(200).text("accessToken");
    who.with_token(&token)
}

async fn may(who: &Actor<'_>, body: Value) -> bool {
    who.post("/api/v1/auth/check-permission", body).await.assert_status(200).json()["allowed"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_role_shows_in_the_next_access_token() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let role = json!({ "name": "AUDITOR", "permissions": ["audit:read", "audit:read"] });
    let made = admin.post("/api/auth/roles", role.clone()).await.assert_status(201);
    assert_eq!(made.json(), json!({ "name": "AUDITOR", "permissions": ["audit:read"], "builtIn": false }));
    admin.post("/api/auth/roles", role).await.assert_problem(409, "conflict");
    let roles = admin.get("/api/auth/roles").await.assert_status(200).json();
    assert_eq!(roles["items"].as_array().unwrap().len(), 4);

    let path = format!("/api/auth/users/{}/roles", alice.id);
    admin.put(&path, json!({ "roles": ["BUYER", "AUDITOR"] })).await.assert_status(200);
    assert!(may(&alice, json!({ "resource": "audit", "action": "read" })).await);
    alice.get("/api/v1/audit/events").await.assert_problem(403, "forbidden");
    let alice = refreshed(&app, &alice).await;
    alice.get("/api/v1/audit/events").await.assert_status(200);
    admin.delete("/api/auth/roles/AUDITOR").await.assert_status(204);
    assert!(!may(&alice, json!({ "permission": "audit:read" })).await);
    admin.delete("/api/auth/roles/AUDITOR").await.assert_problem(404, "not_found");
    admin.put(&path, json!({ "roles": ["AUDITOR"] })).await.assert_problem(422, "validation_failed");
    admin.delete("/api/auth/roles/ADMIN").await.assert_problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_changed_only_as_it_was_read() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, path) = (app.admin().await, "/api/auth/roles/CLERK");
    let role = json!({ "name": "CLERK", "permissions": ["orders:read"] });
    let made = admin.post("/api/auth/roles", role.clone()).await.assert_status(201);
    let first = made.header("etag").unwrap().to_owned();
    let read = admin.get(path).await.assert_status(200);
    assert_eq!((read.header("etag"), read.json()), (Some(first.as_str()), made.json()));
    admin.send(Method::GET, path, &[("if-none-match", &first)], None).await.assert_status(304);

    let put = |tag: String, permission: &'static str| {
        let (admin, body) = (&admin, json!({ "permissions": [permission] }));
        async move { admin.send(Method::PUT, path, &[("if-match", &tag)], Some(body)).await }
    };
    let (one, other) = tokio::join!(put(first.clone(), "orders:any"), put(first.clone(), "audit:read"));
    let (done, stale) = if one.status == 200 { (one, other) } else { (other, one) };
    stale.assert_problem(412, "precondition_failed");
    let second = done.assert_status(200).header("etag").unwrap().to_owned();
    assert_ne!(first, second);
    put(second.clone(), "users:any").await.assert_status(200);
    let delete = |tag: String| {
        let admin = &admin;
        async move { admin.send(Method::DELETE, path, &[("if-match", &tag)], None).await }
    };
    delete(second).await.assert_problem(412, "precondition_failed");
    admin.put(path, json!({ "permissions": [] })).await.assert_status(200);
    let last = admin.get(path).await.header("etag").unwrap().to_owned();
    delete(last.clone()).await.assert_status(204);
    admin.get(path).await.assert_problem(404, "not_found");
    delete(last.clone()).await.assert_problem(404, "not_found");
    let anew = admin.post("/api/auth/roles", role).await.assert_status(201);
    assert!(![first, last].contains(&anew.header("etag").unwrap().to_owned()), "another role, another tag");
    let built_in = admin.get("/api/auth/roles/ADMIN").await.assert_status(200);
    assert_eq!((built_in.json()["builtIn"] == true, built_in.header("etag")), (true, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_stays_one_even_when_two_demote_each_other() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let path = |id: &str| format!("/api/auth/users/{id}/roles");
    let (buyer, chief) = (json!({ "roles": ["BUYER"] }), json!({ "roles": ["ADMIN"] }));
    admin.put(&path(&admin.id), buyer.clone()).await.assert_problem(409, "conflict");
    admin.put(&path(&alice.id), chief).await.assert_status(200);
    let alice = refreshed(&app, &alice).await;
    let (of_alice, of_admin) = (path(&alice.id), path(&admin.id));
    let (one, other) = tokio::join!(admin.put(&of_alice, buyer.clone()), alice.put(&of_admin, buyer));
    let mut statuses = [one.status, other.status];
    statuses.sort();
    // Whoever comes second is no ADMIN any more.
    assert_eq!(statuses, [200, 403]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_or_takes_more_than_they_have() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, clerk, alice) = (app.admin().await, app.buyer("clerk").await, app.buyer("alice").await);
    let role = json!({ "name": "CLERK", "permissions": ["roles:read", "roles:write"] });
    admin.post("/api/auth/roles", role).await.assert_status(201);
    let path = |id: &str| format!("/api/auth/users/{id}/roles");
    admin.put(&path(&clerk.id), json!({ "roles": ["CLERK"] })).await.assert_status(200);
    let clerk = refreshed(&app, &clerk).await;
    clerk.put(&path(&clerk.id), json!({ "roles": ["ADMIN"] })).await.assert_problem(403, "forbidden");
    clerk.put(&path(&admin.id), json!({ "roles": ["BUYER"] })).await.assert_problem(403, "forbidden");
    let role = json!({ "name": "GOD", "permissions": ["users:any"] });
    clerk.post("/api/auth/roles", role).await.assert_problem(403, "forbidden");
    clerk.put(&path(&alice.id), json!({ "roles": ["SELLER", "CLERK"] })).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_of_others_are_told_to_who_may_read_roles() {
    let app = TestApp::start().await;
    let (admin, alice, bob) = (app.admin().await, app.buyer("alice").await, app.buyer("bob").await);
    let ask = json!({ "permission": "orders:create", "userId": bob.id });
    assert!(may(&admin, ask.clone()).await);
    alice.post("/api/auth/check-permission", ask).await.assert_problem(403, "forbidden");
    let both = json!({ "permission": "x", "resource": "y", "action": "z" });
    alice.post("/api/auth/check-permission", both).await.assert_problem(422, "validation_failed");
    let unknown = json!({ "permission": "x", "userId": "019aa4c5-0001-7000-8000-000000000001" });
    admin.post("/api/auth/check-permission", unknown).await.assert_problem(404, "not_found");
    let no_id = json!({ "permission": "x", "userId": "nobody" });
    admin.post("/api/auth/check-permission", no_id).await.assert_problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_sees_a_buyer_only_after_a_sale() {
    let app = TestApp::start().await;
    let (kim, lee, alice) = (app.seller("kim").await, app.seller("lee").await, app.buyer("alice").await);
    let path = format!("/auth/user/{}", alice.id);
    let product = kim.sells("5.00", 9).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    kim.get(&path).await.assert_problem(404, "not_found");
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    let seen = kim.get(&path).await.assert_status(200).json();
    assert_eq!(seen, json!({ "id": alice.id, "role": "BUYER", "name": "alice" }));
    lee.get(&path).await.assert_problem(404, "not_found");
    let own = alice.get(&path).await.assert_status(200).json();
    assert_eq!(own, json!({ "id": alice.id, "role": "BUYER", "email": alice.email }));
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_permissions_reach_the_audit_log() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    alice.get("/api/auth/roles").await.assert_problem(403, "forbidden");
    alice.get("/api/v1/audit/events").await.assert_problem(403, "forbidden");
    alice.post("/api/products", json!({ "name": "Tea", "price": 1 })).await.assert_problem(403, "forbidden");
    let path = format!("/api/v1/audit/events?type=jangteo.permission.refused.v1&actor={}", alice.id);
    let mut refused: Vec<String> = app
        .eventually("the refusals are in the audit log", || async {
            let events = admin.get(&path).await.assert_status(200).json();
            let items = events["items"].as_array().unwrap();
            let what = items.iter().map(|event| event["data"]["permission"].as_str().unwrap().to_owned());
            (items.len() == 3).then(|| what.collect())
        })
        .await;
    refused.sort();
    assert_eq!(refused, ["audit:read", "products:write", "roles:read"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_removed_while_somebody_changes_it_is_not_found() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = "/api/auth/roles/FLEETING";
    for _ in 0..20 {
        let role = json!({ "name": "FLEETING", "permissions": ["orders:read"] });
        admin.post("/api/auth/roles", role).await.assert_status(201);
        let change = json!({ "permissions": ["products:write"] });
        let (changed, removed) = tokio::join!(admin.put(path, change), admin.delete(path));
        removed.assert_status(204);
        assert!([200, 404].contains(&changed.status), "{}", changed.status);
    }
}
