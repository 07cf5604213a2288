//! Payments: taken once, refused with a reason, and never with a card number in sight.

use serde_json::json;
use tests::{APPROVED_CARD, Actor, TestApp, card, pay};

/// A seller's product, and Alice's order of two of it.
async fn ordered(app: &TestApp) -> (Actor<'_>, serde_json::Value) {
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 10).await;
    let order = alice.orders(&product, 2).await.assert_status(201).json();
    (alice, order)
}

fn path(order: &serde_json::Value) -> String {
    format!("/api/orders/{}", order["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_is_paid_before_the_answer() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let paid = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    let payment = paid.json();
    assert_eq!((&payment["status"], &payment["card"]["last4"]), (&json!("CAPTURED"), &json!("1111")));
    assert_eq!(payment["card"]["brand"], "visa");
    assert_eq!(payment["amount"].to_string(), "59.98");
    let order = alice.get(&path(&order)).await.assert_status(200).json();
    assert_eq!((&order["status"], &order["paymentId"]), (&json!("PAID"), &payment["id"]));
    let read = alice.get(paid.header("location").unwrap()).await.assert_status(200).json();
    assert_eq!(read, payment);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_amount_is_refused() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    for amount in [json!(59.97), json!(59.99), json!(59.981), json!(0), json!(5998)] {
        let mut body = pay(&order, APPROVED_CARD);
        body["amount"] = amount;
        alice.post("/api/payments", body).await.assert_problem(409, "amount_mismatch");
    }
    assert_eq!(alice.get(&path(&order)).await.json()["status"], "ORDERED");
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_order_cannot_be_paid_nor_the_payment_seen() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let eve = app.buyer("eve").await;
    eve.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_problem(404, "not_found");
    let paid = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    eve.get(paid.header("location").unwrap()).await.assert_problem(404, "not_found");
    assert_eq!(eve.get("/api/payments").await.assert_status(200).json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_cannot_be_paid() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    alice.delete(&path(&order)).await.assert_status(200);
    let refused = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
    refused.assert_problem(409, "invalid_transition");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_once_however_often_it_is_tried_at_once() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let all = (0..12).map(|_| alice.post("/api/payments", pay(&order, APPROVED_CARD)));
    let statuses: Vec<_> = futures::future::join_all(all).await.iter().map(|a| a.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    let again = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
    again.assert_problem(409, "already_paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_charges_once() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let first = alice.post_keyed("/api/payments", "k", pay(&order, APPROVED_CARD)).await.assert_status(201);
    let again = alice.post_keyed("/api/payments", "k", pay(&order, APPROVED_CARD)).await.assert_status(201);
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decline_says_why_and_another_card_may_be_tried() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let declined = alice.post("/api/payments", pay(&order, "4000000000009995")).await;
    let problem = declined.assert_problem(402, "card_declined").json();
    assert_eq!(problem["declineCode"], "insufficient_funds");
    let payment = problem["paymentId"].as_str().unwrap();
    let payment = alice.get(&format!("/api/payments/{payment}")).await.assert_status(200).json();
    assert_eq!(payment["status"], "DECLINED");
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn impossible_cards_are_refused_without_repeating_them() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let past = json!({ "number": APPROVED_CARD, "expiry": "12/25", "cvv": "123" });
    let broken = [
        card("4111111111111112"),
        card("not a number"),
        past,
        json!({ "number": APPROVED_CARD, "expiry": "13/49", "cvv": "123" }),
        json!({ "number": APPROVED_CARD, "expiry": "12/49", "cvv": "98765" }),
        json!({ "number": 4111111111111111_i64, "expiry": "12/49", "cvv": "123" }),
        json!({ "number": [APPROVED_CARD], "expiry": "12/49", "cvv": 987 }),
        json!(APPROVED_CARD),
    ];
    for details in broken {
        let mut body = pay(&order, APPROVED_CARD);
        body["cardDetails"] = details.clone();
        let answer = alice.post("/api/payments", body).await.assert_problem(422, "validation_failed");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        for secret in ["41111", "98765", "987"] {
            let shown = text.replace(&answer.json()["requestId"].to_string(), "");
            assert!(!shown.contains(secret), "{details} is echoed: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_does_what_its_table_says() {
    let Some(app) = TestApp::own().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 100).await;
    for (number, answer, status) in [
        ("5555555555554444", 201, "CAPTURED"),
        ("4000000000000259", 201, "CAPTURED"),
        ("4000000000009995", 402, "insufficient_funds"),
        ("4000000000000069", 402, "expired_card"),
        ("4000000000009979", 402, "stolen_card"),
        ("4100000000000019", 402, "fraud_suspected"),
        ("4000000000000119", 402, "processing_error"),
        ("4012888888881881", 402, "do_not_honor"),
        ("4000002500003155", 202, "PENDING"),
        ("4000000000000200", 202, "PENDING"),
        ("4000000000000218", 202, "PENDING"),
        ("4000000000000242", 202, "CONFLICT"),
    ] {
        let order = alice.orders(&product, 1).await.assert_status(201).json();
        let paid = alice.post("/api/payments", pay(&order, number)).await.assert_status(answer).json();
        let told = if answer == 402 { &paid["declineCode"] } else { &paid["status"] };
        assert_eq!(told, status, "{number}");
        if answer == 202 {
            let again = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
            match number {
                // It was not confirmed: another card takes its place.
                "4000002500003155" => drop(again.assert_status(201)),
                _ => drop(again.assert_problem(409, "already_paid")),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_takes_the_place_of_one_that_was_not_confirmed() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let confirm = "4000002500003155";
    let first = alice.post("/api/payments", pay(&order, confirm)).await.assert_status(202).text("id");
    let second = alice.post("/api/payments", pay(&order, confirm)).await.assert_status(202).text("id");
    let third = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    for (id, status) in [(first, "CANCELLED"), (second, "CANCELLED"), (third, "CAPTURED")] {
        let payment = alice.get(&format!("/api/payments/{id}")).await.assert_status(200).json();
        assert_eq!(payment["status"], status);
    }
    assert_eq!(alice.get(&path(&order)).await.json()["status"], "PAID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_whose_answer_was_lost_is_found_when_the_payment_is_read() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let id = alice.post("/api/payments", pay(&order, "4000000000000218")).await.assert_status(202).text("id");
    app.eventually("the charge is found", || async {
        let payment = alice.get(&format!("/api/payments/{id}")).await.assert_status(200).json();
        (payment["status"] == "CAPTURED").then_some(())
    })
    .await;
    assert_eq!(alice.get(&path(&order)).await.json()["status"], "PAID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_waits_for_its_payer_is_given_up_with_its_order() {
    let app = TestApp::start().await;
    let (alice, order) = ordered(&app).await;
    let waiting =
        alice.post("/api/payments", pay(&order, "4000002500003155")).await.assert_status(202).json();
    assert!(waiting["actionUrl"].as_str().unwrap().starts_with("/api/payments/sandbox/3ds/"));
    alice.delete(&path(&order)).await.assert_status(200);
    let payment = format!("/api/payments/{}", waiting["id"].as_str().unwrap());
    app.eventually("the payment is given up", || async {
        (alice.get(&payment).await.assert_status(200).json()["status"] == "CANCELLED").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciliation_settles_what_was_cut_off_without_anyone_reading_it() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let (alice, order) = ordered(&app).await;
    alice.post("/api/payments", pay(&order, "4000000000000218")).await.assert_status(202);
    let gateway = app.service("gateway").await;
    // Reading the order does not look at the payment.
    app.eventually("the payment is due, and settled", || async {
        gateway.post("/internal/payments/reconcile", json!({})).await.assert_status(200);
        (alice.get(&path(&order)).await.json()["status"] == "PAID").then_some(())
    })
    .await;
    alice.post("/internal/payments/reconcile", json!({})).await.assert_problem(401, "unauthenticated");
}
