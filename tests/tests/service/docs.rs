//! The files of `/docs`, and how they are sent.

use reqwest::Method;
use tests::{Response, TestApp, root};

async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Response {
    app.stranger().send(Method::GET, path, headers, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_compressed_for_who_takes_that() {
    let app = TestApp::start().await;
    let path = "/docs/swagger-ui.css";
    let packed = get(&app, path, &[("accept-encoding", "br, gzip")]).await.assert_status(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let kept = root().join("components/docs/assets/swagger-ui/swagger-ui.css.gz");
    assert_eq!(packed.body, std::fs::read(kept).unwrap());
    let plain = get(&app, path, &[]).await.assert_status(200);
    assert_eq!(plain.header("content-encoding"), None);
    assert!(plain.body.len() > packed.body.len());
    for answer in [&packed, &plain] {
        assert_eq!(answer.header("content-type"), Some("text/css; charset=utf-8"));
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
    }
    assert_ne!(packed.header("etag"), plain.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_file_is_not_sent_it_again() {
    let app = TestApp::start().await;
    for path in ["/docs", "/docs/", "/docs/start.js", "/docs/swagger-ui-bundle.js"] {
        let first = get(&app, path, &[]).await.assert_status(200);
        let tag = first.header("etag").unwrap();
        let again = get(&app, path, &[("if-none-match", tag)]).await.assert_status(304);
        assert_eq!((again.header("etag"), again.body.len()), (Some(tag), 0));
        let head = app.stranger().send(Method::HEAD, path, &[], None).await.assert_status(200);
        assert_eq!((head.header("etag"), head.body.len()), (Some(tag), 0));
        assert_eq!(head.header("cache-control"), Some("public, no-cache"));
    }
    get(&app, "/docs/swagger-ui.js", &[]).await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_may_load_and_call_this_host_only() {
    let app = TestApp::start().await;
    for path in ["/docs", "/docs/", "/docs/start.js"] {
        let answer = get(&app, path, &[]).await.assert_status(200);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; connect-src 'self'; script-src 'self'; "),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}
