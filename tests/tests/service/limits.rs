//! Limits on trying, and what an order says of its payment: how many orders may wait, how many cards may be tried,
//! until when, and what is on offer meanwhile.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, Response, TestApp, card, order_for, path_of, pay};

/// Sandbox cards that are declined, that have to be confirmed, and that are not decided.
const DECLINED: &str = "4000000000009979";
const CONFIRMED: &str = "4000002500003155";
const PENDING: &str = "4000000000000200";

/// 429 with a time to wait, of at most `longest` seconds.
fn assert_too_many(answer: Response, longest: i64) {
    let answer = answer.assert_problem(429, "too_many_attempts");
    let wait: i64 = answer.header("retry-after").and_then(|text| text.parse().ok()).unwrap();
    assert!((1..=longest).contains(&wait), "{wait}");
}

async fn ordered(buyer: &Actor<'_>, product: &str) -> Value {
    buyer.orders(product, 1).await.assert_status(201).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_has_a_bounded_number_of_unpaid_orders() {
    let Some(app) = TestApp::with_variables(&[("open_orders_limit", "3")]).await else { return };
    let (kim, alice, bob) = (app.seller("kim").await, app.buyer("alice").await, app.buyer("bob").await);
    let product = kim.sells("5.00", 10).await;
    let answers = join_all((0..8).map(|_| alice.orders(&product, 1))).await;
    let placed: Vec<Value> = answers.iter().filter(|a| a.status == 201).map(Response::json).collect();
    assert_eq!(placed.len(), 3, "however many come at once");
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        assert_too_many(refused, 900);
    }
    // What was refused holds no stock.
    let left = kim.get(&format!("/api/products/{product}")).await.json()["available"].clone();
    assert_eq!(left, json!(7));
    bob.orders(&product, 1).await.assert_status(201);
    alice.post("/api/payments", pay(&placed[0], APPROVED_CARD)).await.assert_status(201);
    ordered(&alice, &product).await;
    assert_too_many(alice.orders(&product, 1).await, 900);
    alice.delete(&path_of(&placed[1])).await.assert_status(200);
    ordered(&alice, &product).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_key_is_kept_where_another_order_would_be_too_many() {
    let Some(app) = TestApp::with_variables(&[("open_orders_limit", "1")]).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 10).await;
    let body = order_for(&product, 1);
    let twins = join_all((0..4).map(|_| alice.post_keyed("/api/orders", "k", body.clone()))).await;
    assert!(twins.iter().all(|answer| answer.status == 201 && answer.text("id") == twins[0].text("id")));
    assert_too_many(alice.post_keyed("/api/orders", "other", body).await, 900);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_tries_a_bounded_number_of_cards_on_one_order_and_on_all() {
    let Some(app) = TestApp::with_variables(&[("declines_limit", "3")]).await else { return };
    let (kim, alice, bob) = (app.seller("kim").await, app.buyer("alice").await, app.buyer("bob").await);
    let product = kim.sells("5.00", 10).await;
    let (first, second) = (ordered(&alice, &product).await, ordered(&alice, &product).await);
    for order in [&first, &second, &first] {
        alice.post("/api/payments", pay(order, DECLINED)).await.assert_problem(402, "card_declined");
    }
    for number in [DECLINED, APPROVED_CARD] {
        for order in [&first, &second] {
            assert_too_many(alice.post("/api/payments", pay(order, number)).await, 3600);
        }
    }
    let others = ordered(&bob, &product).await;
    bob.post("/api/payments", pay(&others, APPROVED_CARD)).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_that_are_tried_at_once_are_counted_too() {
    let Some(app) = TestApp::with_variables(&[("declines_limit", "2")]).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 10).await;
    let orders = join_all((0..8).map(|_| ordered(&alice, &product))).await;
    let tries = orders.iter().map(|order| alice.post("/api/payments", pay(order, DECLINED)));
    let mut statuses: Vec<_> = join_all(tries).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [402, 402, 429, 429, 429, 429, 429, 429]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_limits_nobody_is_kept_from_trying() {
    let off = [("open_orders_limit", "0"), ("declines_limit", "0")];
    let Some(app) = TestApp::with_variables(&off).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 200).await;
    let orders = join_all((0..101).map(|_| ordered(&alice, &product))).await;
    for _ in 0..21 {
        alice.post("/api/payments", pay(&orders[0], DECLINED)).await.assert_status(402);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_says_until_when_it_waits() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 10).await;
    let order = ordered(&alice, &product).await;
    let seen = alice.get(&path_of(&order)).await.json();
    assert_eq!(seen["expiresAt"], order["expiresAt"]);
    assert!(order["expiresAt"].as_str().unwrap() > order["createdAt"].as_str().unwrap());
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    assert!(alice.get(&path_of(&order)).await.json().get("expiresAt").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn pay_is_not_on_offer_while_a_payment_is_open() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 10).await;
    for (number, status, offered) in
        [(CONFIRMED, 202, false), (PENDING, 202, false), (DECLINED, 402, true), (APPROVED_CARD, 201, false)]
    {
        let order = ordered(&alice, &product).await;
        assert_eq!(order["allowedActions"][0], "pay");
        alice.post("/api/payments", pay(&order, number)).await.assert_status(status);
        let allowed = alice.get(&path_of(&order)).await.json()["allowedActions"].clone();
        let pays = allowed.as_array().unwrap().contains(&json!("pay"));
        assert_eq!(pays, offered, "{number}: {allowed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_amount_of_a_payment_may_be_left_out() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.01", 10).await;
    let order = ordered(&alice, &product).await;
    let mut body =
        json!({ "orderId": order["id"], "paymentMethod": "credit_card", "cardDetails": card(APPROVED_CARD) });
    body["amount"] = json!(5);
    alice.post("/api/payments", body.clone()).await.assert_problem(409, "amount_mismatch");
    body.as_object_mut().unwrap().remove("amount");
    let payment = alice.post("/api/payments", body).await.assert_status(201).json();
    assert_eq!((payment["amount"].to_string(), &payment["status"]), ("5.01".to_owned(), &json!("CAPTURED")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_sees_an_address_only_while_there_is_a_parcel() {
    let app = TestApp::start().await;
    let (kim, alice, admin) = (app.seller("kim").await, app.buyer("alice").await, app.admin().await);
    let product = kim.sells("5.00", 10).await;
    let order = ordered(&alice, &product).await;
    let path = path_of(&order);
    let sees = async |who: &Actor<'_>| {
        let one = who.get(&path).await.assert_status(200).json();
        let list = who.get("/api/orders").await.assert_status(200).json();
        let of_buyer = who.get(&format!("/api/orders/user/{}", alice.id)).await.assert_status(200).json();
        let shown = [&one, &list["items"][0], &of_buyer["items"][0]].map(|seen| {
            assert_eq!(seen["id"], order["id"]);
            seen["shippingAddress"].is_object()
        });
        assert_eq!(shown, [shown[0]; 3]);
        shown[0]
    };
    assert_eq!([sees(&kim).await, sees(&alice).await, sees(&admin).await], [false, true, true], "unpaid");
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    assert!(sees(&kim).await, "paid");
    let customer = kim.get(&format!("/api/users/{}", alice.id)).await.assert_status(200).json();
    assert_eq!(customer["shippingAddresses"].as_array().map(Vec::len), Some(1), "{customer}");
    alice.delete(&path).await.assert_status(200);
    assert_eq!([sees(&kim).await, sees(&alice).await, sees(&admin).await], [false, true, true], "cancelled");
    // Who has nothing to send any more does not see the buyer either.
    kim.get(&format!("/api/users/{}", alice.id)).await.assert_problem(404, "not_found");
}
