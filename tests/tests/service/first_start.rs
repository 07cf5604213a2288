//! A start from nothing, and a schema that changes under live connections: every service answers at once.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tests::{APPROVED_CARD, TestApp, order_for, pay};

/// What the first customers do: one write to each service, within its first second.
async fn buys_at_once(app: &TestApp, who: &str) {
    let (buyer, seller) = (app.buyer(who).await, app.seller(&format!("{who}s-shop")).await);
    let product = seller.post("/api/products", json!({ "name": "Tea", "price": 5, "stock": 3 })).await;
    let product = product.assert_status(201).text("id");
    let order = buyer.post("/api/orders", order_for(&product, 1)).await.assert_status(201).json();
    buyer.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    let path = format!("/api/users/{}", buyer.id);
    buyer.put(&path, json!({ "name": "Somebody" })).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_writes_after_a_start_from_nothing_succeed() {
    for _ in 0..3 {
        let Some(app) = TestApp::own().await else { return };
        // All services migrate at once.
        app.stranger().get("/health").await.assert_status(200);
        buys_at_once(&app, "first").await;
    }
}

/// A connection that read before, but has not yet used the full-text table, cannot prepare its first append after another
/// connection changed the schema (SQLite 3.49.1).
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_changes_under_live_connections_fails_no_write() {
    for _ in 0..3 {
        let Some(app) = TestApp::own().await else { return };
        let seller = app.seller("seller").await;
        seller.get(&format!("/api/products/{}", seller.id)).await.assert_status(404);
        // What the instance does after its first answer reads the schema, too.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let other = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
        other.execute_batch("CREATE TABLE others (a)").unwrap();
        seller
            .post("/api/products", json!({ "name": "Tea", "price": 5, "stock": 3 }))
            .await
            .assert_status(201);
        other.execute_batch("CREATE TABLE more (a)").unwrap();
        buys_at_once(&app, "buyer").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_refused_by_name() {
    let Some(app) = TestApp::own().await else { return };
    let file = app.state_dir().unwrap().join("sqlite_db.db");
    let other = rusqlite::Connection::open(&file).unwrap();
    let newer = "CREATE TABLE products_migrations (number INTEGER PRIMARY KEY); \
                 INSERT INTO products_migrations VALUES (999)";
    other.execute_batch(newer).unwrap();
    let refused = app.stranger().get("/api/products").await.assert_status(503);
    assert_eq!(refused.text("code"), "misconfigured");
    app.stranger().send(Method::GET, "/api/auth/me", &[], None).await.assert_status(401);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_may_read_what_is_stored() {
    use std::os::unix::fs::PermissionsExt;
    let Some(app) = TestApp::own().await else { return };
    app.stranger().get("/health").await.assert_status(200);
    let mut folders = vec![app.state_dir().unwrap().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is open to others: {mode:o}", entry.path().display());
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_the_manifest_does_not_know_is_refused() {
    let mut options = host::Options::new(tests::root().join("spin.toml"));
    let state = tempfile::tempdir().unwrap();
    options.state_dir = state.path().to_owned();
    options.variables = [("order_expiry_second".to_owned(), "5".to_owned())].into();
    let refused = host::App::load(options).await.err().expect("it is refused");
    assert!(format!("{refused:#}").contains("order_expiry_second"), "{refused:#}");
}
