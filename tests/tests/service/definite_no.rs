//! What a provider refuses: final, told at once, and nobody else's trouble.

use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, FakeStripe, Peer, Response, Said, TestApp, pay};

/// Alice pays `price` of `currency` for something of Kim's.
async fn pays(kim: &Actor<'_>, alice: &Actor<'_>, currency: &str) -> Response {
    let body = json!({ "name": "Tea", "category": "tea", "price": 30000, "currency": currency, "stock": 1 });
    let product = kim.post("/api/products", body).await.assert_status(201).text("id");
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await
}

/// State and failures of the first provider's breaker.
async fn breaker(app: &TestApp) -> (Value, Value) {
    let health = app.stranger().get("/health/payments").await.assert_status(200).json();
    (health["providers"][0]["breaker"].clone(), health["providers"][0]["failures"].clone())
}

fn invalid(code: &str) -> Value {
    json!({ "error": { "type": "invalid_request_error", "code": code, "message": "No." } })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_buyer_is_refused_closes_payments_for_nobody() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, eve, bob) = (app.seller("kim").await, app.buyer("eve").await, app.buyer("bob").await);
    stripe.books().refuses = Some((400, invalid("amount_too_small")));
    for _ in 0..8 {
        let no = pays(&kim, &eve, "USD").await.assert_problem(402, "card_declined").json();
        assert_eq!((&no["declineCode"], &no["retryable"]), (&json!("processing_error"), &json!(false)));
        assert_eq!(no["providerCode"], "amount_too_small");
        let payment = eve.get(&format!("/api/payments/{}", no["paymentId"].as_str().unwrap())).await.json();
        let failure =
            json!({ "code": "processing_error", "retryable": false, "providerCode": "amount_too_small" });
        assert_eq!((&payment["status"], &payment["failure"]), (&json!("DECLINED"), &failure));
    }
    stripe.books().refuses = None;
    pays(&kim, &bob, "USD").await.assert_status(201);
    assert_eq!(breaker(&app).await, (json!("closed"), json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_definite_no_of_stripe_is_final_and_no_other_answer_is() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for status in [400, 402, 404, 405, 410, 412, 413, 422, 451] {
        stripe.books().refuses = Some((status, invalid("parameter_invalid")));
        pays(&kim, &alice, "USD").await.assert_problem(402, "card_declined");
    }
    assert_eq!(breaker(&app).await, (json!("closed"), json!(0)));
    for status in [408, 409, 429, 500, 503] {
        stripe.books().refuses = Some((status, json!({})));
        assert_eq!(pays(&kim, &alice, "USD").await.assert_status(202).text("status"), "PENDING");
    }
    assert_eq!(breaker(&app).await, (json!("closed"), json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_the_shops_trouble_and_not_the_buyers() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for status in [401, 403] {
        stripe.books().refuses = Some((status, json!({ "error": { "type": "invalid_request_error" } })));
        for _ in 0..4 {
            let product = kim.sells("29.99", 1).await;
            let order = alice.orders(&product, 1).await.assert_status(201).json();
            let no = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
            let id = no.assert_problem(503, "misconfigured").text("paymentId");
            let payment = alice.get(&format!("/api/payments/{id}")).await.json();
            assert_eq!(payment["status"], "FAILED");
            assert_eq!(payment["failure"]["code"], "provider_misconfigured");
            let refuses = stripe.books().refuses.take();
            alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
            stripe.books().refuses = refuses;
        }
    }
    assert_eq!(breaker(&app).await, (json!("closed"), json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_refused_fails_at_once_and_counts_for_nobody() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let payment = pays(&kim, &alice, "USD").await.assert_status(201).text("id");
    stripe.books().refuses = Some((400, invalid("charge_disputed")));
    let path = format!("/api/payments/{payment}/refunds");
    let refused = kim.post(&path, json!({ "amount": 1, "reason": "x" })).await;
    refused.assert_problem(409, "refund_declined");
    assert_eq!(breaker(&app).await, (json!("closed"), json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_definite_no_of_toss_is_final_and_counts_for_nobody() {
    let said = std::sync::Arc::new(std::sync::Mutex::new((400, "INVALID_REQUEST")));
    let own = said.clone();
    let toss = Peer::start(move |_| {
        let (status, code) = *own.lock().unwrap();
        Said::Answer(status, json!({ "code": code, "message": "No." }).to_string())
    })
    .await;
    let variables = [("payment_providers", "toss"), ("toss_url", &*toss.url), ("toss_secret_key", "k")];
    let Some(app) = TestApp::with_variables(&variables).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for no in
        [(400, "INVALID_REQUEST"), (403, "REJECT_CARD_COMPANY"), (404, "NOT_FOUND"), (422, "X"), (400, "")]
    {
        *said.lock().unwrap() = no;
        for _ in 0..2 {
            let refused = pays(&kim, &alice, "KRW").await.assert_problem(402, "card_declined").json();
            let named = refused["providerCode"].as_str().unwrap_or_default();
            assert_eq!((named, refused["declineCode"].as_str()), (no.1, Some("do_not_honor")));
        }
    }
    *said.lock().unwrap() = (401, "UNAUTHORIZED_KEY");
    pays(&kim, &alice, "KRW").await.assert_problem(503, "misconfigured");
    assert_eq!(breaker(&app).await, (json!("closed"), json!(0)));
}
