//! Pages of other origins: what a browser is told, and what the access log says of a request.

use reqwest::Method;
use tests::{Response, TestApp};

const SHOP: &str = "https://shop.example";
const SETTING: [(&str, &str); 1] = [("cors_origins", "https://shop.example, http://127.0.0.1:5173")];

async fn ask(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    app.stranger().send(method, path, headers, None).await
}

fn allowed(answer: &Response) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_origin_may_ask_and_read_problems_too() {
    let Some(app) = TestApp::with_variables(&SETTING).await else { return };
    let preflight = [("origin", SHOP), ("access-control-request-method", "POST")];
    for path in ["/api/orders", "/api/auth/login", "/api/payments", "/api/v1/audit/events", "/health"] {
        let told = ask(&app, Method::OPTIONS, path, &preflight).await.assert_status(204);
        assert_eq!(allowed(&told), Some(SHOP), "{path}");
        let headers = told.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("Authorization") && headers.contains("Idempotency-Key"), "{headers}");
    }
    let shown = ask(&app, Method::GET, "/api/products", &[("origin", SHOP)]).await.assert_status(200);
    let refused = ask(&app, Method::GET, "/api/orders", &[("origin", SHOP)]).await;
    let refused = refused.assert_problem(401, "unauthenticated");
    for answer in [&shown, &refused] {
        assert_eq!((allowed(answer), answer.header("vary")), (Some(SHOP), Some("Origin")));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in ["ETag", "Location", "Retry-After", "RateLimit", "X-Request-Id", "Idempotent-Replayed"] {
            assert!(exposed.split(", ").any(|exposed| exposed == name), "{name}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_origins_are_told_nothing() {
    let Some(app) = TestApp::with_variables(&SETTING).await else { return };
    for origin in
        ["https://evil.example", "https://shop.example.evil.example", "https://shop.example:1", "null", ""]
    {
        let preflight = [("origin", origin), ("access-control-request-method", "GET")];
        let told = ask(&app, Method::OPTIONS, "/api/products", &preflight).await;
        assert_eq!(allowed(&told.assert_problem(405, "method_not_allowed")), None, "{origin}");
        let shown = ask(&app, Method::GET, "/api/products", &[("origin", origin)]).await;
        assert_eq!(allowed(&shown.assert_status(200)), None, "{origin}");
    }
    let app = TestApp::start().await;
    let shown = ask(&app, Method::GET, "/api/products", &[("origin", SHOP)]).await.assert_status(200);
    assert_eq!(allowed(&shown), None, "none is allowed by default");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_safe_to_show_and_says_how_long_it_took() {
    let app = TestApp::start().await;
    for (path, status) in
        [("/api/products", 200), ("/api/orders", 401), ("/nothing", 404), ("/health/live", 200)]
    {
        let answer = app.stranger().get(path).await.assert_status(status);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        let timing = answer.header("server-timing").unwrap().strip_prefix("app;dur=").unwrap();
        assert!(timing.parse::<f64>().is_ok(), "{timing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_headers_than_anyone_needs_are_refused() {
    let app = TestApp::start().await;
    let long = "x".repeat(8 * 1024);
    let names: Vec<_> = (0..5).map(|number| format!("x-long-{number}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (name.as_str(), long.as_str())).collect();
    let answer = ask(&app, Method::GET, "/api/products", &headers).await;
    answer.assert_problem(431, "headers_too_large");
    ask(&app, Method::GET, "/api/products", &headers[..2]).await.assert_status(200);
}
