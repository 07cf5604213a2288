//! Bodies of requests and responses, and what other services send and get.

use clock::Timestamp;
use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};

use crate::domain::Said;

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

impl NewProduct {
    /// What it says of the product, unchecked.
    pub fn said(&self) -> Said<'_> {
        let Self { name, description, category, price, .. } = self;
        Said { name, description, category, price }
    }
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

impl ProductChange {
    /// What it says of the product, unchecked.
    pub fn said(&self) -> Said<'_> {
        let Self { name, description, category, price, .. } = self;
        Said { name, description, category, price }
    }
}

fn yes() -> bool {
    true
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
    pub time: Timestamp,
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
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
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
