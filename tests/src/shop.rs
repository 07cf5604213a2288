//! The things most stories do: stock a shop, order, pay.

use serde_json::{Value, json};

use crate::{Actor, Response};

/// A card the sandbox provider takes.
pub const APPROVED_CARD: &str = "4111111111111111";

impl Actor<'_> {
    /// As a seller: put `stock` units on sale at `price` and return the product's id.
    pub async fn sells(&self, price: &str, stock: i64) -> String {
        let price: Value = serde_json::from_str(price).expect("a JSON number");
        let body = json!({ "name": "Green tea", "category": "tea", "price": price, "stock": stock });
        self.post("/api/products", body).await.assert_status(201).text("id")
    }

    /// As a buyer: order a unit of each product and pay; the order as it was placed.
    pub async fn buys(&self, products: &[&str]) -> Value {
        let order = self.post("/api/orders", order_of(products)).await.assert_status(201).json();
        self.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
        order
    }

    /// As a buyer: order `quantity` units.
    pub async fn orders(&self, product: &str, quantity: i64) -> Response {
        self.post("/api/orders", order_for(product, quantity)).await
    }
}

/// An order of one line, as the seeds write it.
pub fn order_for(product: &str, quantity: i64) -> Value {
    json!({ "items": [{ "productId": product, "quantity": quantity }], "shippingAddress": address() })
}

/// An order of one unit of each product.
pub fn order_of(products: &[&str]) -> Value {
    let items: Vec<_> = products.iter().map(|id| json!({ "productId": id, "quantity": 1 })).collect();
    json!({ "items": items, "shippingAddress": address() })
}

/// The path of an order as the API shows it.
pub fn path_of(order: &Value) -> String {
    format!("/api/orders/{}", order["id"].as_str().expect("an order has an id"))
}

/// The seeds' address.
pub fn address() -> Value {
    json!({ "street": "123 Main St", "city": "Seoul", "zipCode": "12345" })
}

/// The details of a card that has not expired.
pub fn card(number: &str) -> Value {
    json!({ "number": number, "expiry": "12/49", "cvv": "123" })
}

/// A payment of `order` (an order as the API shows it) in full.
pub fn pay(order: &Value, number: &str) -> Value {
    json!({
        "orderId": order["id"],
        "amount": order["total"],
        "paymentMethod": "credit_card",
        "cardDetails": card(number),
    })
}
