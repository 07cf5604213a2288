//! The host is killed at any moment and started again: what was acknowledged is still there.

use std::time::Duration;

use tests::{APPROVED_CARD, HostProcess, TestApp, pay};

/// Lives of the host, each ended by SIGKILL at another moment of the story.
const LIVES: u64 = 8;

/// What buyers were told.
#[derive(Default)]
struct Told {
    orders: Vec<String>,
    paid: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_sigkill_and_the_relay_finishes_what_was_left() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for life in 0..LIVES {
        let host = HostProcess::start(state.path());
        let app = host.app();
        let name = format!("alice{life}");
        let alice = app.buyer(&name).await;
        let kim = app.seller(&format!("kim{life}")).await;
        let product = kim.sells("5.00", 1_000).await;
        let told = std::sync::Mutex::new(Told::default());
        let story = async {
            loop {
                let Ok(order) = alice.try_post("/api/orders", tests::order_for(&product, 1)).await else {
                    break;
                };
                let order = order.assert_status(201).json();
                told.lock().unwrap().orders.push(order["id"].as_str().unwrap().to_owned());
                let Ok(paid) = alice.try_post("/api/payments", pay(&order, APPROVED_CARD)).await else {
                    break;
                };
                paid.assert_status(201);
                told.lock().unwrap().paid.push(order["id"].as_str().unwrap().to_owned());
            }
        };
        let death = async {
            tokio::time::sleep(Duration::from_millis(40 + 53 * life)).await;
            host.kill();
        };
        tokio::join!(story, death);
        all.push((alice.email.clone().unwrap(), told.into_inner().unwrap()));
    }
    let host = HostProcess::start(state.path());
    let app = host.app();
    app.stranger().get("/health").await.assert_status(200);
    assert!(all.iter().map(|(_, told)| told.paid.len()).sum::<usize>() > 0, "nothing was ever bought");
    for (email, told) in &all {
        let alice = app.log_in(email).await;
        for order in &told.orders {
            let read = alice.get(&format!("/api/orders/{order}")).await.assert_status(200).json();
            let expected = if told.paid.contains(order) { "PAID" } else { read["status"].as_str().unwrap() };
            assert_eq!(read["status"], expected);
        }
    }
    audit_is_complete(&app, state.path()).await;
}

/// Every event of every service's log is in the audit log, once.
async fn audit_is_complete(app: &TestApp, state: &std::path::Path) {
    let database = state.join("sqlite_db.db");
    app.eventually("the audit log has every event", || async {
        app.stranger().get("/health").await;
        let db = rusqlite::Connection::open(&database).unwrap();
        let mut missing = 0;
        for service in ["auth", "users", "products", "orders", "payments"] {
            let sql = format!(
                "SELECT count(*) FROM {service}_events AS e WHERE 1 <> (SELECT count(*) FROM audit_log AS a \
                 WHERE a.source = '/jangteo/{service}' AND a.id = e.id)"
            );
            missing += db.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap();
        }
        (missing == 0).then_some(())
    })
    .await;
}
