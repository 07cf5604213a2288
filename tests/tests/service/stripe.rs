//! Payments by way of `provider-stripe`, against localstripe, which answers as Stripe does.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Actor, LocalStripe, Response, STRIPE_SECRET, TestApp, pay, seconds_now, stripe_webhook};

const KEY: &str = "sk_test_12345";
/// Stripe's test cards: good, declined when it is charged, and one that wants the payer to confirm.
const GOOD: &str = "4242424242424242";
const DECLINED: &str = "4000000000000341";
const CONFIRM: &str = "4000002500003155";

async fn shop(stripe: &LocalStripe) -> Option<TestApp> {
    TestApp::with_variables(&[
        ("payment_providers", "stripe,sandbox"),
        ("stripe_url", &stripe.url),
        ("stripe_secret_key", KEY),
        ("stripe_webhook_secret", STRIPE_SECRET),
    ])
    .await
}

/// Alice pays 59.98 with `card`.
async fn pays(kim: &Actor<'_>, alice: &Actor<'_>, card: &str) -> Response {
    let product = kim.sells("29.99", 2).await;
    let order = alice.orders(&product, 2).await.assert_status(201).json();
    alice.post("/api/payments", pay(&order, card)).await
}

/// What Stripe has, asked with the shop's key.
async fn at_stripe(stripe: &LocalStripe, path: &str) -> Value {
    let answer = reqwest::Client::new().get(format!("{}{path}", stripe.url)).bearer_auth(KEY).send().await;
    answer.unwrap().json().await.unwrap()
}

fn succeeded(event: &str, payment: &str) -> Value {
    json!({
        "id": event,
        "type": "payment_intent.succeeded",
        "data": { "object": { "object": "payment_intent", "metadata": { "payment_id": payment } } },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn stripe_takes_a_payment_and_gives_it_back() {
    let stripe = LocalStripe::start();
    let Some(app) = shop(&stripe).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let payment = pays(&kim, &alice, GOOD).await.assert_status(201).json();
    assert_eq!((&payment["status"], &payment["provider"]), (&json!("CAPTURED"), &json!("stripe")));
    let intents = at_stripe(&stripe, "/v1/payment_intents").await;
    let intent = &intents["data"][0];
    assert_eq!((&intent["amount"], &intent["currency"]), (&json!(5998), &json!("usd")));
    assert_eq!(intent["metadata"], json!({ "payment_id": payment["id"], "order_id": payment["orderId"] }));
    let path = format!("/api/payments/{}/refunds", payment["id"].as_str().unwrap());
    let refund = json!({ "amount": 9.98, "reason": "One cup was broken" });
    kim.post_keyed(&path, "k", refund.clone()).await.assert_status(201);
    kim.post_keyed(&path, "k", refund).await.assert_status(201);
    kim.post(&path, json!({ "reason": "All came back" })).await.assert_status(201);
    let refunds = at_stripe(&stripe, "/v1/refunds").await;
    let mut amounts: Vec<_> =
        refunds["data"].as_array().unwrap().iter().map(|r| r["amount"].as_i64().unwrap()).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [998, 5000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stripes_decline_is_a_decline() {
    let stripe = LocalStripe::start();
    let Some(app) = shop(&stripe).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let refused = pays(&kim, &alice, DECLINED).await.assert_problem(402, "card_declined").json();
    assert_eq!(refused["declineCode"], "do_not_honor");
    // No page to send the payer to is set up: the intent is given up, so that nobody completes it later.
    let refused = pays(&kim, &alice, CONFIRM).await.assert_problem(402, "card_declined").json();
    assert_eq!(refused["declineCode"], "authentication_required");
    let intents = at_stripe(&stripe, "/v1/payment_intents").await;
    let states: Vec<_> = intents["data"].as_array().unwrap().iter().map(|i| i["status"].clone()).collect();
    assert_eq!(states, ["requires_payment_method", "canceled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_believed_by_its_signature_and_acted_on_once() {
    let stripe = LocalStripe::start();
    let Some(app) = shop(&stripe).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let id = pays(&kim, &alice, GOOD).await.assert_status(201).text("id");
    let body = succeeded("evt_1", &id);
    stripe_webhook(&app, "another", seconds_now(), &body).await.assert_problem(401, "unauthenticated");
    stripe_webhook(&app, STRIPE_SECRET, seconds_now() - 301, &body)
        .await
        .assert_problem(401, "unauthenticated");
    let unsigned = app.stranger().post("/api/payments/webhooks/stripe", body.clone()).await;
    unsigned.assert_problem(401, "unauthenticated");
    for _ in 0..3 {
        stripe_webhook(&app, STRIPE_SECRET, seconds_now(), &body).await.assert_status(204);
    }
    stripe_webhook(&app, STRIPE_SECRET, seconds_now(), &succeeded("evt_2", "of someone else"))
        .await
        .assert_status(204);
    let admin = app.admin().await;
    let kinds = app
        .eventually("the webhook is in the audit log", || async {
            let path = "/api/v1/audit/events?limit=100";
            let events = admin.get(path).await.assert_status(200).json();
            let kinds =
                events["items"].as_array()?.iter().map(|e| e["type"].as_str().unwrap_or_default().to_owned());
            let kinds: Vec<_> = kinds.collect();
            kinds.iter().any(|kind| kind.contains("webhook")).then_some(kinds)
        })
        .await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "jangteo.webhook.received.v1").count(), 1);
    app.stranger().post("/api/payments/webhooks/paypal", body).await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn localstripes_own_webhook_is_believed() {
    let stripe = LocalStripe::start();
    let Some(app) = shop(&stripe).await else { return };
    let url = format!("{}/api/payments/webhooks/stripe", app.base());
    let hook = json!({ "url": url, "secret": STRIPE_SECRET });
    let client = reqwest::Client::new();
    let set = client.post(format!("{}/_config/webhooks/shop", stripe.url)).json(&hook).send().await.unwrap();
    assert_eq!(set.status(), 200);
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let id = pays(&kim, &alice, GOOD).await.assert_status(201).text("id");
    let database = app.state_dir().unwrap().join("sqlite_db.db");
    app.eventually("the webhook was acted on", || async {
        let db = rusqlite::Connection::open(&database).unwrap();
        let sql = "SELECT count(*) FROM payments_events WHERE type = 'webhook.received' AND data ->> 'paymentId' = ?1";
        (db.query_row(sql, [&id], |row| row.get::<_, i64>(0)).unwrap() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_card_data_is_left_anywhere_after_payments_by_stripe() {
    let stripe = LocalStripe::start();
    let Some(app) = shop(&stripe).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for card in [GOOD, DECLINED, CONFIRM] {
        pays(&kim, &alice, card).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    tests::assert_no_card_data(app.state_dir().unwrap(), &[GOOD, DECLINED, CONFIRM], "123");
}
