//! However large the log is: verify looks at all checkpoints, and what is too old goes.

use rusqlite::Connection;
use serde_json::{Value, json};
use tests::{Actor, TestApp, rechain};

/// More checkpoints than verify once looked at.
const CHECKPOINTS: i64 = 1_200;
/// More entries than one step of a cut removes.
const OLD: i64 = 24_000;

fn opened(app: &TestApp) -> Connection {
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db
}

async fn record(admin: &Actor<'_>, count: usize) {
    let event = |_| {
        json!({ "specversion": "1.0", "id": uuid::Uuid::now_v7().to_string(), "source": "https://shop.example.com",
            "type": "com.example.sold" })
    };
    let batch: Vec<Value> = (0..count).map(event).collect();
    let kind = vec![("content-type", "application/cloudevents-batch+json".to_owned())];
    let body = Some(json!(batch).to_string().into_bytes());
    admin.raw(reqwest::Method::POST, "/api/v1/audit/events", kind, body).await.assert_status(202);
}

async fn verified(admin: &Actor<'_>) -> Value {
    admin.get("/api/v1/audit/verify").await.assert_status(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_looks_at_every_checkpoint_however_many_there_are() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    record(&admin, 10).await;
    admin.send(reqwest::Method::POST, "/api/v1/audit/checkpoints", &[], None).await.assert_status(201);
    let db = opened(&app);
    let copies = format!(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {CHECKPOINTS}) \
         INSERT INTO audit_checkpoints (seq, hash, time, public_key, signature, cut) \
         SELECT seq, hash, time, public_key, signature, cut FROM audit_checkpoints, n WHERE number = 1"
    );
    db.execute_batch(&copies).unwrap();
    let all = verified(&admin).await;
    assert_eq!((&all["valid"], &all["checkpoints"]), (&json!(true), &json!(CHECKPOINTS + 1)), "{all}");
    // The last one is forged.
    db.execute_batch("DROP TRIGGER audit_checkpoints_freeze").unwrap();
    db.execute_batch(
        "UPDATE audit_checkpoints SET hash = replace(hash, substr(hash, 1, 8), '00000000') \
         WHERE number = (SELECT max(number) FROM audit_checkpoints)",
    )
    .unwrap();
    let all = verified(&admin).await;
    assert_eq!(
        (&all["valid"], &all["firstBroken"]["reason"]),
        (&json!(false), &json!("checkpoint")),
        "{all}"
    );
}

/// Make all there is two days older, and put `count` entries of that age behind it.
fn age(db: &Connection, count: i64) {
    let old = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-2 days')";
    db.execute_batch(&format!(
        "BEGIN IMMEDIATE; DROP TRIGGER audit_log_freeze; \
         UPDATE audit_log SET received_at = {old}; \
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO audit_log (seq, source, id, type, time, received_at, event, hash) \
         SELECT (SELECT seq FROM audit_head) + i, '/x', 'old-' || i, 'x', {old}, {old}, \
           json_object('id', 'old-' || i, 'source', '/x', 'specversion', '1.0', 'time', {old}, 'type', 'x'), '' FROM n"
    ))
    .unwrap();
    rechain(db).unwrap();
    db.execute_batch("COMMIT").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_removes_all_that_is_too_old_not_only_its_first_step() {
    let Some(app) = TestApp::with_variables(&[("audit_retention_days", "1")]).await else { return };
    let admin = app.admin().await;
    record(&admin, 10).await;
    app.settled().await;
    age(&opened(&app), OLD);
    app.eventually("the log is valid, as old as it is", || async {
        (verified(&admin).await["valid"] == true).then_some(())
    })
    .await;
    app.eventually("a sweep says that nothing is left", || async {
        let swept = admin.send(reqwest::Method::POST, "/api/admin/sweep", &[], None).await.json();
        (swept["done"]["audit"]["more"] == false).then_some(())
    })
    .await;
    let old = "SELECT count(*) FROM audit_log WHERE id LIKE 'old-%'";
    let left: i64 = opened(&app).query_row(old, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    let after = verified(&admin).await;
    assert!(after["valid"] == true && after["from"].as_i64().unwrap() > OLD, "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_go_when_their_time_is_over_while_the_service_is_busy() {
    // A day is 86,400 s: entries are kept for a second here.
    let Some(app) = TestApp::with_variables(&[("audit_retention_days", "0.0000116")]).await else { return };
    let admin = app.admin().await;
    for _ in 0..3 {
        record(&admin, 3).await;
        let head: i64 = opened(&app).query_row("SELECT seq FROM audit_head", [], |row| row.get(0)).unwrap();
        app.eventually("what was there is gone", || async {
            // The instance is never idle, so no new one starts.
            (verified(&admin).await["from"].as_i64().unwrap() > head).then_some(())
        })
        .await;
    }
}
