//! Stock that is held for orders, as the service `orders` asks for it and tells of its orders.

use serde_json::{Value, json};
use tests::{Actor, Response, TestApp};
use uuid::Uuid;

const SOON: &str = "2126-01-01T00:00:00.000Z";
const LONG_AGO: &str = "2026-01-01T00:00:00.000Z";

/// A shop with internal routes, and `orders`, which is played by the story.
struct Shop<'a> {
    app: &'a TestApp,
    orders: Actor<'a>,
    kim: Actor<'a>,
}

impl<'a> Shop<'a> {
    async fn open(app: &'a TestApp) -> Self {
        Self { app, orders: app.service("orders").await, kim: app.seller("kim").await }
    }

    /// Hold lines (product, quantity) for `order`, for the first time.
    async fn hold(&self, order: &str, lines: &[(&str, i64)], until: &str) -> Response {
        self.orders.post("/internal/products/reservations", body(order, lines, until)).await
    }

    /// Hold these lines instead.
    async fn replace(&self, order: &str, lines: &[(&str, i64)]) -> Response {
        let path = format!("/internal/products/reservations/{order}");
        self.orders.put(&path, body(order, lines, SOON)).await
    }

    /// Tell what happened to `order`, with an event of this id, whose data has `said` besides what it must have.
    async fn tell(&self, order: &str, id: &str, what: &str, said: Value) {
        let kind = format!("jangteo.order.{what}.v1");
        let mut data = json!({ "buyerId": order, "paymentId": order, "amount": 1, "currency": "USD",
            "refundedTotal": 1 });
        data.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        let event = json!([{ "specversion": "1.0", "id": id, "source": "/jangteo/orders", "type": kind,
            "subject": order, "data": data }]);
        self.orders.post("/internal/products/events", event).await.assert_status(204);
    }

    /// On hand, and not promised.
    async fn stock(&self, product: &str) -> (i64, i64) {
        let shown = self.app.stranger().get(&format!("/api/products/{product}")).await.json();
        (shown["onHand"].as_i64().unwrap(), shown["available"].as_i64().unwrap())
    }
}

fn body(order: &str, lines: &[(&str, i64)], until: &str) -> Value {
    let lines: Vec<_> = lines
        .iter()
        .map(|(product, quantity)| json!({ "productId": product, "quantity": quantity }))
        .collect();
    json!({ "orderId": order, "expiresAt": until, "lines": lines })
}

fn id() -> String {
    Uuid::now_v7().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_lines_are_held_instead_all_or_none() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let shop = Shop::open(&app).await;
    let (tea, cup) = (shop.kim.sells("5.00", 10).await, shop.kim.sells("2.00", 3).await);
    let order = id();
    shop.hold(&order, &[(&tea, 8)], SOON).await.assert_status(201);
    // Two are free, and eight its own.
    let held = shop.replace(&order, &[(&tea, 10), (&cup, 1)]).await.assert_status(200).json();
    assert_eq!((&held["lines"][1]["price"], &held["currency"]), (&json!(200), &json!("USD")));
    assert_eq!((shop.stock(&tea).await, shop.stock(&cup).await), ((10, 0), (3, 2)));
    // One line too many: nothing changes, and the refusal counts what the order holds.
    let short = shop.replace(&order, &[(&tea, 1), (&cup, 4)]).await.assert_problem(409, "out_of_stock");
    assert_eq!(short.json()["lines"], json!([{ "productId": cup, "requested": 4, "available": 3 }]));
    assert_eq!((shop.stock(&tea).await, shop.stock(&cup).await), ((10, 0), (3, 2)));
    shop.replace(&order, &[(&cup, 3)]).await.assert_status(200);
    assert_eq!((shop.stock(&tea).await, shop.stock(&cup).await), ((10, 10), (3, 0)));
    // Paid: what was held last leaves the warehouse.
    let sold = json!({ "lines": [{ "productId": cup, "quantity": 3 }] });
    shop.tell(&order, &id(), "paid", sold).await;
    assert_eq!((shop.stock(&tea).await, shop.stock(&cup).await), ((10, 10), (0, 0)));
    shop.replace(&order, &[(&tea, 1)]).await.assert_problem(409, "conflict");
    shop.replace(&id(), &[(&tea, 1)]).await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_want_the_rest_at_once_do_not_both_get_it() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let shop = Shop::open(&app).await;
    for round in 0..20 {
        let tea = shop.kim.sells("5.00", 10).await;
        let (one, other, rest) = (id(), id(), [(tea.as_str(), 7)]);
        shop.hold(&one, &[(&tea, 3)], SOON).await.assert_status(201);
        shop.hold(&other, &[(&tea, 3)], SOON).await.assert_status(201);
        let (a, b) = tokio::join!(shop.replace(&one, &rest), shop.replace(&other, &rest));
        let mut statuses = [a.status, b.status];
        statuses.sort();
        assert_eq!((statuses, shop.stock(&tea).await), ([200, 409], (10, 0)), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_changed_by_two_at_once_holds_what_one_of_them_said() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let shop = Shop::open(&app).await;
    let tea = shop.kim.sells("5.00", 10).await;
    for round in 0..20 {
        let order = id();
        shop.hold(&order, &[(&tea, 1)], SOON).await.assert_status(201);
        let (two, three) = ([(tea.as_str(), 2)], [(tea.as_str(), 3)]);
        let (_, _) = tokio::join!(shop.replace(&order, &two), shop.replace(&order, &three));
        let (_, free) = shop.stock(&tea).await;
        assert!([7, 8].contains(&free), "round {round}: {free}");
        shop.tell(&order, &id(), "cancelled", json!({})).await;
        assert_eq!(shop.stock(&tea).await, (10, 10), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_go_and_come_back_whatever_order_the_news_arrive_in() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let shop = Shop::open(&app).await;
    let tea = shop.kim.sells("5.00", 10).await;
    let restock = json!({ "restock": true });
    let none = json!({});
    let sold = json!({ "lines": [{ "productId": tea, "quantity": 1 }] });
    let stories: [(&[(&str, &Value)], i64); 6] = [
        (&[("paid", &sold), ("cancelled", &restock)], 0),
        (&[("cancelled", &restock), ("paid", &sold)], 0),
        (&[("paid", &sold), ("refunded", &none)], 1),
        (&[("refunded", &none), ("paid", &sold)], 1),
        (&[("paid", &sold), ("refunded", &restock)], 0),
        (&[("expired", &none)], 0),
    ];
    let mut gone = 0;
    for (news, sold) in stories {
        let order = id();
        shop.hold(&order, &[(&tea, 1)], SOON).await.assert_status(201);
        for (what, data) in news {
            let event = id();
            shop.tell(&order, &event, what, (*data).clone()).await;
            shop.tell(&order, &event, what, (*data).clone()).await;
        }
        gone += sold;
        assert_eq!(shop.stock(&tea).await, (10 - gone, 10 - gone), "{news:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_comes_after_its_order_was_given_up_does_not_stay() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let shop = Shop::open(&app).await;
    let tea = shop.kim.sells("5.00", 10).await;
    let order = id();
    let release = format!("/internal/products/reservations/{order}/release");
    shop.orders.post(&release, Value::Null).await.assert_status(204);
    shop.hold(&order, &[(&tea, 1)], SOON).await.assert_problem(409, "conflict");
    assert_eq!(shop.stock(&tea).await, (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_ends_overdue_holds_by_what_became_of_their_orders_also_twice_at_once() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let shop = Shop::open(&app).await;
    let tea = shop.kim.sells("5.00", 10).await;
    let (forgotten, waiting) = (id(), id());
    shop.hold(&forgotten, &[(&tea, 2)], LONG_AGO).await.assert_status(201);
    shop.hold(&waiting, &[(&tea, 3)], SOON).await.assert_status(201);
    let sweep = || shop.orders.post("/internal/products/sweep", Value::Null);
    // It is young: its order may be on its way.
    let early = sweep().await.assert_status(200).json();
    assert_eq!(early, json!({ "lookedAt": 1, "settled": 0, "more": false }));
    made_a_minute_ago(&app, &forgotten);
    let (a, b) = tokio::join!(sweep(), sweep());
    assert_eq!((a.status, b.status), (200, 200));
    assert_eq!(shop.stock(&tea).await, (10, 7));
    assert_eq!(sweep().await.json(), json!({ "lookedAt": 0, "settled": 0, "more": false }));
    app.stranger().post("/internal/products/sweep", Value::Null).await.assert_problem(401, "unauthenticated");
    app.admin()
        .await
        .post("/internal/products/sweep", Value::Null)
        .await
        .assert_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_short_of_stock_gets_what_overdue_holds_promised() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let shop = Shop::open(&app).await;
    let tea = shop.kim.sells("5.00", 1).await;
    let forgotten = id();
    shop.hold(&forgotten, &[(&tea, 1)], LONG_AGO).await.assert_status(201);
    shop.hold(&id(), &[(&tea, 1)], SOON).await.assert_problem(409, "out_of_stock");
    made_a_minute_ago(&app, &forgotten);
    shop.hold(&id(), &[(&tea, 1)], SOON).await.assert_status(201);
}

/// Let a minute pass for a hold, in the log, which nothing else can change.
fn made_a_minute_ago(app: &TestApp, order: &str) {
    let db = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.execute_batch("DROP TRIGGER products_events_freeze").unwrap();
    let sql = "UPDATE products_events SET time = '2026-01-01T00:00:00.000Z' WHERE stream = ?1";
    assert_eq!(db.execute(sql, [order]).unwrap(), 1);
}
