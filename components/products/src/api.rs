//! Bodies of requests and responses, and what other services send and get.

use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};

/// `POST /api/products`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProduct {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub category: String,
    pub price: Decimal,
    #[serde(default = "usd")]
    pub currency: Currency,
    #[serde(default)]
    pub stock: i64,
}

fn usd() -> Currency {
    Currency::USD
}

/// `PUT /api/products/{id}`: the whole product but its currency and its stock.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductChange {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub category: String,
    pub price: Decimal,
    /// May be said, but not changed: orders count on the amounts' meaning.
    pub currency: Option<Currency>,
    /// `true` puts it on sale again.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// `GET /api/products?…`, beside `limit` and `cursor`. Text, so that what is wrong can be named.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListQuery {
    pub q: Option<String>,
    pub category: Option<String>,
    pub seller: Option<String>,
    pub min_price: Option<String>,
    pub max_price: Option<String>,
    pub currency: Option<String>,
    pub sort: Option<String>,
}

/// `POST /api/products/{id}/stock`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StockChange {
    pub delta: i64,
    pub reason: String,
}

/// A change of stock that was made by hand.
#[derive(Serialize)]
pub struct Movement {
    /// Its place in the product's history.
    pub sequence: i64,
    #[serde(rename = "type")]
    pub kind: String,
    pub time: String,
    pub actor: String,
    pub delta: i64,
    pub reason: Option<String>,
}

/// A product as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    pub id: String,
    pub seller_id: String,
    pub name: String,
    pub description: String,
    pub category: String,
    pub price: Decimal,
    pub currency: Currency,
    pub on_hand: i64,
    pub available: i64,
    pub active: bool,
    pub created_at: String,
    pub updated_at: String,
}

/// `POST /internal/products/reservations`: hold stock for an order; with PUT, hold this instead.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserve {
    pub order_id: String,
    /// RFC 3339; the hold ends then unless it was confirmed.
    pub expires_at: String,
    pub lines: Vec<ReserveLine>,
}

/// A line to reserve; lines of one product are summed by the caller.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReserveLine {
    pub product_id: String,
    pub quantity: i64,
    /// What the buyer believes the price is; `None` takes the catalogue's.
    pub price: Option<Decimal>,
}

/// What was reserved: the order's lines at the catalogue's prices, in minor units.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserved {
    pub currency: Currency,
    pub lines: Vec<ReservedLine>,
}

/// A reserved line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservedLine {
    pub product_id: String,
    pub name: String,
    pub seller_id: String,
    pub quantity: i64,
    /// Price of one unit, in minor units.
    pub price: i64,
}

/// A line for which there is not enough.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    pub product_id: String,
    pub requested: i64,
    pub available: i64,
}

/// What is asked of `GET /internal/orders/orders/{id}`.
#[derive(Deserialize)]
pub struct OrderSummary {
    pub status: String,
}

/// `POST /internal/products/sweep`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Swept {
    /// Overdue holds that were looked after.
    pub looked_at: usize,
    /// Of these, those that ended.
    pub settled: usize,
    /// Whether there are more: ask again.
    pub more: bool,
}
