//! The access log: who asked what, without what is nobody's business.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{APPROVED_CARD, TestApp, order_for, pay};

/// The lines of the access log with this request id, of all services.
fn lines(app: &TestApp, request_id: &str) -> Vec<Value> {
    let logs = std::fs::read_dir(app.state_dir().unwrap().join("logs")).unwrap();
    let texts = logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap());
    let texts: Vec<_> = texts.collect();
    let all = texts.iter().flat_map(|text| text.lines());
    let parsed = all.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    parsed.filter(|line| line["requestId"] == request_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_is_found_in_all_services_by_its_id() {
    let Some(app) = TestApp::with_variables(&[("log_level", "info")]).await else { return };
    let product = app.seller("kim").await.sells("5.00", 3).await;
    let alice = app.buyer("alice").await;
    let order = alice.post("/api/orders", order_for(&product, 1)).await.assert_status(201).json();
    let paid = alice.post("/api/payments?secret=query", pay(&order, APPROVED_CARD)).await.assert_status(201);
    let id = paid.header("x-request-id").unwrap().to_owned();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let found = lines(&app, &id);
    let of =
        |route: &str| found.iter().find(|line| line["route"] == route).unwrap_or_else(|| panic!("{found:?}"));
    let asked = of("/api/payments");
    assert_eq!((&asked["principal"], &asked["status"]), (&json!(alice.id), &json!(201)));
    assert_eq!((&asked["method"], &asked["level"]), (&json!("POST"), &json!("info")));
    assert!(asked["ms"].as_f64().unwrap() > 0.0);
    let inner = of("/internal/orders/orders/{id}");
    assert_eq!(inner["principal"], "service:payments");
    let all = format!("{found:?}");
    for secret in ["4242", "query", alice.token.as_deref().unwrap(), order["id"].as_str().unwrap()] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_of_what_went_well_by_default_and_nothing_at_all_when_it_is_off() {
    let Some(app) = TestApp::own().await else { return };
    let answer = app.stranger().get("/api/products").await.assert_status(200);
    let id = answer.header("x-request-id").unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(lines(&app, id), Vec::<Value>::new());
    for (level, written) in [("error", 1), ("off", 0)] {
        let unfit = [("sqlite_synchronous", "sometimes"), ("log_level", level)];
        let Some(app) = TestApp::with_variables(&unfit).await else { return };
        let answer = app.stranger().get("/api/products").await.assert_status(503);
        let id = answer.header("x-request-id").unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(lines(&app, id).len(), written, "{level}");
    }
}
