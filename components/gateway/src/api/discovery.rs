//! Bodies of the registry.

use clock::Timestamp;
use contract::InstanceId;
use serde::Serialize;

use super::Status;

/// What a registered instance has to know.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RegisteredInstance"))]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    pub id: InstanceId,
    pub name: String,
    pub url: String,
    pub status: Status,
    /// Within so many seconds it has to send a heartbeat.
    pub ttl_seconds: i64,
}

/// The answer to a heartbeat.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Heartbeat"))]
#[serde(rename_all = "camelCase")]
pub struct Heard {
    pub id: InstanceId,
    pub status: Status,
    /// Within so many seconds it has to send the next one.
    pub ttl_seconds: i64,
}

/// A registered instance.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Instance {
    pub id: InstanceId,
    pub name: String,
    pub status: Status,
    /// For callers with `discovery:read`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
}

/// What not everyone sees of an instance.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InstanceDetails"))]
#[serde(rename_all = "camelCase")]
pub struct Details {
    pub url: String,
    pub tags: Vec<String>,
    pub weight: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_path: Option<String>,
    pub registered_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// What a clean-up did.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CleanedUp {
    /// Instances that are DOWN now.
    pub down: usize,
    /// Instances that were removed.
    pub removed: usize,
}

/// The services.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Services {
    pub items: Vec<Service>,
}

/// A service that can be called here.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Service {
    pub name: String,
    /// Whether it is one of ours.
    pub built_in: bool,
    pub status: Status,
    /// Those that are called; ours are not counted.
    pub instances: Vec<LiveInstance>,
}

/// An instance that is called.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveInstance {
    pub id: InstanceId,
    pub weight: i64,
    /// For callers with `discovery:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
