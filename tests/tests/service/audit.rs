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
