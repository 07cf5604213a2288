//! Bodies of requests and responses, and what other services send and get.

use clock::Timestamp;
use contract::{ProductId, UserId};
use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::domain;
use crate::domain::Said;

/// A product to be sold.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProduct {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = domain::MAX_NAME)))]
    pub name: String,
    #[cfg_attr(feature = "schema", schemars(length(max = domain::MAX_DESCRIPTION)))]
    #[serde(default)]
    pub description: String,
    #[cfg_attr(feature = "schema", schemars(length(max = domain::MAX_LABEL)))]
    #[serde(default)]
    pub category: String,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Price"))]
    pub price: Decimal,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::ActiveCurrency", extend("default" = "USD")))]
    #[serde(default = "usd")]
    pub currency: Currency,
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = domain::MAX_STOCK)))]
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

/// What a product is to be: the whole product but its currency and its stock.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductChange {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = domain::MAX_NAME)))]
    pub name: String,
    #[cfg_attr(feature = "schema", schemars(length(max = domain::MAX_DESCRIPTION)))]
    #[serde(default)]
    pub description: String,
    #[cfg_attr(feature = "schema", schemars(length(max = domain::MAX_LABEL)))]
    #[serde(default)]
    pub category: String,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Price"))]
    pub price: Decimal,
    /// May be said, but not changed: orders count on the amounts' meaning.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::ActiveCurrency>"))]
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

/// A change of stock, and why.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StockChange {
    #[cfg_attr(
        feature = "schema",
        schemars(range(min = -domain::MAX_STOCK, max = domain::MAX_STOCK), extend("not" = { "const": 0 }))
    )]
    pub delta: i64,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = domain::MAX_LABEL)))]
    pub reason: String,
}

/// A change of stock that was made by hand.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StockMovement"))]
pub struct Movement {
    /// Its place in the product's history.
    pub sequence: i64,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["product.created", "stock.adjusted"])))]
    #[serde(rename = "type")]
    pub kind: String,
    pub time: Timestamp,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Actor"))]
    pub actor: String,
    pub delta: i64,
    pub reason: Option<String>,
}

/// A product as it is shown.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Product {
    pub id: ProductId,
    pub seller_id: UserId,
    pub name: String,
    pub description: String,
    pub category: String,
    pub price: Decimal,
    pub currency: Currency,
    pub on_hand: i64,
    /// On hand, less what is promised to orders.
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

edge::shape! {
    /// The name of a category.
    Category { "type": "string", "minLength": 1, "maxLength": domain::MAX_LABEL }
}
