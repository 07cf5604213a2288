//! Bodies of requests and responses, and what other services send and get.

use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Line, Shipment, Status};

/// `POST /api/orders`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    pub items: Vec<Item>,
    pub shipping_address: Address,
}

/// `PUT /api/orders/{id}`: what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderChange {
    pub items: Option<Vec<Item>>,
    pub shipping_address: Option<Address>,
}

/// `POST /api/orders/{id}/ship`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewShipment {
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
}

/// `POST /api/orders/{id}/deliver`: nothing to be said.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDelivery {}

/// Query parameters of lists of orders.
#[derive(Deserialize)]
pub struct Filters {
    pub status: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// What is wanted of one product.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    #[serde(deserialize_with = "edge::lower_id")]
    pub product_id: String,
    pub quantity: i64,
    /// What the buyer believes the price is; without it the catalogue's is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Decimal>,
}

/// Where the goods go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    pub street: String,
    pub city: String,
    pub zip_code: String,
}

/// An order as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order<'a> {
    pub id: &'a str,
    pub buyer_id: &'a str,
    pub status: Status,
    pub items: Vec<OrderLine<'a>>,
    pub total: Decimal,
    pub currency: Currency,
    /// `null` when the buyer's account was erased; left out for a seller who has no parcel to send there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<Option<&'a Address>>,
    /// What the one who looks may do next.
    pub allowed_actions: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<&'a str>,
    /// What sellers have sent; a seller sees only their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shipments: Vec<OrderShipment<'a>>,
    /// Until when it waits for its payment; left out when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<&'a str>,
    pub created_at: &'a str,
    pub updated_at: &'a str,
}

/// A line of an order as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine<'a> {
    pub product_id: &'a str,
    pub name: &'a str,
    pub seller_id: &'a str,
    pub quantity: i64,
    pub price: Decimal,
    pub line_total: Decimal,
}

/// What a seller has sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderShipment<'a> {
    pub seller_id: &'a str,
    #[serde(flatten)]
    pub shipment: &'a Shipment,
}

/// An entry of an order's history.
#[derive(Serialize)]
pub struct Recorded {
    /// Its place in the order's history: 1, 2, 3 …
    pub sequence: i64,
    #[serde(rename = "type")]
    pub kind: String,
    pub time: String,
    pub actor: String,
    pub data: Value,
}

/// The data of `order.placed` and `order.changed`, as the history reads them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placed {
    pub buyer_id: String,
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
    pub lines: Vec<Line>,
    pub expires_at: String,
}

/// What products is asked to hold.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserve<'a> {
    pub order_id: &'a str,
    pub expires_at: &'a str,
    pub lines: &'a [Item],
    /// Besides what is held already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// Only when the hold is at this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// What products holds, at the catalogue's prices.
#[derive(Deserialize)]
pub struct Reserved {
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
    pub lines: Vec<Line>,
}

/// A hold that was changed.
#[derive(Deserialize)]
pub struct Held {
    #[serde(flatten)]
    pub reserved: Reserved,
    pub version: i64,
}

/// `GET /internal/orders/orders/{id}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary<'a> {
    pub id: &'a str,
    pub buyer_id: &'a str,
    pub status: Status,
    pub currency: Currency,
    /// In minor units.
    pub total: i64,
    pub version: i64,
    pub seller_ids: Vec<&'a str>,
    /// What is sold when it is paid: product and quantity.
    pub lines: Value,
    /// Who of its buyer and sellers is disabled or erased.
    pub stopped: Vec<String>,
}

/// The data of payments' `jangteo.payment.captured.v1`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Captured {
    pub order_id: String,
    pub payment_id: String,
    /// In minor units.
    pub amount: i64,
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
}

/// A sum of money in an event.
#[derive(Clone, Copy, Deserialize)]
pub struct Sum {
    /// In minor units.
    pub amount: i64,
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
}

/// The data of payments' `jangteo.conflict.resolved.v1`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    pub order_id: String,
    pub payment_id: String,
    /// Whether the payment stands; else it is given back.
    pub accepted: bool,
    /// What was taken.
    #[serde(flatten)]
    pub taken: Sum,
    /// What was asked for: the order's total then.
    pub asked: Sum,
    /// What had been given back without our knowing, in minor units like the next.
    pub refunded: i64,
    /// All that was given back.
    pub refunded_total: i64,
    /// Whether nothing of the payment is left.
    pub full: bool,
}

/// The data of payments' news of a payment that did not pay its order: `jangteo.payment.deferred.v1` and the like.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct News {
    pub order_id: String,
    pub payment_id: String,
    /// Whether the order may have been told that it is open.
    #[serde(default)]
    pub was_open: bool,
}

/// The data of payments' `jangteo.payment.refunded.v1`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refunded {
    pub order_id: String,
    pub payment_id: String,
    /// In minor units, like the total of this and earlier refunds.
    pub amount: i64,
    pub refunded_total: i64,
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
    /// Whether nothing of the payment is left.
    pub full: bool,
    /// Whether the goods came back.
    #[serde(default)]
    pub restock: bool,
}

/// `POST /internal/orders/sweep`.
#[derive(Serialize)]
pub struct Swept {
    pub expired: usize,
    /// Whether there is more to do.
    pub more: bool,
}

/// `GET /internal/orders/sold`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pair {
    pub seller_id: String,
    pub buyer_id: String,
}
