//! The catalogue and its stock: their events, and the bodies of the routes that hold stock for orders.

use clock::Timestamp;
use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

use crate::{Line, OrderId, ProductId, Units, UserId};

/// What happens to products and their stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all_fields = "camelCase")]
#[strum_discriminants(
    name(ProductEventKind),
    doc = "The kinds of [`ProductEvent`]s.",
    derive(IntoStaticStr, EnumString, VariantArray, Hash),
    strum(const_into_str)
)]
pub enum ProductEvent {
    /// A product is on sale.
    #[strum_discriminants(strum(serialize = "product.created"))]
    Created {
        /// Who sells it.
        seller_id: UserId,
        /// Its name.
        name: String,
        /// What it is.
        description: String,
        /// Its category; may be empty.
        category: String,
        /// Of one unit, in minor units.
        price: i64,
        /// Of the price.
        #[serde(deserialize_with = "money::recorded")]
        currency: Currency,
        /// Units on hand.
        stock: i64,
    },
    /// A product is other than it was.
    #[strum_discriminants(strum(serialize = "product.changed"))]
    Changed {
        /// Its name.
        name: String,
        /// What it is.
        description: String,
        /// Its category; may be empty.
        category: String,
        /// Of one unit, in minor units.
        price: i64,
        /// Of the price. It never changes.
        #[serde(deserialize_with = "money::recorded")]
        currency: Currency,
        /// Whether it can be bought.
        active: bool,
        /// The revision it was meant for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_revision: Option<i64>,
    },
    /// A product is no longer on sale.
    #[strum_discriminants(strum(serialize = "product.withdrawn"))]
    Withdrawn {
        /// The revision it was meant for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_revision: Option<i64>,
    },
    /// The seller counted, or got more.
    #[strum_discriminants(strum(serialize = "stock.adjusted"))]
    StockAdjusted {
        /// Units more, or less.
        delta: i64,
        /// Why.
        reason: String,
        /// The revision it was meant for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_revision: Option<i64>,
    },
    /// Stock is held for an order. The subject is the order.
    #[strum_discriminants(strum(serialize = "stock.reserved"))]
    StockReserved(Hold),
    /// A changed order holds other stock than before.
    #[strum_discriminants(strum(serialize = "stock.rereserved"))]
    StockRereserved(Hold),
    /// What was held for an order left the warehouse; of these lines, when it says so.
    #[strum_discriminants(strum(serialize = "stock.confirmed"))]
    StockConfirmed {
        /// The order.
        order_id: OrderId,
        /// What left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lines: Option<Vec<Units>>,
    },
    /// What was held for an order is free again.
    #[strum_discriminants(strum(serialize = "stock.released"))]
    StockReleased {
        /// The order.
        order_id: OrderId,
    },
    /// What an order had taken is in the warehouse again.
    #[strum_discriminants(strum(serialize = "stock.returned"))]
    StockReturned {
        /// The order.
        order_id: OrderId,
    },
}

/// Stock that is held for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// The order.
    pub order_id: OrderId,
    /// Until when, unless the order is paid.
    pub expires_at: Timestamp,
    /// Of the prices.
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
    /// What is held.
    pub lines: Vec<HeldLine>,
}

/// Units that are held. What is held beside the lines of a changed order has no price, as nobody is about to buy it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HeldLine {
    /// Of which product, and how many.
    #[serde(flatten)]
    pub units: Units,
    /// At what price.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub sale: Option<Sale>,
}

/// How a held product is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Sale {
    /// Its name.
    pub name: String,
    /// Who sells it.
    pub seller_id: UserId,
    /// Of one unit, in minor units.
    pub price: i64,
}

/// `POST /internal/products/reservations` and `PUT …/{orderId}`: what orders asks products to hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserve {
    /// The order.
    pub order_id: OrderId,
    /// Until when.
    pub expires_at: Timestamp,
    /// All that is wanted.
    pub lines: Vec<Wanted>,
    /// Whether it is wanted besides what is held already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// Only when the hold is at this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// Units that are wanted, and the price that the buyer expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// The product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: i64,
    /// What one is believed to cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Decimal>,
}

/// What products holds, at the catalogue's prices.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserved {
    /// Of the prices.
    #[serde(deserialize_with = "money::recorded")]
    pub currency: Currency,
    /// What is held.
    pub lines: Vec<Line>,
    /// Of the hold.
    #[serde(default)]
    pub version: i64,
}
