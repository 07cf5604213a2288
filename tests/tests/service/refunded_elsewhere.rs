//! Refunds that were made at the provider: booked once, told to the order, never mixed up with our own.

use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, FakeStripe, TestApp, path_of, pay};

/// Alice pays 59.98 for something of Kim's: order and payment.
async fn paid(kim: &Actor<'_>, alice: &Actor<'_>) -> (String, String) {
    let product = kim.sells("29.99", 2).await;
    let order = alice.orders(&product, 2).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    (format!("/api/orders/{}", order["id"].as_str().unwrap()), payment)
}

async fn read(alice: &Actor<'_>, payment: &str) -> (String, String) {
    let payment = alice.get(&format!("/api/payments/{payment}")).await.assert_status(200).json();
    (payment["status"].as_str().unwrap().to_owned(), payment["refunded"].to_string())
}

fn both(status: &str, refunded: &str) -> (String, String) {
    (status.to_owned(), refunded.to_owned())
}

/// The charge as Stripe tells it in `charge.refunded`.
fn charge(payment: &str) -> Value {
    json!({ "id": "ch_1", "object": "charge", "metadata": { "payment_id": payment } })
}

/// Who is said to have given money back, by the log.
fn actors(app: &TestApp, payment: &str) -> Vec<(String, i64)> {
    let db = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    let sql = "SELECT actor, data ->> 'amount' FROM payments_events \
               WHERE stream = ?1 AND type = 'payment.refunded' ORDER BY seq";
    let mut rows = db.prepare(sql).unwrap();
    rows.query_map([payment], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_of_the_dashboard_are_booked_once_and_stop_the_shipment() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (order, payment) = paid(&kim, &alice).await;
    stripe.dashboard_refund(&payment, 998);
    for id in ["evt_1", "evt_1", "evt_2"] {
        stripe.tells(&app, id, "charge.refunded", charge(&payment)).await.assert_status(204);
    }
    assert_eq!(read(&alice, &payment).await, both("PARTIALLY_REFUNDED", "9.98"));
    assert_eq!(alice.get(&order).await.text("status"), "PAID");
    // The refund itself names neither us nor our payment, only Stripe's.
    stripe.dashboard_refund(&payment, 1000);
    let last = stripe.dashboard_refund(&payment, 4000);
    for id in ["evt_3", "evt_4"] {
        stripe.tells(&app, id, "refund.updated", last.clone()).await.assert_status(204);
    }
    assert_eq!(read(&alice, &payment).await, both("REFUNDED", "59.98"));
    assert_eq!(alice.get(&order).await.text("status"), "REFUNDED");
    kim.post(&format!("{order}/ship"), json!({})).await.assert_problem(409, "invalid_transition");
    let dashboard = |amount| ("provider:stripe".to_owned(), amount);
    let mut booked = actors(&app, &payment);
    booked.sort_by_key(|(_, amount)| *amount);
    assert_eq!(booked, [dashboard(998), dashboard(1000), dashboard(4000)]);
    let list = alice.get(&format!("/api/payments/{payment}/refunds")).await.json();
    let statuses: Vec<_> = list["items"].as_array().unwrap().iter().map(|r| r["status"].clone()).collect();
    assert_eq!(statuses, ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
    // What is left can still be too much only.
    let path = format!("/api/payments/{payment}/refunds");
    kim.post(&path, json!({ "reason": "x" })).await.assert_problem(409, "invalid_transition");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_to_ship_of_an_order_that_was_refunded_in_full_stays() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, lee, alice) = (app.seller("kim").await, app.seller("lee").await, app.buyer("alice").await);
    let (tea, cup) = (kim.sells("5.00", 9).await, lee.sells("7.00", 9).await);
    let bought = alice.buys(&[&tea, &cup]).await;
    let order = path_of(&bought);
    let payment = alice.get(&order).await.text("paymentId");
    kim.post(&format!("{order}/ship"), json!({})).await.assert_status(200);
    for (event, amount) in [("evt_1", 1199), ("evt_2", 1)] {
        let offered = lee.get(&order).await.json()["allowedActions"].clone();
        assert_eq!(offered, json!(["ship"]), "before {event}");
        stripe.dashboard_refund(&payment, amount);
        stripe.tells(&app, event, "charge.refunded", charge(&payment)).await.assert_status(204);
    }
    assert_eq!(read(&alice, &payment).await, both("REFUNDED", "12.00"));
    let refused =
        lee.post(&format!("{order}/ship"), json!({})).await.assert_problem(409, "invalid_transition");
    assert_eq!(refused.json()["from"], "REFUNDED");
    assert_eq!(lee.get(&order).await.json()["allowedActions"], json!([]));
    // What is on its way arrives.
    kim.post(&format!("{order}/deliver"), json!({})).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_refunds_are_not_booked_twice_however_webhooks_race_with_them() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (_, payment) = paid(&kim, &alice).await;
    stripe.dashboard_refund(&payment, 500);
    let path = format!("/api/payments/{payment}/refunds");
    let ours = (0..4).map(|_| async {
        let refund = json!({ "amount": 10, "reason": "x" });
        assert_eq!(kim.post(&path, refund).await.assert_status(201).text("status"), "SUCCEEDED");
    });
    let webhooks = (0..12).map(|n| {
        let (stripe, app, payment) = (&stripe, &app, &payment);
        async move {
            let id = format!("evt_{n}");
            let told = stripe.tells(app, &id, "charge.refunded", charge(payment)).await;
            assert!([204, 503].contains(&told.status), "{}", told.status);
        }
    });
    futures::future::join(futures::future::join_all(ours), futures::future::join_all(webhooks)).await;
    stripe.tells(&app, "evt_last", "charge.refunded", charge(&payment)).await.assert_status(204);
    assert_eq!(read(&alice, &payment).await, both("PARTIALLY_REFUNDED", "45.00"));
    let mut amounts: Vec<_> = actors(&app, &payment).into_iter().map(|(_, amount)| amount).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [500, 1000, 1000, 1000, 1000]);
    assert_eq!(stripe.books().refunds.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_of_a_payment_whose_answer_was_lost_is_booked_after_its_capture() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 1).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    stripe.books().refuses = Some((500, json!({})));
    let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(202).text("id");
    {
        // It was booked after all, and given back by hand.
        let mut books = stripe.books();
        books.refuses = None;
        books.intents.push(json!({
            "id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 2999, "amount_received": 2999,
            "currency": "usd", "created": 4_000_000_000u32, "metadata": { "payment_id": payment },
        }));
    }
    stripe.dashboard_refund(&payment, 2999);
    stripe.tells(&app, "evt_1", "charge.refunded", charge(&payment)).await.assert_status(204);
    assert_eq!(read(&alice, &payment).await, both("REFUNDED", "29.99"));
    let order = format!("/api/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(alice.get(&order).await.text("status"), "REFUNDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_the_provider_refuses_shows_what_it_gave_back_before() {
    let Some(app) = TestApp::own().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (order, payment) = paid(&kim, &alice).await;
    // By hand, in the sandbox's own table: it sends no webhook.
    let db = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let sql = "INSERT INTO provider_sandbox_givebacks VALUES ('dashboard-1', ?1, 5998, 'USD')";
    db.execute(sql, [&payment]).unwrap();
    let refused = kim.post(&format!("/api/payments/{payment}/refunds"), json!({ "reason": "x" })).await;
    refused.assert_problem(409, "refund_declined");
    assert_eq!(read(&alice, &payment).await, both("REFUNDED", "59.98"));
    assert_eq!(alice.get(&order).await.text("status"), "REFUNDED");
    assert_eq!(actors(&app, &payment), [("provider:sandbox".to_owned(), 5998)]);
}
