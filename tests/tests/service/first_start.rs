//! A start from nothing, and a schema that changes under live connections: every service answers at once.

use std::time::Duration;

use contract::SERVICES;
use serde_json::json;
use tests::{APPROVED_CARD, Actor, TestApp, order_for, pay};

/// An instance that has nothing to do for a second goes away.
const IDLE: Duration = Duration::from_millis(1_500);

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

/// Have products open a connection that has not yet used the full-text table: the one that made the tables has.
async fn reads_only(anyone: &Actor<'_>) {
    anyone.get("/api/products").await.assert_status(200);
    tokio::time::sleep(IDLE).await;
    anyone.get("/api/products").await.assert_status(200);
    // What the instance does after its first answer reads the schema, too.
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// A connection that read before, but has not yet used the full-text table, cannot prepare its first append after
/// another connection changed the schema (SQLite 3.49.1).
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_changes_under_live_connections_fails_no_write() {
    for _ in 0..3 {
        let Some(app) = TestApp::own().await else { return };
        let seller = app.seller("seller").await;
        reads_only(&seller).await;
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

fn database(app: &TestApp) -> rusqlite::Connection {
    rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap()
}

/// What a newer version of products does when it opens the database: it makes the fold anew.
const NEWER: &str = "BEGIN IMMEDIATE; \
    DROP TRIGGER products_created; \
    CREATE TRIGGER products_created_newer AFTER INSERT ON products_events WHEN NEW.type = 'product.created' BEGIN \
      INSERT INTO products_products \
        (id, seller_id, name, description, category, price, currency, on_hand, created_at, updated_at, number) \
      VALUES (NEW.stream, NEW.data ->> 'sellerId', NEW.data ->> 'name', 'folded by the newer version', \
        NEW.data ->> 'category', NEW.data ->> 'price', NEW.data ->> 'currency', NEW.data ->> 'stock', \
        NEW.time, NEW.time, NEW.seq); \
    END; \
    UPDATE products_schema SET fold = 99; COMMIT";

#[tokio::test(flavor = "multi_thread")]
async fn a_version_goes_on_beside_a_newer_one_and_does_not_start_again() {
    let Some(app) = TestApp::own().await else { return };
    let seller = app.seller("seller").await;
    // So its connection fails once to prepare what comes after the change.
    reads_only(&seller).await;
    database(&app).execute_batch(NEWER).unwrap();
    let product = seller.sells("5.00", 3).await;
    let shown = seller.get(&format!("/api/products/{product}")).await.assert_status(200);
    assert_eq!(shown.text("description"), "folded by the newer version");
    for _ in 0..10 {
        tokio::time::sleep(IDLE).await;
        let answer = seller.get("/api/products").await;
        if answer.status != 200 {
            answer.assert_problem(503, "misconfigured");
            // It has changed nothing.
            let made = "SELECT count(*) FROM sqlite_schema WHERE name = 'products_created_newer'";
            assert_eq!(database(&app).query_row(made, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
            return;
        }
    }
    panic!("the instance does not end");
}

/// How the tables of 0.1.0 tell that they were made.
const UNRELEASED: &str = "CREATE TABLE {service}_migrations (number INTEGER PRIMARY KEY); \
    INSERT INTO {service}_migrations SELECT value FROM json_each('[-1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]'); \
    CREATE TABLE {service}_events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL)";

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_0_1_0_is_refused_by_every_service() {
    let Some(app) = TestApp::own().await else { return };
    for service in SERVICES {
        database(&app).execute_batch(&UNRELEASED.replace("{service}", service)).unwrap();
    }
    let refused = app.stranger().get("/api/products").await.assert_problem(503, "misconfigured");
    assert!(refused.text("detail").contains("start with an empty database"), "{}", refused.text("detail"));
    let health = app.stranger().get("/health").await.assert_status(503).json();
    for service in SERVICES {
        let reason = health["services"][service]["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(&format!("{service} are of 0.1.0, which was never released")), "{health}");
    }
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
