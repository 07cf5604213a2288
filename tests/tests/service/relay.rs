//! The relay: a poison event does not block those after it, and its lag is there to be seen.

use rusqlite::Connection;
use serde_json::{Value, json};
use tests::TestApp;

/// Longer than any attribute that the audit log takes.
const TOO_LONG: usize = 2000;

/// The id of an event that nobody can take.
const POISON: &str = "019aa4c5-0007-7000-8000-000000000007";

/// An event as a faulty producer would log it.
fn poison(db: &Connection) -> i64 {
    let sql = format!(
        "INSERT INTO products_events (id, stream, version, type, data, actor, time) \
        VALUES ('{POISON}', ?1, 1, 'test.poisoned', '{{}}', 'service:products', '2026-11-21T05:06:07.089Z') \
        RETURNING seq"
    );
    db.query_row(&sql, ["x".repeat(TOO_LONG)], |row| row.get(0)).unwrap()
}

/// What the producer's owner does about it.
fn heal(db: &Connection, sequence: i64) {
    db.execute_batch("DROP TRIGGER products_events_freeze").unwrap();
    db.execute("UPDATE products_events SET stream = 'healed' WHERE seq = ?1", [sequence]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_is_parked_and_those_after_it_get_through() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, kim) = (app.admin().await, app.seller("kim").await);
    kim.sells("5.00", 1).await;
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let sequence = poison(&db);
    let after = kim.sells("6.00", 1).await;
    let parked = app
        .eventually("the poison event is parked", || async {
            app.stranger().get("/health").await;
            admin.post("/api/v1/events/relay", json!({})).await.assert_status(200);
            let parked = admin.get("/api/v1/events/parked").await.assert_status(200).json();
            parked["items"].get(0).cloned()
        })
        .await;
    assert_eq!((&parked["source"], &parked["target"]), (&json!("products"), &json!("audit")));
    assert_eq!(parked["sequence"], json!(sequence));
    assert!(parked["reason"].as_str().unwrap().contains("400"), "{parked}");
    app.eventually("the event after it is in the audit log", || async {
        let found = admin.get(&format!("/api/v1/audit/events?subject={after}")).await.json();
        found["items"].get(0).cloned()
    })
    .await;
    let metrics = app.stranger().get("/metrics").await.assert_status(200);
    let metrics = String::from_utf8(metrics.body).unwrap();
    let line = "jangteo_relay_parked_events{service=\"products\",target=\"audit\"} 1\n";
    assert!(metrics.contains(line), "{metrics}");

    let wanted: Value = json!({ "source": "products", "target": "audit", "sequence": sequence });
    admin.post("/api/v1/events/parked/redrive", wanted.clone()).await.assert_problem(409, "conflict");
    heal(&db, sequence);
    for replayed in [None, Some("true")] {
        let answer = admin.post_keyed("/api/v1/events/parked/redrive", "k", wanted.clone()).await;
        let answer = answer.assert_status(200);
        assert_eq!(
            (answer.header("idempotent-replayed"), answer.text("status").as_str()),
            (replayed, "DELIVERED")
        );
    }
    admin.get(&format!("/api/v1/audit/events/{POISON}")).await.assert_status(200);
    admin.post("/api/v1/events/parked/redrive", wanted).await.assert_problem(404, "not_found");
    assert_eq!(admin.get("/api/v1/events/parked").await.json()["items"], json!([]));
    for deed in ["parked", "redriven"] {
        app.eventually("parking and redriving are in the audit log", || async {
            let path = format!("/api/v1/audit/events?type=jangteo.delivery.{deed}.v1");
            admin.get(&path).await.json()["items"].get(0).cloned()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_loses_nothing_and_slows_nobody() {
    // Nobody listens on port 1.
    let Some(app) = TestApp::with_variables(&[("redis_url", "redis://127.0.0.1:1")]).await else { return };
    let (admin, kim) = (app.admin().await, app.seller("kim").await);
    let product = kim.sells("5.00", 1).await;
    app.eventually("the event is in the audit log all the same", || async {
        let found = admin.get(&format!("/api/v1/audit/events?subject={product}")).await.json();
        found["items"].get(0).cloned()
    })
    .await;
    let lags = app.lags(&admin).await.unwrap();
    assert!(
        lags.iter().any(|lag| lag["target"] == "redis" && lag["pending"].as_i64() >= Some(1)),
        "{lags:?}"
    );
}

/// How many events are parked at once: more than a page holds, and than were ever listed.
const PARKED: i64 = 130;

/// Events that `service` has parked for the audit log, though nothing is wrong with them.
fn park(db: &Connection, service: &str, count: i64) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
         INSERT INTO {service}_events (id, stream, version, type, data, actor, time) SELECT '{service}-parked-' || i, \
           'delivery:audit:' || i, 1, 'delivery.parked', json_object('target', 'audit', 'sequence', i, \
           'eventId', '{POISON}', 'eventType', 'x', 'reason', 'refused with 400'), \
           'service:{service}', '2026-11-21T05:06:07.089Z' FROM n"
    );
    db.execute(&sql, [count]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_events_are_parked_each_is_listed_once_and_can_be_redriven() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, kim) = (app.admin().await, app.seller("kim").await);
    for _ in 0..4 {
        kim.sells("5.00", 1).await;
    }
    app.stranger().get("/health").await.assert_status(200);
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    park(&db, "products", PARKED);
    park(&db, "payments", 7);
    let (mut path, mut found) = ("/api/v1/events/parked?limit=50".to_owned(), Vec::new());
    loop {
        let page = admin.get(&path).await.assert_status(200).json();
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/api/v1/events/parked?limit=50&cursor={cursor}");
    }
    let place = |event: &Value| (event["source"].to_string(), event["sequence"].as_i64().unwrap());
    let places: std::collections::BTreeSet<_> = found.iter().map(place).collect();
    assert_eq!((found.len() as i64, places.len() as i64), (PARKED + 7, PARKED + 7));
    admin.get("/api/v1/events/parked?cursor=eA").await.assert_problem(422, "validation_failed");
    let metrics = app.stranger().get("/metrics").await.assert_status(200);
    let line = format!("jangteo_relay_parked_events{{service=\"products\",target=\"audit\"}} {PARKED}\n");
    assert!(String::from_utf8_lossy(&metrics.body).contains(&line));
    // The last of them, which the first hundred do not show.
    let wanted = json!({ "source": "products", "target": "audit", "sequence": PARKED });
    admin.post("/api/v1/events/parked/redrive", wanted.clone()).await.assert_status(200);
    admin.post("/api/v1/events/parked/redrive", wanted).await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_goes_past_events_that_its_target_does_not_want() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    admin.get("/api/orders").await.assert_status(200);
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let unwanted = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100) \
        INSERT INTO orders_events (id, stream, version, type, data, actor, time) \
        SELECT 'unwanted-' || i, 'unwanted', i, 'test.unwanted', '{}', \
          'service:orders', '2026-11-21T05:06:07.089Z' FROM n";
    db.execute(unwanted, []).unwrap();
    admin.post("/api/v1/events/relay", json!({})).await.assert_status(200);
    app.eventually("products and payments have nothing left to look at", || async {
        let sql =
            "SELECT count(*) FROM orders_cursors WHERE target IN ('products', 'payments') AND seq >= 1100";
        let passed: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
        (passed == 2).then_some(())
    })
    .await;
    app.settled().await;
}
