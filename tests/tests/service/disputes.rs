//! Disputes: recorded as the provider tells them, and shown to who runs the shop.

use serde_json::{Value, json};
use tests::{APPROVED_CARD, FakeStripe, TestApp, pay, signed};

/// A webhook about the dispute `dp_1` of the payment that Stripe knows as `pi_1`.
fn dispute(event: &str, at: i64, status: &str) -> Value {
    json!({
        "id": event,
        "type": if status == "needs_response" { "charge.dispute.created" } else { "charge.dispute.closed" },
        "created": at,
        "data": { "object": {
            "id": "dp_1", "object": "dispute", "amount": 2999, "currency": "usd", "charge": "ch_1",
            "payment_intent": "pi_1", "reason": "fraudulent", "status": status,
            "created": 1_790_000_000, "metadata": {},
        } },
    })
}

async fn told(app: &TestApp, body: &Value) {
    signed(app, body).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_recorded_and_what_is_older_does_not_count() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    let (kim, alice, admin) = (app.seller("kim").await, app.buyer("alice").await, app.admin().await);
    let product = kim.sells("29.99", 1).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    let path = format!("/api/payments/{payment}/disputes");
    let empty = json!({ "items": [], "nextCursor": null });
    assert_eq!(admin.get(&path).await.assert_status(200).json(), empty);
    told(&app, &dispute("evt_1", 1_790_000_000, "needs_response")).await;
    let expected = |status: &str| {
        json!([{ "id": "dp_1", "amount": 29.99, "currency": "USD", "reason": "fraudulent", "status": status,
            "createdAt": "2026-09-21T14:13:20.000Z" }])
    };
    assert_eq!(admin.get(&path).await.json()["items"], expected("needs_response"));
    let metrics = async |open: u32| {
        let text = String::from_utf8(app.stranger().get("/metrics").await.body).unwrap();
        let line = format!("jangteo_provider_open_disputes{{provider=\"stripe\"}} {open}\n");
        assert!(text.contains(&line), "{text}");
    };
    metrics(1).await;
    told(&app, &dispute("evt_3", 1_790_000_900, "lost")).await;
    // This one is late, and the first comes again.
    told(&app, &dispute("evt_2", 1_790_000_500, "under_review")).await;
    told(&app, &dispute("evt_1", 1_790_000_000, "needs_response")).await;
    assert_eq!(admin.get(&path).await.json()["items"], expected("lost"));
    metrics(0).await;
    for person in [&kim, &alice] {
        person.get(&path).await.assert_problem(403, "forbidden");
    }
    app.eventually("the dispute is in the audit log", || async {
        let events = admin.get("/api/v1/audit/events?type=jangteo.dispute.recorded.v1").await.json();
        (events["items"].as_array()?.len() == 3).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_of_nothing_of_ours_is_none() {
    let stripe = FakeStripe::start().await;
    let Some(app) = stripe.shop().await else { return };
    told(&app, &dispute("evt_1", 1_790_000_000, "needs_response")).await;
    let db = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    let count: i64 = db.query_row("SELECT count(*) FROM payments_events", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}
