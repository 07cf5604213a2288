//! The audit log: who may read it, and that it hears of everything.

use serde_json::json;
use tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_read_the_audit_log_reads_it() {
    let app = TestApp::start().await;
    let (alice, kim) = (app.buyer("alice").await, app.seller("kim").await);
    alice.get("/api/v1/audit/events").await.assert_problem(403, "forbidden");
    kim.get("/api/audit/events").await.assert_problem(403, "forbidden");
    app.stranger().get("/api/v1/audit/events").await.assert_problem(401, "unauthenticated");
    app.admin().await.get("/api/v1/audit/events").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_once_as_a_cloudevent() {
    let app = TestApp::start().await;
    let (admin, kim) = (app.admin().await, app.seller("kim").await);
    let product = kim.sells("5.00", 1).await;
    let path = format!("/api/v1/audit/events?subject={product}");
    let events = app
        .eventually("the product is in the audit log", || async {
            let events = admin.get(&path).await.assert_status(200).json();
            events["items"].as_array().filter(|items| !items.is_empty()).cloned()
        })
        .await;
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "jangteo.product.created.v1");
    assert_eq!(event["source"], "/jangteo/products");
    assert_eq!(event["actor"], json!(kim.id));
    assert_eq!(event["data"]["stock"], 1);
    assert!(event["receivedAt"].is_string());
}

/// The same event in the order's history, in the audit log and in the feed.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_has_one_shape_wherever_it_is_read() {
    let app = TestApp::start().await;
    let (admin, kim, alice) = (app.admin().await, app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 5).await;
    let order = alice.orders(&product, 2).await.assert_status(201).text("id");
    let history = alice.get(&format!("/api/orders/{order}/events")).await.assert_status(200).json();
    let told = &history["items"][0];
    assert_eq!(told["data"]["items"][0]["price"].to_string(), "29.99");
    assert_eq!(told["data"]["total"].to_string(), "59.98");
    let logged = app
        .eventually("the order is in the audit log", || async {
            let path = format!("/api/v1/audit/events?subject={order}&type=jangteo.order.placed.v1");
            admin.get(&path).await.assert_status(200).json()["items"].get(0).cloned()
        })
        .await;
    assert_eq!((&logged["data"], logged["type"].as_str()), (&told["data"], Some("jangteo.order.placed.v1")));
    let feed = admin.get("/api/v1/events?limit=100").await.assert_status(200).json();
    let fed = feed["items"].as_array().unwrap().iter().find(|event| event["id"] == logged["id"]).unwrap();
    assert_eq!(fed["data"], told["data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_does_not_reach_the_audit_log() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let path = format!("/api/v1/audit/events?subject={}", alice.id);
    let events = app
        .eventually("the signup is in the audit log", || async {
            let events = admin.get(&path).await.assert_status(200);
            (!events.json()["items"].as_array().unwrap().is_empty()).then_some(events)
        })
        .await;
    let text = String::from_utf8_lossy(&events.body).into_owned();
    assert!(!text.contains("alice-") && !text.contains("argon2"), "{text}");
}
