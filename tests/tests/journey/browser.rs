//! A shop's page on another origin, in a real browser.

use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};
use tests::{TestApp, root, typescript};

/// What a page at `127.0.0.1:port` sees that logs in and orders.
async fn seen(app: &TestApp, port: u16) -> Value {
    let product = app.seller("kim").await.sells("5.00", 3).await;
    let alice = app.buyer("alice").await;
    let mut node = Command::new("node");
    node.arg(root().join("tests/typescript/cors.cjs"))
        .env("NODE_PATH", typescript().join("node_modules"))
        .env("API", app.base())
        .env("EMAIL", alice.email.as_deref().unwrap())
        .env("PASSWORD", "password123")
        .env("PRODUCT", product)
        .env("PORT", port.to_string());
    let output = tokio::task::block_in_place(|| node.output()).expect("node");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_logs_in_orders_and_reads() {
    let port = free_port();
    let origin = format!("http://127.0.0.1:{port}");
    let Some(app) = TestApp::with_variables(&[("cors_origins", &origin)]).await else { return };
    let expected = json!({ "placed": 201, "tag": "\"1\"", "status": "ORDERED", "lost": "not_found" });
    assert_eq!(seen(&app, port).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_sees_nothing() {
    let Some(app) = TestApp::own().await else { return };
    let seen = seen(&app, free_port()).await;
    assert!(seen["refused"].as_str().is_some_and(|why| why.contains("Failed to fetch")), "{seen}");
}
