//! Webhooks that anybody may have sent: they cost little, leave nothing behind, and lose nothing.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, FakeStripe, Peer, Response, Said, TestApp, pay};

/// A Toss with one Payment object, which is the test's.
struct Toss {
    peer: Peer,
    payment: Arc<Mutex<Value>>,
    fails: Arc<Mutex<bool>>,
}

impl Toss {
    async fn start() -> Self {
        let payment = Arc::new(Mutex::new(Value::Null));
        let own = payment.clone();
        let fails = Arc::new(Mutex::new(false));
        let down = fails.clone();
        let peer = Peer::start(move |asked| {
            let mut payment = own.lock().unwrap();
            if *down.lock().unwrap() {
                return Said::Answer(500, String::new());
            }
            if asked.line.ends_with("key-in") {
                let body: Value = serde_json::from_str(&asked.body).unwrap();
                *payment = json!({ "paymentKey": "tk", "orderId": body["orderId"], "status": "DONE",
                    "totalAmount": body["amount"], "currency": "KRW", "cancels": null });
            }
            Said::Answer(200, payment.to_string())
        })
        .await;
        Self { peer, payment, fails }
    }

    async fn shop(&self) -> Option<TestApp> {
        let url = self.peer.url.as_str();
        TestApp::with_variables(&[("payment_providers", "toss"), ("toss_url", url), ("toss_secret_key", "k")])
            .await
    }

    /// Give `amounts` back in the dashboard; `status` is what the payment is then.
    fn cancel(&self, amounts: &[i64], status: &str) {
        let cancel = |(n, amount): (usize, &i64)| {
            json!({ "cancelAmount": amount, "cancelReason": "고객 변심", "transactionKey": format!("tx_{n}"),
                "cancelStatus": "DONE" })
        };
        let mut payment = self.payment.lock().unwrap();
        payment["cancels"] = amounts.iter().enumerate().map(cancel).collect();
        payment["status"] = json!(status);
    }
}

/// Alice pays 30,000 won for something of Kim's: order and payment.
async fn paid(kim: &Actor<'_>, alice: &Actor<'_>) -> (String, String) {
    let body = json!({ "name": "Tea", "category": "tea", "price": 30000, "currency": "KRW", "stock": 1 });
    let product = kim.post("/api/products", body).await.assert_status(201).text("id");
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    (format!("/api/orders/{}", order["id"].as_str().unwrap()), payment)
}

/// Post a webhook as Toss does, which is as anybody does.
async fn hint(app: &TestApp, payment: &str, id: &str) -> Response {
    let body = json!({ "eventType": "PAYMENT_STATUS_CHANGED", "data": { "orderId": payment, "status": "CANCELED" } });
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("tosspayments-webhook-transmission-id", id.to_owned()),
    ];
    let path = "/api/payments/webhooks/toss";
    app.stranger().raw(Method::POST, path, headers, Some(body.to_string().into_bytes())).await
}

fn count(app: &TestApp, sql: &str) -> i64 {
    let db = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_hints_of_anybody_ask_the_provider_once_and_leave_no_entry() {
    let toss = Toss::start().await;
    let Some(app) = toss.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (_, payment) = paid(&kim, &alice).await;
    let (asked, logged) = (toss.peer.asked().len(), count(&app, "SELECT count(*) FROM payments_events"));
    let start = std::time::Instant::now();
    let hints = (0..100).map(|n| {
        let (app, payment) = (&app, &payment);
        async move { hint(app, payment, &format!("t{n}")).await.assert_status(204) }
    });
    futures::future::join_all(hints).await;
    let most = 1 + usize::try_from(start.elapsed().as_secs() / 5).unwrap();
    assert!(toss.peer.asked().len() - asked <= most, "{} times", toss.peer.asked().len() - asked);
    assert_eq!(count(&app, "SELECT count(*) FROM payments_events"), logged);
    assert_eq!(count(&app, "SELECT count(*) FROM payments_hints"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_asked_once_per_payment_and_while_too() {
    let toss = Toss::start().await;
    let Some(app) = toss.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (_, payment) = paid(&kim, &alice).await;
    let asked = toss.peer.asked().len();
    *toss.fails.lock().unwrap() = true;
    let start = std::time::Instant::now();
    let told: Vec<_> = (0..20).map(|n| hint(&app, &payment, if n % 2 == 0 { "t1" } else { "t2" })).collect();
    let told = futures::future::join_all(told).await;
    let most = 1 + usize::try_from(start.elapsed().as_secs() / 5).unwrap();
    assert!(toss.peer.asked().len() - asked <= most, "{} times", toss.peer.asked().len() - asked);
    // Who was told that nothing is known yet sends it again.
    assert!(told.iter().all(|told| [204, 503].contains(&told.status)));
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_of_toss_are_booked_also_those_that_are_told_too_soon() {
    let toss = Toss::start().await;
    let Some(app) = toss.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (order, payment) = paid(&kim, &alice).await;
    let path = format!("/api/payments/{payment}");
    toss.cancel(&[10000], "PARTIAL_CANCELED");
    hint(&app, &payment, "t1").await.assert_status(204);
    let read = alice.get(&path).await.json();
    assert_eq!((&read["status"], &read["refunded"]), (&json!("PARTIALLY_REFUNDED"), &json!(10000)));
    // At once after that: the provider is left alone for now, and asked when somebody looks later.
    toss.cancel(&[10000, 20000], "CANCELED");
    hint(&app, &payment, "t2").await.assert_status(204);
    app.eventually("the second cancel is booked", || async {
        (alice.get(&path).await.json()["status"] == "REFUNDED").then_some(())
    })
    .await;
    assert_eq!(alice.get(&order).await.text("status"), "REFUNDED");
    kim.post(&format!("{order}/ship"), json!({})).await.assert_problem(409, "invalid_transition");
    assert_eq!(count(&app, "SELECT count(*) FROM payments_events WHERE type = 'payment.refunded'"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_too_soon_is_asked_by_the_sweep() {
    let toss = Toss::start().await;
    let url = toss.peer.url.as_str();
    let variables = [("payment_providers", "toss"), ("toss_url", url), ("toss_secret_key", "k")];
    let Some(app) = TestApp::with_internal_routes(&variables).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (order, payment) = paid(&kim, &alice).await;
    hint(&app, &payment, "t1").await.assert_status(204);
    toss.cancel(&[30000], "CANCELED");
    hint(&app, &payment, "t2").await.assert_status(204);
    let gateway = app.service("gateway").await;
    app.eventually("the sweep has booked it", || async {
        gateway.post("/internal/payments/reconcile", json!({})).await.assert_status(200);
        (alice.get(&order).await.text("status") == "REFUNDED").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_what_is_not_ours_or_not_signed_write_nothing_and_ask_nobody() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 1).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    let (asked, logged) = (stripe.peer.asked().len(), count(&app, "SELECT count(*) FROM payments_events"));
    let object = |payment: &str| json!({ "id": "ch_1", "metadata": { "payment_id": payment } });
    let forged = json!({ "id": "evt_1", "type": "charge.refunded", "data": { "object": object(&payment) } });
    for _ in 0..20 {
        let told = app.stranger().post("/api/payments/webhooks/stripe", forged.clone()).await;
        told.assert_problem(401, "unauthenticated");
        let other = object("01990000-0000-7000-8000-000000000000");
        stripe.tells(&app, "evt_2", "charge.refunded", other).await.assert_status(204);
    }
    assert_eq!(stripe.peer.asked().len(), asked);
    assert_eq!(count(&app, "SELECT count(*) FROM payments_events"), logged);
    assert_eq!(count(&app, "SELECT count(*) FROM payments_hints"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_larger_than_any_is_not_read() {
    let Some(app) = TestApp::own().await else { return };
    let body = json!({ "eventType": "x".repeat(200 * 1024) });
    let told = app.stranger().post("/api/payments/webhooks/toss", body).await;
    told.assert_problem(413, "payload_too_large");
}
