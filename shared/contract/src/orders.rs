//! Orders: their events, their states, and what the service answers to others.

use clock::Timestamp;
use money::{Amount, Currency};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

use crate::{Line, OrderId, PaymentId, Units, UserId};

/// What happens to orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all_fields = "camelCase")]
#[strum_discriminants(
    name(OrderEventKind),
    doc = "The kinds of [`OrderEvent`]s.",
    derive(IntoStaticStr, EnumString, VariantArray, Hash),
    strum(const_into_str)
)]
pub enum OrderEvent {
    /// An order exists; its stock is held until `expiresAt`.
    #[strum_discriminants(strum(serialize = "order.placed"))]
    Placed(Content),
    /// An order that is not paid has other lines.
    #[strum_discriminants(strum(serialize = "order.changed"))]
    Changed(Content),
    /// An order goes to another address, which is personal, and not told.
    #[strum_discriminants(strum(serialize = "order.readdressed"))]
    Readdressed {
        /// Whose order it is.
        buyer_id: UserId,
    },
    /// A payment of an order is not decided yet, so that no other one can be made; `sequence` is the place of that news
    /// in payments' log.
    #[strum_discriminants(strum(serialize = "order.payment_pending"))]
    PaymentPending(PaymentNews),
    /// A payment of an order that was open has come to nothing; `sequence` is the place of that news in payments' log.
    #[strum_discriminants(strum(serialize = "order.payment_ended"))]
    PaymentEnded(PaymentNews),
    /// A payment came for an order that cannot be paid; it is given back.
    #[strum_discriminants(strum(serialize = "order.payment_rejected"))]
    PaymentRejected {
        /// Whose order it is; `None` when there is no such order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        buyer_id: Option<UserId>,
        /// The payment that is not taken.
        payment_id: PaymentId,
        /// What was paid.
        #[serde(flatten)]
        amount: Amount,
        /// Why.
        reason: Rejection,
    },
    /// An order is paid; its goods leave the warehouse.
    #[strum_discriminants(strum(serialize = "order.paid"))]
    Paid {
        /// Whose order it is.
        buyer_id: UserId,
        /// What paid it.
        payment_id: PaymentId,
        /// What was paid.
        #[serde(flatten)]
        amount: Amount,
        /// What is sold.
        lines: Vec<Units>,
    },
    /// Some of its sellers have sent their part.
    #[strum_discriminants(strum(serialize = "order.partly_shipped"))]
    PartlyShipped(Parcel),
    /// All parts of an order were sent.
    #[strum_discriminants(strum(serialize = "order.shipped"))]
    Shipped(Parcel),
    /// The part of some of its sellers has arrived.
    #[strum_discriminants(strum(serialize = "order.partly_delivered"))]
    PartlyDelivered(Arrival),
    /// All parts of an order have arrived.
    #[strum_discriminants(strum(serialize = "order.delivered"))]
    Delivered(Arrival),
    /// An order was cancelled. `refund`: what was paid is to be given back; `restock`: what had left the warehouse is
    /// for sale again.
    #[strum_discriminants(strum(serialize = "order.cancelled"))]
    Cancelled {
        /// Whose order it is.
        buyer_id: UserId,
        /// What had paid it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_id: Option<PaymentId>,
        /// Whether payments is to give the money back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        refund: bool,
        /// Whether the goods are for sale again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restock: bool,
        /// Why, when nobody asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<CancelReason>,
    },
    /// An order was not paid in time.
    #[strum_discriminants(strum(serialize = "order.expired"))]
    Expired {
        /// Whose order it is.
        buyer_id: UserId,
    },
    /// Money was given back; the order stays as it is. With `restock` the goods of a parcel on its way are for sale
    /// again.
    #[strum_discriminants(strum(serialize = "order.refund_noted"))]
    RefundNoted {
        /// What was given back.
        #[serde(flatten)]
        refund: RefundOfOrder,
        /// Whether the goods are for sale again; said with the refund of all that is left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restock: Option<bool>,
    },
    /// All of the money was given back.
    #[strum_discriminants(strum(serialize = "order.refunded"))]
    Refunded {
        /// What was given back.
        #[serde(flatten)]
        refund: RefundOfOrder,
        /// Whether the goods are for sale again.
        #[serde(default)]
        restock: bool,
    },
    /// What was personal in a buyer's orders is gone, and they do nothing more. The subject is the buyer.
    #[strum_discriminants(strum(serialize = "buyer.erased"))]
    BuyerErased {
        /// The place of that news in auth's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<i64>,
    },
}

/// What an order is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Whose order it is.
    pub buyer_id: UserId,
    /// Of all amounts.
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
    /// The sum of the lines, in minor units.
    pub total: i64,
    /// What is ordered.
    pub lines: Vec<Line>,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

/// News of a payment that has not paid its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentNews {
    /// Whose order it is.
    pub buyer_id: UserId,
    /// The payment.
    pub payment_id: PaymentId,
    /// The place of the news in payments' log.
    pub sequence: i64,
}

/// What sellers have sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Parcel {
    /// Whose order it is.
    pub buyer_id: UserId,
    /// Whose part it is.
    pub seller_ids: Vec<UserId>,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
}

/// Parts of an order that have arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Arrival {
    /// Whose order it is.
    pub buyer_id: UserId,
    /// Whose part it is.
    pub seller_ids: Vec<UserId>,
}

/// Money that was given back of what paid an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RefundOfOrder {
    /// Whose order it is.
    pub buyer_id: UserId,
    /// What had paid it.
    pub payment_id: PaymentId,
    /// What was given back now.
    #[serde(flatten)]
    pub amount: Amount,
    /// What was given back in all, in minor units.
    pub refunded_total: i64,
}

/// Why an order does not take a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Rejection {
    /// There is no such order.
    UnknownOrder,
    /// Another payment paid it.
    AlreadyPaid,
    /// It was cancelled.
    OrderCancelled,
    /// It was not paid in time.
    OrderExpired,
    /// It costs something else.
    AmountMismatch,
    /// Somebody who sells a line of it is disabled or erased.
    SellerStopped,
}

/// Why an order was cancelled that nobody asked to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// All of its money was given back.
    Refunded,
}

/// Where an order stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OrderStatus"))]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Status {
    /// Not paid yet.
    Ordered,
    /// Paid, not sent.
    Paid,
    /// All parts were sent.
    Shipped,
    /// All parts have arrived.
    Delivered,
    /// Given up; what was paid goes back.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// All of the money was given back.
    Refunded,
}

/// `GET /internal/orders/orders/{id}`: an order as payments and products need it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The order's.
    pub id: OrderId,
    /// Whose order it is.
    pub buyer_id: UserId,
    /// Where it stands.
    pub status: Status,
    /// Of the total.
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
    /// In minor units.
    pub total: i64,
    /// The order's version, its ETag.
    pub version: i64,
    /// Its sellers, each once.
    pub seller_ids: Vec<UserId>,
    /// What is sold when it is paid.
    pub lines: Vec<Units>,
    /// Who of its buyer and sellers is disabled or erased.
    pub stopped: Vec<UserId>,
}
