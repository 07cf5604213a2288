//! What services tell each other, declared once and used by both sides: the events of each service, and the bodies of
//! its internal routes, and the ids in all of these. One module per service; `permissions` has what roles permit.
//!
//! An event's name (`order.placed`) stands in the attribute of its variant; the variant's fields are its data. The doc
//! comment and the example of each variant make `docs/events.md` and the JSON Schemas (feature `schema`).
//!
//! Amounts in events are integers of the currency's minor unit here and in a service's own log; `published` makes
//! decimals of them for everyone else. Who reads an event must bear members it does not know: members may be added
//! within a version.

#![expect(missing_docs, reason = "the `into_str` that strum derives has none; all else has")]

pub mod audit;
pub mod auth;
pub mod every;
pub mod gateway;
mod id;
pub mod orders;
pub mod payments;
pub mod permissions;
pub mod products;
pub mod published;
pub mod users;

#[cfg(feature = "schema")]
pub mod catalogue;

use std::fmt::Debug;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::IntoDiscriminant;

pub use id::{
    Id, InstanceId, NotAnId, OrderId, PaymentId, ProductId, RefundId, ResetId, SessionId, UserId, named,
};

/// The services: who has a log of its own, and internal routes. By these names they are called, and their events sent.
pub const SERVICES: [&str; 7] = ["auth", "users", "products", "orders", "payments", "audit", "gateway"];

/// An event of one of this crate's enums.
pub trait DomainEvent {
    /// Its name, such as `order.placed`.
    fn name(&self) -> &'static str;

    /// Its data: a JSON object.
    fn data(&self) -> Value;
}

impl<E> DomainEvent for E
where
    E: Serialize + IntoDiscriminant,
    E::Discriminant: Into<&'static str>,
{
    fn name(&self) -> &'static str {
        self.discriminant().into()
    }

    fn data(&self) -> Value {
        // The enums are externally tagged, and their members are plain. (Tagged otherwise, serde makes each reader
        // twice, which cost orders 0.4 MB.)
        let tagged = serde_json::to_value(self).unwrap_or_default();
        let Value::Object(members) = tagged else { return Value::Object(Map::new()) };
        members.into_iter().next().map(|(_, data)| data).unwrap_or_default()
    }
}

/// Read the event `name`; `None` when it is none of `E`'s, and then its `data` is not asked for.
///
/// # Errors
/// When the data has not the members that such an event must have.
pub fn read<E>(name: &str, data: impl FnOnce() -> Value) -> Option<Result<E, serde_json::Error>>
where
    E: DeserializeOwned + IntoDiscriminant,
    E::Discriminant: FromStr + Debug,
{
    let kind = E::Discriminant::from_str(name).ok()?;
    let tagged = Map::from_iter([(format!("{kind:?}"), data())]);
    Some(serde_json::from_value(Value::Object(tagged)))
}

/// A line of an order at the price it is sold for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The product.
    pub product_id: ProductId,
    /// Its name when it was ordered.
    pub name: String,
    /// Who sells it.
    pub seller_id: UserId,
    /// Units.
    pub quantity: i64,
    /// Of one unit, in minor units.
    pub price: i64,
}

/// Units of a product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Units {
    /// The product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: i64,
}
