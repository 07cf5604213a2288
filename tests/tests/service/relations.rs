//! Entitled by relation: what a role permits is permitted with one's own side of a thing, and nobody decides about the
//! money of a purchase of their own.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, address, pay};

use crate::authorisation::with_roles;

/// Every set of built-in roles with which one can buy.
const BUYERS: [&[&str]; 4] =
    [&["BUYER"], &["BUYER", "SELLER"], &["BUYER", "ADMIN"], &["BUYER", "SELLER", "ADMIN"]];

/// Order and pay a unit of `product`: the paths of the order and of its payment.
async fn bought(buyer: &Actor<'_>, product: &str) -> (String, String) {
    let order = buyer.orders(product, 1).await.assert_status(201).json();
    let payment = buyer.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    (tests::path_of(&order), format!("/api/payments/{}", payment.text("id")))
}

async fn status(viewer: &Actor<'_>, path: &str) -> Value {
    viewer.get(path).await.assert_status(200).json()["status"].clone()
}

async fn allowed(viewer: &Actor<'_>, order: &str) -> Value {
    viewer.get(order).await.assert_status(200).json()["allowedActions"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_refunds_a_purchase_of_their_own_whatever_roles_they_have() {
    let app = TestApp::start().await;
    let (kim, admin) = (app.seller("kim").await, app.admin().await);
    let product = kim.sells("10.00", 100).await;
    for (place, roles) in BUYERS.into_iter().enumerate() {
        let buyer = with_roles(&app, &admin, &format!("buyer{place}"), roles).await;
        let (_, payment) = bought(&buyer, &product).await;
        for body in [json!({ "reason": "x" }), json!({ "amount": 1, "reason": "x", "restock": true })] {
            for path in [format!("{payment}/refunds"), format!("{payment}/refunds").replace("/api", "")] {
                buyer.post(&path, body.clone()).await.assert_problem(403, "forbidden");
                buyer.post_keyed(&path, "key", body.clone()).await.assert_problem(403, "forbidden");
            }
        }
        let refunds = buyer.get(&format!("{payment}/refunds")).await.assert_status(200).json();
        assert_eq!((&refunds["items"], status(&buyer, &payment).await), (&json!([]), json!("CAPTURED")));
        let by = if place % 2 == 0 { &kim } else { &admin };
        by.post(&format!("{payment}/refunds"), json!({ "reason": "x" })).await.assert_status(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_bought_of_themselves_sends_the_parcel_and_has_the_money_refunded_by_another() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lee = with_roles(&app, &admin, "lee", &["BUYER", "SELLER", "ADMIN"]).await;
    let product = lee.sells("10.00", 10).await;
    let (order, payment) = bought(&lee, &product).await;
    assert_eq!(allowed(&lee, &order).await, json!(["cancel", "changeAddress", "ship"]));
    lee.post(&format!("{order}/ship"), json!({})).await.assert_status(200);
    lee.post(&format!("{order}/deliver"), json!({})).await.assert_status(200);
    assert_eq!(allowed(&lee, &order).await, json!([]));
    let refunds = format!("{payment}/refunds");
    lee.post(&refunds, json!({ "reason": "x" })).await.assert_problem(403, "forbidden");
    assert_eq!(allowed(&admin, &order).await, json!(["refund"]));
    admin.post(&refunds, json!({ "reason": "x" })).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_only_a_buyer_where_they_bought() {
    let app = TestApp::start().await;
    let (kim, admin) = (app.seller("kim").await, app.admin().await);
    let product = kim.sells("10.00", 10).await;
    let boss = with_roles(&app, &admin, "boss", &["BUYER", "SELLER", "ADMIN"]).await;
    let (order, payment) = bought(&boss, &product).await;
    let (empty, body) = (json!({}), json!({ "shippingAddress": address() }));
    let ask = [
        (Method::GET, order.clone(), None, 200),
        (Method::GET, format!("{order}/events"), None, 200),
        (Method::PUT, order.clone(), Some(body), 200),
        (Method::POST, format!("{order}/ship"), Some(empty.clone()), 403),
        (Method::POST, format!("{order}/deliver"), Some(empty.clone()), 403),
        (Method::GET, payment.clone(), None, 200),
        (Method::GET, format!("{payment}/refunds"), None, 200),
        (Method::POST, format!("{payment}/refunds"), Some(json!({ "reason": "x" })), 403),
        (Method::DELETE, order.clone(), None, 200),
    ];
    assert_eq!(allowed(&boss, &order).await, json!(["cancel", "changeAddress"]));
    for (method, path, body, expected) in ask {
        let answer = boss.send(method.clone(), &path, &[], body).await;
        assert_eq!(answer.status, expected, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_offered_to_whom_it_is_granted() {
    let app = TestApp::start().await;
    let (kim, lee, admin) = (app.seller("kim").await, app.seller("lee").await, app.admin().await);
    let alice = app.buyer("alice").await;
    let (tea, cup) = (kim.sells("5.00", 10).await, lee.sells("5.00", 10).await);
    for (products, sellers_may) in [(vec![&*tea], true), (vec![&*tea, &*cup], false)] {
        let order = alice.post("/api/orders", tests::order_of(&products)).await.assert_status(201).json();
        let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
        let (order, refunds) =
            (tests::path_of(&order), format!("/api/payments/{}/refunds", payment.text("id")));
        admin.post(&format!("{order}/ship"), json!({})).await.assert_status(200);
        admin.post(&format!("{order}/deliver"), json!({})).await.assert_status(200);
        for (who, may) in [(&alice, false), (&kim, sellers_may), (&admin, true)] {
            let offered = allowed(who, &order).await == json!(["refund"]);
            let granted = who.post(&refunds, json!({ "amount": 1, "reason": "x" })).await.status == 201;
            assert_eq!((offered, granted), (may, may));
        }
    }
}
