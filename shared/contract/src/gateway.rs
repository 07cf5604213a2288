//! The registry of services that run elsewhere: its events.

use clock::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

/// What happens to registered instances. Heartbeats are no events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all_fields = "camelCase")]
#[strum_discriminants(
    name(InstanceEventKind),
    doc = "The kinds of [`InstanceEvent`]s.",
    derive(IntoStaticStr, EnumString, VariantArray, Hash),
    strum(const_into_str)
)]
pub enum InstanceEvent {
    /// An instance of a service can be called.
    #[strum_discriminants(strum(serialize = "instance.registered"))]
    Registered(Offer),
    /// An instance registered again: with other details, or after it was down.
    #[strum_discriminants(strum(serialize = "instance.renewed"))]
    Renewed(Offer),
    /// An instance is not to be called any more.
    #[strum_discriminants(strum(serialize = "instance.unregistered"))]
    Unregistered {},
    /// An instance was not heard of for too long, and is not called.
    #[strum_discriminants(strum(serialize = "instance.down"))]
    Down {
        /// When it was heard of last.
        last_seen_at: Timestamp,
    },
    /// An instance that was down was heard of again.
    #[strum_discriminants(strum(serialize = "instance.up"))]
    Up {},
    /// An instance was not heard of for so long that it was removed.
    #[strum_discriminants(strum(serialize = "instance.expired"))]
    Expired {
        /// When it was heard of last.
        last_seen_at: Timestamp,
    },
}

/// What an instance says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// The name of its service.
    pub name: String,
    /// Where it answers, without a slash at the end.
    pub url: String,
    /// What its owner says of it.
    pub tags: Vec<String>,
    /// Its share of the calls, beside the weights of the others of its name.
    pub weight: i64,
    /// Where its health is told, below its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_path: Option<String>,
}
