//! The audit log proves itself: whatever is done to the database file, verify and the offline verifier find it.

use audit_verify::checkpoint;
use chain::Checkpoint;
use rusqlite::Connection;
use serde_json::{Value, json};
use tests::{Actor, TestApp, rechain};

/// How many entries a story's log has at least.
const ENTRIES: usize = 30;

/// A log with entries, and nothing more to come.
async fn filled(app: &TestApp) -> Actor<'_> {
    let admin = app.admin().await;
    let batch: Vec<Value> = (0..ENTRIES).map(event).collect();
    record(&admin, json!(batch)).await;
    app.settled().await;
    admin
}

fn event(number: usize) -> Value {
    json!({ "specversion": "1.0", "id": number.to_string(), "source": "https://shop.example.com",
        "type": "com.example.sold", "subject": format!("thing-{number}"), "data": { "price": 1.1 } })
}

async fn record(admin: &Actor<'_>, batch: Value) {
    let kind = vec![("content-type", "application/cloudevents-batch+json".to_owned())];
    let body = Some(batch.to_string().into_bytes());
    admin.raw(reqwest::Method::POST, "/api/v1/audit/events", kind, body).await.assert_status(202);
}

async fn verified(admin: &Actor<'_>) -> Value {
    admin.get("/api/v1/audit/verify").await.assert_status(200).json()
}

async fn exported(admin: &Actor<'_>) -> Vec<u8> {
    let export = admin.get("/api/v1/audit/export").await.assert_status(200);
    assert_eq!(export.header("content-type"), Some("application/x-ndjson"));
    export.body
}

async fn checkpointed(admin: &Actor<'_>) -> Checkpoint {
    let made = admin.send(reqwest::Method::POST, "/api/v1/audit/checkpoints", &[], None).await;
    checkpoint(std::str::from_utf8(&made.assert_status(201).body).unwrap()).unwrap()
}

/// The database file, as someone who may write to it sees it.
fn opened(app: &TestApp) -> Connection {
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    for trigger in ["audit_log_keep", "audit_log_freeze", "audit_log_chain", "audit_log_head"] {
        db.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    db
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_log_is_valid_here_and_elsewhere() {
    let Some(app) = TestApp::own().await else { return };
    let admin = filled(&app).await;
    let kept = checkpointed(&admin).await;
    record(&admin, json!([event(1), event(1000)])).await;
    let verified = verified(&admin).await;
    assert_eq!(verified["valid"], true, "{verified}");
    assert!(verified["checked"].as_i64().unwrap() > ENTRIES as i64 && verified["from"] == 1, "{verified}");
    let export = exported(&admin).await;
    let proof = audit_verify::verify(export.as_slice(), Some(&kept)).unwrap();
    assert!(proof.kept_is_inside && proof.entries > kept.sequence);
    // The checkpoint is an event of its own, and so is in the log it speaks of.
    app.eventually("the checkpoint is in the log", || async {
        let found = admin.get("/api/v1/audit/events?type=jangteo.checkpoint.signed.v1").await.json();
        (found["items"][0]["data"]["hash"] == json!(kept.hash)).then_some(())
    })
    .await;
    let part = admin.get("/api/v1/audit/export?from=5&to=9").await.assert_status(200).body;
    assert_eq!(audit_verify::verify(part.as_slice(), None).unwrap().entries, 5);
    let part = admin.get("/api/v1/audit/verify?from=5&to=9").await.json();
    assert_eq!((&part["valid"], &part["checked"]), (&json!(true), &json!(5)));
    admin.get("/api/v1/audit/verify?from=x").await.assert_problem(422, "validation_failed");
}

/// What is done to the file, the entry that verify must name (0: any), and what it says of it.
const DEEDS: [(&str, &str, i64, &str); 10] = [
    (
        "edit an event",
        "UPDATE audit_log SET event = replace(event, '}', ',\"x\":1}') WHERE seq = 9",
        9,
        "altered",
    ),
    (
        "edit a time",
        "UPDATE audit_log SET received_at = '2020-01-01T00:00:00.000Z' WHERE seq = 9",
        9,
        "altered",
    ),
    ("edit a hash", "UPDATE audit_log SET hash = substr(hash, 2) || '0' WHERE seq = 9", 9, "altered"),
    (COLUMN, "UPDATE audit_log SET actor = 'someone else' WHERE seq = 9", 9, "altered"),
    ("delete the first", "DELETE FROM audit_log WHERE seq = 1", 1, "missing"),
    ("delete one", "DELETE FROM audit_log WHERE seq = 9", 9, "missing"),
    ("delete the last", "DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)", 0, "missing"),
    (
        "insert one before all",
        "INSERT INTO audit_log SELECT 0, source, id || 'x', type, subject, actor, time, received_at, event, hash \
         FROM audit_log WHERE seq = 9",
        0,
        "inserted",
    ),
    (
        "insert one after all",
        "INSERT INTO audit_log SELECT (SELECT max(seq) + 1 FROM audit_log), source, id || 'x', type, subject, actor, \
         time, received_at, event, hash FROM audit_log WHERE seq = 9",
        0,
        "inserted",
    ),
    (
        "swap two",
        "UPDATE audit_log SET seq = -1 WHERE seq = 9; UPDATE audit_log SET seq = 9 WHERE seq = 10; \
         UPDATE audit_log SET seq = 10 WHERE seq = -1",
        9,
        "altered",
    ),
];
/// Columns are what is searched; an export has the events themselves, and so is not touched by this.
const COLUMN: &str = "edit a column";

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_tampering_is_found_by_verify_and_by_the_offline_verifier() {
    let Some(app) = TestApp::own().await else { return };
    let admin = filled(&app).await;
    let db = opened(&app);
    db.execute_batch("CREATE TABLE saved AS SELECT * FROM audit_log").unwrap();
    for (deed, sql, place, reason) in DEEDS {
        assert_eq!(verified(&admin).await["valid"], true, "before: {deed}");
        db.execute_batch(sql).unwrap();
        let verified = verified(&admin).await;
        assert_eq!(verified["valid"], false, "{deed}: {verified}");
        let broken = &verified["firstBroken"];
        assert_eq!(broken["reason"], reason, "{deed}: {verified}");
        assert!(place == 0 || broken["sequence"] == place, "{deed}: {verified}");
        let offline = offline(&admin).await;
        assert_eq!(offline.is_some(), deed != COLUMN, "{deed}: {offline:?}");
        db.execute_batch("DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM saved").unwrap();
    }
}

/// What the offline verifier finds wrong with the export, which may break off.
async fn offline(admin: &Actor<'_>) -> Option<String> {
    match admin.try_get("/api/v1/audit/export").await {
        Ok(export) => {
            audit_verify::verify(export.body.as_slice(), None).err().map(|error| format!("{error:#}"))
        }
        Err(error) => Some(error.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_chained_anew_does_not_fit_a_kept_checkpoint() {
    let Some(app) = TestApp::own().await else { return };
    let admin = filled(&app).await;
    let kept = checkpointed(&admin).await;
    app.settled().await;
    let db = opened(&app);
    db.execute_batch("DROP TRIGGER audit_checkpoints_keep; DELETE FROM audit_checkpoints").unwrap();
    db.execute_batch(
        "UPDATE audit_log SET event = replace(event, 'price\":1.1', 'price\":9.9') WHERE seq > 9",
    )
    .unwrap();
    // Whoever may write to everything can chain it anew, so that it is valid again …
    rechain(&db).unwrap();
    assert_eq!(verified(&admin).await["valid"], true);
    let export = exported(&admin).await;
    assert!(audit_verify::verify(export.as_slice(), None).is_ok());
    // … but not so that it fits what was kept elsewhere.
    let error = audit_verify::verify(export.as_slice(), Some(&kept)).unwrap_err();
    assert!(format!("{error:#}").contains("kept checkpoint"), "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_in_the_database_tells_that_the_log_was_chained_anew() {
    let Some(app) = TestApp::own().await else { return };
    let admin = filled(&app).await;
    checkpointed(&admin).await;
    app.settled().await;
    let db = opened(&app);
    db.execute_batch("UPDATE audit_log SET event = replace(event, 'price\":1.1', 'price\":9.9')").unwrap();
    rechain(&db).unwrap();
    assert_eq!(verified(&admin).await["firstBroken"]["reason"], "checkpoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes_behind_a_checkpoint_and_the_rest_is_still_provable() {
    // A day is 86,400 s: entries are kept for a second here.
    let Some(app) = TestApp::with_variables(&[("audit_retention_days", "0.0000116")]).await else { return };
    let admin = filled(&app).await;
    app.eventually("the first entries are removed", || async {
        app.stranger().get("/health").await;
        let verified = verified(&admin).await;
        assert_eq!(verified["valid"], true, "{verified}");
        (verified["from"].as_i64().unwrap() > ENTRIES as i64).then_some(())
    })
    .await;
    record(&admin, json!([event(2000)])).await;
    let export = exported(&admin).await;
    let first = String::from_utf8_lossy(export.split(|byte| *byte == b'\n').next().unwrap()).into_owned();
    assert!(first.starts_with("{\"checkpoint\""), "{first}");
    let proof = audit_verify::verify(export.as_slice(), None).unwrap();
    assert!(proof.entries > 0 && proof.end.sequence > ENTRIES as i64, "{proof:?}");
    let checkpoints = admin.get("/api/v1/audit/checkpoints").await.assert_status(200).json();
    assert_eq!(checkpoints["items"][0]["cut"], true);
}
