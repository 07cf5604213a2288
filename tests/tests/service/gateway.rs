//! The front door: index, health, API description, and unknown routes.

use tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn health_asks_every_service() {
    let app = TestApp::start().await;
    // The first request of a fresh deployment: all services make their tables at once.
    let health = app.stranger().get("/health").await.assert_status(200).json();
    assert_eq!(health["status"], "UP");
    for service in contract::SERVICES {
        assert_eq!(health["services"][service]["status"], "UP", "{health}");
        let one = app.stranger().get(&format!("/health/{service}")).await.assert_status(200).json();
        assert_eq!(one["status"], "UP");
    }
    app.stranger().get("/health/nothing").await.assert_problem(404, "not_found");
    app.stranger().get("/").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_alive_may_not_be_ready() {
    let app = TestApp::start().await;
    assert_eq!(app.stranger().get("/health/live").await.assert_status(200).json()["status"], "UP");
    let ready = app.stranger().get("/health/ready").await.assert_status(200).json();
    assert!(["UP", "DEGRADED"].contains(&ready["status"].as_str().unwrap()), "{ready}");
    let unfit = [("sqlite_synchronous", "sometimes")];
    let Some(app) = TestApp::with_variables(&unfit).await else { return };
    app.stranger().get("/health/live").await.assert_status(200);
    let ready = app.stranger().get("/health/ready").await.assert_status(503).json();
    let all = ready.to_string();
    assert!(all.contains("sqlite_synchronous"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_routes_are_not_public() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for path in ["/internal/orders/health", "/internal/products/reservations", "/internal/audit/events"] {
        admin.get(path).await.assert_problem(404, "not_found");
        app.stranger().get(path).await.assert_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_kept_or_made() {
    let app = TestApp::start().await;
    let stranger = app.stranger();
    let get = reqwest::Method::GET;
    let own = stranger.send(get, "/api/products", &[("x-request-id", "abc-123")], None).await;
    assert_eq!(own.header("x-request-id"), Some("abc-123"));
    let made = stranger.get("/api/products").await;
    assert_eq!(made.header("x-request-id").unwrap().len(), 36);
}
