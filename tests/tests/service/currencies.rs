//! Currencies: which are money, and in which units a provider takes them.

use money::Currency;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, FakeStripe, TestApp, pay};

/// Kim sells something at `price`, and Alice orders one.
async fn ordered(kim: &Actor<'_>, alice: &Actor<'_>, currency: &str, price: &str) -> Value {
    let price: Value = serde_json::from_str(price).unwrap();
    let body = json!({ "name": "Tea", "category": "tea", "price": price, "currency": currency, "stock": 1 });
    let product = kim.post("/api/products", body).await.assert_status(201).text("id");
    alice.orders(&product, 1).await.assert_status(201).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_active_currencies_are_money_each_with_its_decimals() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    let sells = |currency: &'static str, price: Value| {
        let body = json!({ "name": "Tea", "category": "tea", "price": price, "currency": currency });
        kim.post("/api/products", body)
    };
    for code in ["BTC", "MEX", "XXX", "XTS", "XAU", "XDR", "HRK", "ANG", "ZWL", "usd", "US", ""] {
        let refused = sells(code, json!(1)).await;
        assert!([400, 422].contains(&refused.status), "{code}: {}", refused.status);
        assert!(refused.json().to_string().contains("must be an active ISO 4217 code"), "{code}");
    }
    for (code, fine, too_fine) in
        [("CLF", 1.2345, 1.23456), ("UYW", 0.0001, 0.00001), ("KWD", 1.234, 1.2345), ("ISK", 5.0, 5.5)]
    {
        sells(code, json!(fine)).await.assert_status(201);
        sells(code, json!(too_fine)).await.assert_problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_takes_every_active_currency_and_shows_what_was_ordered() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for currency in Currency::active() {
        let price = currency.decimal(12345).to_string();
        let order = ordered(&kim, &alice, currency.code(), &price).await;
        let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).json();
        assert_eq!((&payment["status"], payment["amount"].to_string()), (&json!("CAPTURED"), price));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stripe_is_asked_in_its_own_units_and_understood_in_them() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for (currency, price, units, part, part_units) in [
        ("USD", "29.99", 2999, "9.98", 998),
        ("MGA", "100.00", 100, "30.00", 30),
        ("ISK", "1000", 100_000, "250", 25_000),
        ("UGX", "500", 50_000, "1", 100),
        ("KRW", "30000", 30_000, "1", 1),
        ("JPY", "500", 500, "499", 499),
        ("KWD", "1.230", 1230, "0.010", 10),
        ("TND", "10.000", 10_000, "9.990", 9990),
        ("HUF", "10.45", 1045, "0.05", 5),
    ] {
        let order = ordered(&kim, &alice, currency, price).await;
        let paid = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).json();
        assert_eq!((&paid["status"], paid["amount"].to_string()), (&json!("CAPTURED"), price.to_owned()));
        let intent = stripe.books().intents.last().unwrap().clone();
        assert_eq!(
            (&intent["amount"], &intent["currency"]),
            (&json!(units), &json!(currency.to_lowercase()))
        );
        let path = format!("/api/payments/{}/refunds", paid["id"].as_str().unwrap());
        let part: Value = serde_json::from_str(part).unwrap();
        let refund =
            kim.post(&path, json!({ "amount": part, "reason": "x" })).await.assert_status(201).json();
        assert_eq!(
            (&refund["status"], refund["amount"].to_string()),
            (&json!("SUCCEEDED"), part.to_string())
        );
        assert_eq!(stripe.books().refunds.last().unwrap()["amount"], part_units, "{currency}");
        kim.post(&path, json!({ "reason": "x" })).await.assert_status(201);
        assert_eq!(stripe.books().refunds.last().unwrap()["amount"], units - part_units, "{currency}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_that_stripe_does_not_take_exactly_is_refused_before_an_attempt_is_written() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for (currency, price, step) in [
        ("MGA", "100.50", Some("1.00")),
        ("KWD", "1.234", Some("0.010")),
        ("BHD", "0.001", Some("0.010")),
        ("IQD", "1.000", None),
        ("CLF", "1.0000", None),
        ("KPW", "1.00", None),
    ] {
        let order = ordered(&kim, &alice, currency, price).await;
        let refused = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
        let refused = refused.assert_problem(422, "currency_not_supported").json();
        let told = refused.get("step").map(Value::to_string);
        assert_eq!((refused["currency"].as_str(), told.as_deref()), (Some(currency), step));
        let order = format!("/api/orders/{}", order["id"].as_str().unwrap());
        assert_eq!(alice.get(&order).await.text("status"), "ORDERED");
    }
    assert_eq!(alice.get("/api/payments").await.json()["items"], json!([]));
    assert_eq!(stripe.peer.asked().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_the_provider_cannot_give_back_exactly_is_refused_before_it_is_recorded() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for (currency, price, part) in [("KWD", "1.230", 0.005), ("MGA", "100.00", 0.5)] {
        let order = ordered(&kim, &alice, currency, price).await;
        let payment =
            alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
        let path = format!("/api/payments/{payment}/refunds");
        let refused = kim.post(&path, json!({ "amount": part, "reason": "x" })).await;
        assert_eq!(refused.assert_problem(422, "validation_failed").json()["errors"][0]["field"], "amount");
        assert_eq!(kim.get(&path).await.json()["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn toss_takes_won_only() {
    let Some(app) = TestApp::with_variables(&[("payment_providers", "toss"), ("toss_secret_key", "k")]).await
    else {
        return;
    };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for currency in ["USD", "JPY", "EUR"] {
        let order = ordered(&kim, &alice, currency, "500").await;
        let refused = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
        refused.assert_problem(422, "currency_not_supported");
    }
    assert_eq!(alice.get("/api/payments").await.json()["items"], json!([]));
}
