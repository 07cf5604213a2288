//! The payment history: filters, and sums by currency.

use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, pay};

/// Pay for one unit of something that costs `price` in `currency`; the answer's status.
async fn buys(kim: &Actor<'_>, alice: &Actor<'_>, price: Value, currency: &str, card: &str) -> u16 {
    let body = json!({ "name": "Tea", "category": "tea", "price": price, "currency": currency, "stock": 1 });
    let product = kim.post("/api/products", body).await.assert_status(201).text("id");
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    alice.post("/api/payments", pay(&order, card)).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_sums_up_what_matches_by_currency() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    assert_eq!(buys(&kim, &alice, json!(10.00), "USD", APPROVED_CARD).await, 201);
    assert_eq!(buys(&kim, &alice, json!(5.50), "USD", "4000000000009979").await, 402);
    assert_eq!(buys(&kim, &alice, json!(3.25), "USD", APPROVED_CARD).await, 201);
    assert_eq!(buys(&kim, &alice, json!(30000), "KRW", APPROVED_CARD).await, 201);
    let all = alice.get("/api/payments/history").await.assert_status(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 4);
    let last = all["items"][1]["id"].as_str().unwrap();
    let refund = json!({ "amount": 1.25, "reason": "Stale" });
    kim.post(&format!("/api/payments/{last}/refunds"), refund).await.assert_status(201);
    let totals = alice.get("/api/payments/history?limit=1").await.json();
    assert_eq!(totals["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        totals["totals"].to_string(),
        r#"[{"captured":30000,"currency":"KRW","net":30000,"payments":1,"refunded":0},"#.to_owned()
            + r#"{"captured":13.25,"currency":"USD","net":12.00,"payments":3,"refunded":1.25}]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_filtered_by_status_and_time() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    assert_eq!(buys(&kim, &alice, json!(10.00), "USD", APPROVED_CARD).await, 201);
    assert_eq!(buys(&kim, &alice, json!(5.50), "USD", "4000000000009979").await, 402);
    let count = async |query: &str| {
        let page = alice.get(&format!("/api/payments/history?{query}")).await.assert_status(200).json();
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(count("status=DECLINED").await, 1);
    assert_eq!(count("status=REFUNDED").await, 0);
    let newest = alice.get("/api/payments/history").await.json()["items"][0].clone();
    let time = newest["createdAt"].as_str().unwrap();
    assert_eq!((count(&format!("from={time}")).await, count(&format!("to={time}")).await), (1, 1));
    assert_eq!(count("from=2020-01-01T09:00:00%2B09:00&to=2020-01-02T00:00:00Z").await, 0);
    for wrong in ["status=PAID", "from=yesterday", "to=1"] {
        let path = format!("/api/payments/history?{wrong}");
        alice.get(&path).await.assert_problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_ones_own() {
    let app = TestApp::start().await;
    let (kim, alice, bob) = (app.seller("kim").await, app.buyer("alice").await, app.buyer("bob").await);
    assert_eq!(buys(&kim, &alice, json!(10.00), "USD", APPROVED_CARD).await, 201);
    let bobs = bob.get("/api/payments/history").await.json();
    assert_eq!((&bobs["items"], &bobs["totals"]), (&json!([]), &json!([])));
    let all = app.admin().await.get("/api/payments/history").await.json();
    assert!(all["items"].as_array().unwrap().iter().any(|payment| payment["buyerId"] == alice.id.as_str()));
}

/// Payments over some days in 2026, a few hours apart, in all states and two currencies.
fn seed(db: &rusqlite::Connection, buyer: &str) {
    const STATES: [&str; 5] = ["CAPTURED", "DECLINED", "FAILED", "PARTIALLY_REFUNDED", "REFUNDED"];
    for number in 0..60_i64 {
        let at = 1_770_000_000_000 + number * 7_654_321;
        let id = format!("{:08x}-{:04x}-7000-8000-{number:012x}", at >> 16, at & 0xffff);
        let state = STATES[usize::try_from(number % 5).unwrap()];
        let refunded = [0, 0, 0, 3, 10][usize::try_from(number % 5).unwrap()];
        let currency = if number % 3 == 0 { "KRW" } else { "USD" };
        db.execute(
            "INSERT INTO payments_payments (id, order_id, buyer_id, state, amount, currency, refunded, provider, \
               card_brand, card_last4, card_expiry, ask_after, version, created_at, updated_at) \
             VALUES (?1, ?1, ?2, 'PENDING', 10, ?3, 0, 'sandbox', 'visa', '4242', '12/40', ?4, 1, ?4, ?4)",
            (&id, buyer, currency, store::Timestamp(at).to_string()),
        )
        .unwrap();
        let moved = "UPDATE payments_payments SET state = ?2, refunded = ?3 WHERE id = ?1";
        db.execute(moved, (&id, state, refunded)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everyones_totals_by_days_are_the_sums_of_their_payments_whatever_the_range() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    admin.get("/api/payments/history").await.assert_status(200);
    let db = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    seed(&db, &alice.id);
    let day = 86_400_000;
    let midnight = 1_770_000_000_000 / day * day;
    let mut moments = vec![None, Some(midnight), Some(midnight + day), Some(midnight + 3 * day)];
    moments.extend((0..6).map(|_| Some(midnight + fastrand::i64(-day..7 * day))));
    for (from, to) in moments.iter().flat_map(|from| moments.iter().map(move |to| (*from, *to))) {
        let status = fastrand::choice(["", "CAPTURED", "REFUNDED"]).unwrap();
        let mut query = format!(
            "limit=100{}",
            if status.is_empty() { String::new() } else { format!("&status={status}") }
        );
        for (name, moment) in [("from", from), ("to", to)] {
            if let Some(moment) = moment {
                query += &format!("&{name}={}", store::Timestamp(moment));
            }
        }
        let path = format!("/api/payments/history?{query}");
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            admin.get(&path).await.assert_problem(422, "validation_failed");
            continue;
        }
        let everyones = admin.get(&path).await.assert_status(200).json();
        let own = alice.get(&path).await.assert_status(200).json();
        assert_eq!(everyones["totals"], own["totals"], "{query}: by days, and one by one");
        assert_eq!(everyones["items"], own["items"], "{query}");
        let counted: i64 =
            everyones["totals"].as_array().unwrap().iter().map(|t| t["payments"].as_i64().unwrap()).sum();
        assert_eq!(counted, everyones["items"].as_array().unwrap().len() as i64, "{query}");
    }
}
