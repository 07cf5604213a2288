//! The host is killed between each two steps of paying and refunding. After a restart the sum that the provider took
//! is the sum in our books, each order is paid at most once, and no card data is left anywhere.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, HostProcess, TestApp, assert_no_card_data, order_for, pay, remember};

/// The sandbox's card that is held first, and captured in a second step.
const HELD: &str = "4000000000000259";
/// Where requests stall, in the order in which they are sent (each gets past the points that stalled others), and what
/// becomes of their payments.
const PAYING: [(&str, &str, &str); 5] = [
    ("paying.started", APPROVED_CARD, "FAILED"),
    ("paying.charged", APPROVED_CARD, "CAPTURED"),
    ("paying.recorded", APPROVED_CARD, "CAPTURED"),
    ("paying.told", APPROVED_CARD, "CAPTURED"),
    ("paying.authorized", HELD, "CAPTURED"),
];
const REFUNDING: [&str; 4] =
    ["refunding.requested", "refunding.provided", "refunding.recorded", "refunding.told"];
/// How long a request may take to get to where it stalls.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_each_two_steps_nothing_is_charged_twice_and_nothing_lost() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let points: Vec<_> = PAYING.iter().map(|(point, _, _)| *point).chain(REFUNDING).collect();
    let (email, seller, orders) = life_with_faults(state.path(), &points.join(",")).await;

    let host = HostProcess::start(state.path());
    let app = host.app();
    let (alice, kim) = (app.log_in(&email).await, app.log_in(&seller).await);
    let mut payments = Vec::new();
    let paying = PAYING.iter().map(|(point, _, status)| (*point, *status, "0.00"));
    let refunding = REFUNDING.iter().map(|point| (*point, "PARTIALLY_REFUNDED", "2.50"));
    for (order, (point, status, refunded)) in orders.iter().zip(paying.chain(refunding)) {
        let settled = settled(&app, &alice, order).await;
        let [payment] = settled.as_slice() else { panic!("{point}: {settled:?}") };
        assert_eq!(payment["status"], status, "{point}");
        assert_eq!(payment["refunded"].to_string(), refunded, "{point}");
        payments.extend(settled);
    }
    books_agree(state.path());
    // What could not be paid is paid now; nothing is paid again.
    for order in &orders {
        let order = alice.get(&format!("/api/orders/{order}")).await.assert_status(200).json();
        let paid = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
        match order["status"].as_str() {
            Some("ORDERED") => drop(paid.assert_status(201)),
            _ => drop(paid.assert_problem(409, "already_paid")),
        }
    }
    for payment in payments.iter().filter(|payment| payment["status"] == "CAPTURED") {
        let path = format!("/api/payments/{}/refunds", payment["id"].as_str().unwrap());
        kim.post(&path, json!({ "reason": "x" })).await.assert_status(201);
    }
    books_agree(state.path());
    faults_are_in_the_audit_log(&app, points.len()).await;
    host.kill();
    assert_no_card_data(state.path(), &[APPROVED_CARD, HELD], "123");
    remember(&state.path().join("sqlite_db.db")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_an_order_that_was_cancelled_meanwhile_goes_back_after_the_kill() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let point = "paying.charged";
    let (email, order) = {
        let host = HostProcess::with_variables(state.path(), &[("fault_points", point)]);
        let app = host.app();
        let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
        let product = kim.sells("5.00", 1).await;
        let order = alice.orders(&product, 1).await.assert_status(201).json();
        let paying = stalls(&alice, "/api/payments", pay(&order, APPROVED_CARD), state.path(), point).await;
        let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
        alice.delete(&path).await.assert_status(200);
        let email = alice.email.clone().unwrap();
        host.kill();
        assert!(paying.await.unwrap().is_err());
        (email, order)
    };
    let host = HostProcess::start(state.path());
    let app = host.app();
    let alice = app.log_in(&email).await;
    let payments = app
        .eventually("the money goes back", || async {
            let payments = settled(&app, &alice, order["id"].as_str().unwrap()).await;
            (payments.iter().all(|payment| payment["status"] == "REFUNDED")).then_some(payments)
        })
        .await;
    assert_eq!((payments.len(), payments[0]["refunded"].to_string()), (1, "5.00".to_owned()));
    let db = Connection::open(state.path().join("sqlite_db.db")).unwrap();
    let given_back = "SELECT sum(minor_units) FROM provider_sandbox_givebacks";
    assert_eq!(db.query_row(given_back, [], |row| row.get::<_, i64>(0)).unwrap(), 500);
}

/// Send requests until one stalls at each of `points`, then kill the host. Alice's e-mail, Kim's, and all orders.
async fn life_with_faults(state: &Path, points: &str) -> (String, String, Vec<String>) {
    let host = HostProcess::with_variables(state, &[("fault_points", points)]);
    let app = host.app();
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 1_000).await;
    let order = async || alice.post("/api/orders", order_for(&product, 1)).await.assert_status(201).json();
    let mut orders = Vec::new();
    let mut running = Vec::new();
    for (point, card, _) in PAYING {
        let order = order().await;
        running.push(stalls(&alice, "/api/payments", pay(&order, card), state, point).await);
        orders.push(order["id"].as_str().unwrap().to_owned());
    }
    for point in REFUNDING {
        let order = order().await;
        let paid =
            alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
        let path = format!("/api/payments/{paid}/refunds");
        running.push(stalls(&kim, &path, json!({ "amount": 2.5, "reason": "x" }), state, point).await);
        orders.push(order["id"].as_str().unwrap().to_owned());
    }
    let emails = (alice.email.clone().unwrap(), kim.email.clone().unwrap());
    host.kill();
    for request in running {
        _ = request.await;
    }
    (emails.0, emails.1, orders)
}

/// Send a request and wait until it stalls at `point`.
async fn stalls(
    who: &Actor<'_>,
    path: &str,
    body: Value,
    state: &Path,
    point: &str,
) -> tokio::task::JoinHandle<reqwest::Result<reqwest::Response>> {
    let request = who.request(path, &body);
    let running = tokio::spawn(request.send());
    let (log, line) = (state.join("logs/payments_stderr.txt"), format!("fault point {point}: stalled"));
    let start = std::time::Instant::now();
    while !std::fs::read_to_string(&log).is_ok_and(|text| text.contains(&line)) {
        assert!(start.elapsed() < PATIENCE, "nothing stalls at {point}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running
}

/// The order's payments, once none of them nor of their refunds is open any more.
async fn settled(app: &TestApp, alice: &Actor<'_>, order: &str) -> Vec<Value> {
    app.eventually("payments and refunds are settled", || async {
        let list = alice.get("/api/payments?limit=100").await.assert_status(200).json();
        let items = list["items"].as_array()?.clone();
        let mut ours = Vec::new();
        for payment in items.into_iter().filter(|payment| payment["orderId"] == *order) {
            let path = format!("/api/payments/{}", payment["id"].as_str()?);
            // Refunds first: to be asked for them may settle one, which the payment then shows.
            let refunds = alice.get(&format!("{path}/refunds")).await.assert_status(200).json();
            let payment = alice.get(&path).await.assert_status(200).json();
            let open = refunds["items"].as_array()?.iter().any(|refund| refund["status"] == "PENDING");
            if open || payment["status"] == "PENDING" || payment["status"] == "AUTHORIZED" {
                return None;
            }
            ours.push(payment);
        }
        Some(ours)
    })
    .await
}

/// The sandbox's own ledger and our books say the same, per payment and in all; no order is paid twice.
fn books_agree(state: &Path) {
    let db = Connection::open(state.join("sqlite_db.db")).unwrap();
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let theirs = "SELECT \
        coalesce((SELECT sum(minor_units) FROM provider_sandbox_payments WHERE state = 'captured'), 0) \
        - coalesce((SELECT sum(minor_units) FROM provider_sandbox_givebacks), 0)";
    let ours = "SELECT coalesce(sum(amount - refunded), 0) FROM payments_payments \
        WHERE state IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')";
    assert!(one(ours) > 0);
    assert_eq!(one(theirs), one(ours));
    let differing = "SELECT count(*) FROM payments_payments AS p LEFT JOIN provider_sandbox_payments AS s \
        ON s.payment_id = p.id WHERE (p.state IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')) \
        IS NOT (coalesce(s.state, '') = 'captured')";
    assert_eq!(one(differing), 0);
    let twice = "SELECT count(*) FROM (SELECT order_id FROM provider_sandbox_payments WHERE state = 'captured' \
        GROUP BY order_id HAVING count(*) > 1)";
    assert_eq!(one(twice), 0);
    let unpaid = "SELECT count(*) FROM payments_payments AS p JOIN orders_orders AS o ON o.id = p.order_id \
        WHERE p.state = 'CAPTURED' AND o.status <> 'PAID'";
    assert_eq!(one(unpaid), 0);
}

async fn faults_are_in_the_audit_log(app: &TestApp, expected: usize) {
    let admin = app.admin().await;
    app.eventually("every fault that was injected is in the audit log", || async {
        let path = "/api/v1/audit/events?type=jangteo.fault.injected.v1&limit=100";
        let events = admin.get(path).await.assert_status(200).json();
        let faults =
            events["items"].as_array()?.iter().filter(|e| e["type"] == "jangteo.fault.injected.v1").count();
        (faults == expected).then_some(())
    })
    .await;
}
