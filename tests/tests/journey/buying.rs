//! From signing up to the audit trail, with the seeds' bodies.

use serde_json::json;
use tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_buys_and_the_audit_log_tells_the_story() {
    let app = TestApp::start().await;
    let (kim, john) = (app.seller("kim").await, app.buyer("john").await);
    let product = kim.sells("29.99", 10).await;
    let order = john
        .post(
            "/api/orders",
            json!({
                "items": [{ "productId": product, "quantity": 2, "price": 29.99 }],
                "shippingAddress": { "street": "123 Main St", "city": "Seoul", "zipCode": "12345" }
            }),
        )
        .await
        .assert_status(201)
        .json();
    let card = json!({ "number": "4111111111111111", "expiry": "12/49", "cvv": "123" });
    let payment = json!({ "orderId": order["id"], "amount": 59.98, "paymentMethod": "credit_card",
        "cardDetails": card });
    john.post("/api/payments", payment).await.assert_status(201);
    let id = order["id"].as_str().unwrap();
    assert_eq!(john.get(&format!("/api/orders/{id}")).await.json()["status"], "PAID");

    let product = app
        .eventually("the stock left the warehouse", || async {
            let product = app.stranger().get(&format!("/api/products/{product}")).await.json();
            (product["onHand"] == 8).then_some(product)
        })
        .await;
    assert_eq!(product["available"], 8);

    let admin = app.admin().await;
    let trail = app
        .eventually("the whole story is in the audit log", || async {
            let events = admin.get(&format!("/api/v1/audit/events?subject={id}")).await.json();
            let items = events["items"].as_array().unwrap();
            let mut types: Vec<_> = items.iter().map(|e| e["type"].as_str().unwrap().to_owned()).collect();
            types.sort();
            (types.len() == 4).then_some(types)
        })
        .await;
    assert_eq!(
        trail,
        [
            "jangteo.order.paid.v1",
            "jangteo.order.placed.v1",
            "jangteo.stock.confirmed.v1",
            "jangteo.stock.reserved.v1"
        ]
    );
}
