//! Events that every service can produce.

use clock::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

/// What can happen in every service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all_fields = "camelCase")]
#[strum_discriminants(
    name(ServiceEventKind),
    doc = "The kinds of [`ServiceEvent`]s.",
    derive(IntoStaticStr, EnumString, VariantArray, Hash),
    strum(const_into_str)
)]
pub enum ServiceEvent {
    /// A target kept refusing an event, which was put aside.
    #[strum_discriminants(strum(serialize = "delivery.parked"))]
    DeliveryParked(Delivery),
    /// A parked event was delivered after all.
    #[strum_discriminants(strum(serialize = "delivery.redriven"))]
    DeliveryRedriven {
        /// Which.
        #[serde(flatten)]
        delivery: Delivery,
        /// Whose event it is.
        source: String,
        /// When it was put aside.
        parked_at: Timestamp,
    },
    /// Somebody is disabled or erased, and does nothing more here; nobody buys from them. `sequence` is the place
    /// in auth's log of what this answers.
    #[strum_discriminants(strum(serialize = "person.stopped"))]
    PersonStopped {
        /// Why.
        reason: StopReason,
        /// The place of that news in auth's log.
        sequence: i64,
    },
    /// Somebody may act again; `sequence` is the place in auth's log of what this answers.
    #[strum_discriminants(strum(serialize = "person.resumed"))]
    PersonResumed {
        /// The place of that news in auth's log.
        sequence: i64,
    },
    /// Someone asked for what they may not. The first within a minute is told at once; `repeated` is how many more
    /// like it (the same person, permission and route) there were since the one told before.
    #[strum_discriminants(strum(serialize = "permission.refused"))]
    PermissionRefused {
        /// What they would need.
        permission: String,
        /// What they asked for.
        path: String,
        /// The request.
        request_id: String,
        /// How many more there were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeated: Option<i64>,
    },
    /// A request with an `Idempotency-Key` was answered whose effect has no event of its own.
    #[strum_discriminants(strum(serialize = "request.answered"))]
    RequestAnswered {
        /// What was asked for.
        operation: String,
    },
}

/// An event that a target refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Who refused the event.
    pub target: String,
    /// Its place in the service's log.
    pub sequence: i64,
    /// Its id.
    pub event_id: String,
    /// Its kind.
    pub event_type: String,
    /// How it was refused.
    pub reason: String,
}

/// Why somebody does nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StopReason {
    /// The account is disabled.
    Disabled,
    /// The account is gone.
    Erased,
}
