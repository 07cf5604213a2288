//! Bodies of requests and responses, and what other services send and get.

use clock::Timestamp;
use contract::orders::Status;
use contract::products::Wanted;
use contract::{OrderId, PaymentId, ProductId, UserId};
use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Action, Address, Shipment};
#[cfg(feature = "schema")]
use crate::domain::{draft, shipping};

/// An order to be placed.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = draft::MAX_LINES)))]
    pub items: Vec<NewOrderItem>,
    pub shipping_address: Address,
}

/// What an order is to have instead; what is left out stays. `items` are all that it is to have.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(extend("minProperties" = 1)))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderChange {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = draft::MAX_LINES)))]
    pub items: Option<Vec<NewOrderItem>>,
    pub shipping_address: Option<Address>,
}

/// What is known of a parcel.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewShipment {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = shipping::MAX_LABEL)))]
    pub carrier: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = shipping::MAX_LABEL)))]
    pub tracking_number: Option<String>,
}

/// That a parcel has arrived: nothing to be said.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewDelivery {}

/// Query parameters of lists of orders.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Filters {
    /// Orders in this state.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Status>"))]
    pub status: Option<String>,
    /// Placed then or later.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Moment>"))]
    pub from: Option<String>,
    /// Placed before; of a day, all of it.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Moment>"))]
    pub to: Option<String>,
}

/// What is wanted of one product.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrderItem {
    pub product_id: ProductId,
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = draft::MAX_QUANTITY)))]
    pub quantity: i64,
    /// What the buyer believes the price is; without it the catalogue's is taken.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Price>"))]
    #[serde(default)]
    pub price: Option<Decimal>,
}

impl From<NewOrderItem> for Wanted {
    fn from(NewOrderItem { product_id, quantity, price }: NewOrderItem) -> Self {
        Self { product_id, quantity, price }
    }
}

/// An order as it is shown.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Order<'a> {
    pub id: OrderId,
    pub buyer_id: UserId,
    pub status: Status,
    pub items: Vec<OrderLine<'a>>,
    pub total: Decimal,
    pub currency: Currency,
    /// `null` when the buyer's account was erased; left out for a seller who has no parcel to send there.
    #[cfg_attr(feature = "schema", schemars(extend("x-nullable" = true)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<Option<&'a Address>>,
    /// What the one who looks may do next.
    pub allowed_actions: Vec<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderLine<'a> {
    pub product_id: ProductId,
    pub name: &'a str,
    pub seller_id: UserId,
    pub quantity: i64,
    pub price: Decimal,
    pub line_total: Decimal,
}

/// What a seller has sent.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Shipment"))]
#[serde(rename_all = "camelCase")]
pub struct OrderShipment<'a> {
    pub seller_id: UserId,
    #[serde(flatten)]
    pub shipment: &'a Shipment,
}

/// An entry of an order's history.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryEntry {
    /// Its place in the order's history: 1, 2, 3 …
    pub sequence: i64,
    #[cfg_attr(feature = "schema", schemars(with = "contract::orders::OrderEventKind"))]
    #[serde(rename = "type")]
    pub kind: String,
    pub time: Timestamp,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Actor"))]
    pub actor: String,
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, Value>"))]
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
    pub seller_id: UserId,
    pub buyer_id: UserId,
}
