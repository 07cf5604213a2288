//! Bodies of requests and responses, and what other services send and get.

use clock::Timestamp;
use contract::orders::Status;
use contract::products::Wanted;
use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Action, Address, Shipment};

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
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    #[serde(deserialize_with = "edge::lower_id")]
    pub product_id: String,
    pub quantity: i64,
    /// What the buyer believes the price is; without it the catalogue's is taken.
    #[serde(default)]
    pub price: Option<Decimal>,
}

impl From<Item> for Wanted {
    fn from(Item { product_id, quantity, price }: Item) -> Self {
        Self { product_id, quantity, price }
    }
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
    pub allowed_actions: Vec<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<&'a str>,
    /// What sellers have sent; a seller sees only their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shipments: Vec<OrderShipment<'a>>,
    /// Until when it waits for its payment; left out when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
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
    pub time: Timestamp,
    pub actor: String,
    pub data: Value,
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
