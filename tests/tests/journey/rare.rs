//! What seldom happens: an order runs out of time, a hash is too weak, a provider does not answer or errs. Each is an
//! event, and in the audit log.

use rusqlite::Connection;
use serde_json::json;
use tests::{Actor, TestApp, pay};

/// The password of every test account, hashed with half of the memory and one pass.
const WEAK_HASH: &str =
    "$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$Q6tQl1aVqhJPsoQ+Zk2H8h6VCzlV1O1F5H1r9iYFN+g";
/// The sandbox decides later.
const PENDING_CARD: &str = "4000000000000200";
/// The sandbox takes more than it was asked for.
const TOO_MUCH_CARD: &str = "4000000000000242";

/// Change what a read table says of the row with this id.
fn turn(app: &TestApp, assignment: &str, table: &str, id: &str) {
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let changed = db.execute(&format!("UPDATE {table} SET {assignment} WHERE id = ?1"), [id]).unwrap();
    assert_eq!(changed, 1);
}

async fn recorded(app: &TestApp, admin: &Actor<'_>, kind: &str) {
    let path = format!("/api/v1/audit/events?type=jangteo.{kind}.v1");
    app.eventually(kind, || async { admin.get(&path).await.json()["items"].get(0).cloned() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_seldom_happens_is_in_the_audit_log() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, kim, alice) = (app.admin().await, app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 10).await;

    let late = alice.orders(&product, 1).await.assert_status(201).text("id");
    turn(&app, "expires_at = '2020-01-01T00:00:00.000Z'", "orders_orders", &late);
    let late = alice.get(&format!("/api/orders/{late}")).await.assert_status(200).json();
    assert_eq!(late["status"], "EXPIRED");
    recorded(&app, &admin, "order.expired").await;

    for (card, kind) in [(PENDING_CARD, "payment.deferred"), (TOO_MUCH_CARD, "payment.conflicted")] {
        let order = alice.orders(&product, 1).await.assert_status(201).json();
        let asked = alice.post("/api/payments", pay(&order, card)).await;
        assert!(asked.status != 201, "{kind}: {}", json!(asked.json()));
        recorded(&app, &admin, kind).await;
    }

    turn(&app, &format!("password_hash = '{WEAK_HASH}'"), "auth_accounts", &alice.id);
    app.log_in(alice.email.as_ref().unwrap()).await;
    recorded(&app, &admin, "password.rehashed").await;
}
