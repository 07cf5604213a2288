//! Orders on their way: shipped and delivered by their sellers, cancelled and refunded.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, TestApp, path_of};

/// The actions that `who` is offered on the order at `path`.
async fn offered(who: &Actor<'_>, path: &str) -> Value {
    who.get(path).await.assert_status(200).json()["allowedActions"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shipped_and_delivered_when_each_of_its_sellers_says_so() {
    let app = TestApp::start().await;
    let (kim, lee, alice) = (app.seller("kim").await, app.seller("lee").await, app.buyer("alice").await);
    let (tea, cup) = (kim.sells("5.00", 9).await, lee.sells("7.00", 9).await);
    let path = path_of(&alice.buys(&[&tea, &cup]).await);
    assert_eq!(offered(&kim, &path).await, json!(["ship"]));
    assert_eq!(offered(&alice, &path).await, json!(["cancel", "changeAddress"]));

    let parcel = json!({ "carrier": "Korea Post", "trackingNumber": "601" });
    let seen = kim.post(&format!("{path}/ship"), parcel).await.assert_status(200).json();
    assert_eq!((&seen["status"], &seen["allowedActions"]), (&json!("PAID"), &json!(["deliver"])));
    let order = alice.get(&path).await.json();
    assert_eq!(order["shipments"][0]["sellerId"], json!(kim.id));
    assert_eq!(order["shipments"][0]["trackingNumber"], "601");
    assert_eq!(lee.get(&path).await.json().get("shipments"), None, "another's parcel");
    alice.delete(&path).await.assert_problem(409, "invalid_transition");
    let again = kim.post(&format!("{path}/ship"), json!({})).await.assert_problem(409, "invalid_transition");
    assert_eq!((&again.json()["from"], &again.json()["to"]), (&json!("SHIPPED"), &json!("SHIPPED")));
    lee.post(&format!("{path}/deliver"), json!({})).await.assert_problem(409, "invalid_transition");

    let seen = lee.send(Method::POST, &format!("{path}/ship"), &[], None).await.assert_status(200).json();
    assert_eq!(seen["status"], "SHIPPED");
    kim.post(&format!("{path}/deliver"), json!({})).await.assert_status(200);
    assert_eq!(alice.get(&path).await.json()["status"], "SHIPPED");
    let seen = lee.post(&format!("{path}/deliver"), json!({})).await.assert_status(200).json();
    assert_eq!((&seen["status"], &seen["allowedActions"]), (&json!("DELIVERED"), &json!([])));
    let order = alice.get(&path).await.json();
    assert!(order["shipments"].as_array().unwrap().iter().all(|part| part["deliveredAt"].is_string()));
    alice.delete(&path).await.assert_problem(409, "invalid_transition");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_ships_what_is_left_of_all_sellers() {
    let app = TestApp::start().await;
    let (kim, lee, alice) = (app.seller("kim").await, app.seller("lee").await, app.buyer("alice").await);
    let (tea, cup) = (kim.sells("5.00", 9).await, lee.sells("7.00", 9).await);
    let path = path_of(&alice.buys(&[&tea, &cup]).await);
    kim.post(&format!("{path}/ship"), json!({})).await.assert_status(200);
    let admin = app.admin().await;
    assert_eq!(offered(&admin, &path).await, json!(["changeAddress", "ship", "deliver"]));
    let order = admin.post(&format!("{path}/ship"), json!({})).await.assert_status(200).json();
    assert_eq!((&order["status"], order["shipments"].as_array().unwrap().len()), (&json!("SHIPPED"), 2));
    let order = admin.post(&format!("{path}/deliver"), json!({})).await.assert_status(200).json();
    assert_eq!(order["status"], "DELIVERED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_paid_is_not_shipped_and_only_by_those_who_sell_it() {
    let app = TestApp::start().await;
    let (kim, lee, alice) = (app.seller("kim").await, app.seller("lee").await, app.buyer("alice").await);
    let tea = kim.sells("5.00", 9).await;
    let path = path_of(&alice.orders(&tea, 1).await.assert_status(201).json());
    let refused =
        kim.post(&format!("{path}/ship"), json!({})).await.assert_problem(409, "invalid_transition");
    assert_eq!((&refused.json()["from"], &refused.json()["to"]), (&json!("ORDERED"), &json!("SHIPPED")));
    lee.post(&format!("{path}/ship"), json!({})).await.assert_problem(404, "not_found");
    alice.post(&format!("{path}/ship"), json!({})).await.assert_problem(403, "forbidden");
    let paid = path_of(&alice.buys(&[&tea]).await);
    let wrong =
        [json!({ "carrier": "" }), json!({ "trackingNumber": "1".repeat(101) }), json!({ "speed": 9 })];
    for body in wrong {
        kim.post(&format!("{paid}/ship"), body).await.assert_problem(422, "validation_failed");
    }
    let text = vec![("content-type", "text/plain".to_owned())];
    let answer = kim.raw(Method::POST, &format!("{paid}/ship"), text, Some(b"now".to_vec())).await;
    answer.assert_problem(415, "unsupported_media_type");
    let answer = kim.raw(Method::POST, &format!("{paid}/ship"), vec![], Some(b"{}".to_vec())).await;
    answer.assert_problem(415, "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn shipping_honours_preconditions_and_idempotency_keys() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let tea = kim.sells("5.00", 9).await;
    let path = path_of(&alice.buys(&[&tea]).await);
    let ship = format!("{path}/ship");
    let stale = kim.send(Method::POST, &ship, &[("if-match", "\"1\"")], Some(json!({}))).await;
    stale.assert_problem(412, "precondition_failed");
    let tag = kim.get(&path).await.header("etag").unwrap().to_owned();
    let headers = [("if-match", tag.as_str()), ("idempotency-key", "k")];
    let body = json!({ "carrier": "Post" });
    let first = kim.send(Method::POST, &ship, &headers, Some(body.clone())).await.assert_status(200);
    assert_ne!(first.header("etag"), Some(tag.as_str()));
    let again = kim.send(Method::POST, &ship, &headers, Some(body)).await.assert_status(200);
    assert_eq!((again.json(), again.header("idempotent-replayed")), (first.json(), Some("true")));
    let other = kim.post_keyed(&ship, "k", json!({ "carrier": "Bike" })).await;
    other.assert_problem(422, "idempotency_mismatch");
    // The same key for something else is another key.
    kim.post_keyed(&format!("{path}/deliver"), "k", json!({})).await.assert_status(200);

    let path = path_of(&alice.buys(&[&tea]).await);
    let ship = format!("{path}/ship");
    let all = (0..8).map(|_| kim.post_keyed(&ship, "twin", json!({ "carrier": "Post" })));
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer.assert_status(200).json()["status"], "SHIPPED");
    }
    let history = alice.get(&format!("{path}/events")).await.json();
    assert_eq!(history["items"].as_array().unwrap().len(), 3, "shipped once: {history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_that_is_cancelled_is_for_sale_again_and_asks_for_its_money() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let tea = kim.sells("5.00", 1).await;
    let path = path_of(&alice.buys(&[&tea]).await);
    let cancelled = alice.delete(&path).await.assert_status(200).json();
    assert!(["CANCELLED", "REFUNDED"].contains(&cancelled["status"].as_str().unwrap()));
    app.eventually("the unit is back", || async {
        let product = app.stranger().get(&format!("/api/products/{tea}")).await.json();
        (product["onHand"] == 1 && product["available"] == 1).then_some(())
    })
    .await;
    kim.post(&format!("{path}/ship"), json!({})).await.assert_problem(409, "invalid_transition");
}

/// An event of payments about `order`.
fn payment(kind: &str, id: &str, order: &Value, data: Value) -> Value {
    let mut all = json!({ "orderId": order["id"], "currency": "USD", "amount": 5.0, "refundedTotal": 5.0 });
    all.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    json!([{ "specversion": "1.0", "id": id, "source": "/jangteo/payments",
        "type": format!("jangteo.payment.{kind}.v1"), "subject": "p", "data": all }])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_means_what_the_state_of_the_order_makes_of_it() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (tea, payments) = (kim.sells("5.00", 9).await, app.service("payments").await);
    let tell = async |id: &str, order: &Value, data: Value| {
        let batch = payment("refunded", id, order, data);
        // At least once: it comes twice.
        payments.post("/internal/orders/events", batch.clone()).await.assert_status(204);
        payments.post("/internal/orders/events", batch).await.assert_status(204);
        let order = alice.get(&path_of(order)).await.json();
        let history = alice.get(&format!("{}/events", path_of(&order))).await.json();
        let kinds: Vec<_> = history["items"].as_array().unwrap().iter().map(|e| e["type"].clone()).collect();
        (order["status"].as_str().unwrap().to_owned(), json!(kinds[2..]))
    };
    let buy = async |steps: &[&str]| {
        let order = alice.buys(&[&tea]).await;
        for step in steps {
            kim.post(&format!("{}/{step}", path_of(&order)), json!({})).await.assert_status(200);
        }
        alice.get(&path_of(&order)).await.json()
    };
    let full = |order: &Value| json!({ "paymentId": order["paymentId"], "full": true });

    let paid = buy(&[]).await;
    let part = json!({ "paymentId": paid["paymentId"], "full": false, "amount": 1.0, "refundedTotal": 1.0 });
    assert_eq!(tell("r1", &paid, part).await, ("PAID".to_owned(), json!(["order.refund_noted"])));
    let expected = json!(["order.refund_noted", "order.cancelled", "order.refunded"]);
    assert_eq!(tell("r2", &paid, full(&paid)).await, ("REFUNDED".to_owned(), expected));
    let history = alice.get(&format!("{}/events", path_of(&paid))).await;
    assert!(String::from_utf8_lossy(&history.body).contains("\"refundedTotal\":1.00"));

    let shipped = buy(&["ship"]).await;
    let expected = json!(["order.shipped", "order.refund_noted"]);
    assert_eq!(tell("r3", &shipped, full(&shipped)).await, ("SHIPPED".to_owned(), expected));

    let delivered = buy(&["ship", "deliver"]).await;
    let expected = json!(["order.shipped", "order.delivered", "order.refunded"]);
    assert_eq!(tell("r4", &delivered, full(&delivered)).await, ("REFUNDED".to_owned(), expected));

    let other = buy(&[]).await;
    let foreign = json!({ "paymentId": "another", "full": true });
    assert_eq!(tell("r5", &other, foreign).await, ("PAID".to_owned(), json!([])));
}
