//! Bodies of responses; those of the registry are in `api/discovery.rs`.

pub mod discovery;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What there is.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Index {
    pub name: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    /// Where to go on, by what is there.
    pub links: BTreeMap<&'static str, &'static str>,
    pub services: Vec<IndexedService>,
}

/// A service and where its health is told.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IndexedService {
    #[cfg_attr(feature = "schema", schemars(with = "ServiceName"))]
    pub name: &'static str,
    pub health: String,
}

/// Whether the services work.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    /// `DOWN` when any service is.
    pub status: Status,
    pub version: &'static str,
    pub services: BTreeMap<&'static str, ServiceHealth>,
}

/// Whether the process runs.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Liveness {
    pub status: Status,
}

/// Whether requests can be served, and what is not as it should be.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Readiness {
    pub status: ReadyStatus,
    /// `<service>: <what>`; of one that is down why, of a degraded one what waits.
    pub reasons: Vec<String>,
}

/// Ready, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum ReadyStatus {
    /// All is well.
    Up,
    /// Requests are served, but events wait or a payment provider is away.
    Degraded,
    /// Some service cannot serve.
    Down,
}

/// Whether a service works.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OneHealth {
    #[cfg_attr(feature = "schema", schemars(with = "ServiceName"))]
    pub service: &'static str,
    #[serde(flatten)]
    pub health: ServiceHealth,
}

/// Whether a service answers and can read its database.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceHealth {
    pub status: Status,
    /// How long it took to know.
    pub latency_ms: u64,
    /// How far each target has got; known of services that are up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<Vec<Lag>>,
    /// How payments stands with its providers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<Provider>,
    /// Why it counts as down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HealthStatus"))]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Up,
    Down,
}

impl Status {
    /// `Up`, if it is.
    pub fn of(up: bool) -> Self {
        if up { Self::Up } else { Self::Down }
    }
}

/// What `GET /internal/<service>/health` answers.
#[derive(Deserialize)]
pub struct Report {
    #[serde(default)]
    pub relay: Vec<Lag>,
    #[serde(default)]
    pub providers: Vec<Provider>,
}

/// A payment provider and its circuit breaker.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ProviderHealth"))]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    pub name: String,
    /// `closed`, `open` or `half_open`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["closed", "open", "half_open"])))]
    pub breaker: String,
    /// Calls of the breaker's window.
    pub calls: i64,
    /// Of these, those that failed.
    pub failures: i64,
    /// Disputes that are to be decided.
    pub open_disputes: i64,
    /// Refunds that it refused and that are to be asked for again.
    pub owed_refunds: i64,
    /// Payments whose money it booked otherwise than was asked.
    pub conflicts: i64,
}

/// What it answers instead: a problem.
#[derive(Deserialize)]
pub struct AnsweredProblem {
    pub code: String,
    pub detail: String,
}

/// How far a target has got.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RelayLag"))]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    pub target: String,
    /// Events that it has not got yet.
    pub pending: i64,
    /// Seconds since the first of them happened.
    pub oldest_seconds: i64,
    /// Failed tries in a row.
    pub failures: i64,
    /// Events that it kept refusing and that were put aside.
    pub parked: i64,
}

/// What the chores did.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Swept {
    /// What each service says that it did; `more: true` when it is worth to come again at once.
    pub done: BTreeMap<&'static str, serde_json::Value>,
    /// The chores that were not done.
    pub failed: Vec<String>,
}

edge::shape! {
    /// The name of a service.
    ServiceName { "type": "string", "enum": contract::SERVICES }
}

edge::shape! {
    /// Public keys as RFC 7517 has them.
    KeySet {
        "type": "object",
        "required": ["keys"],
        "properties": {
            "keys": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["kty", "crv", "x", "kid", "use", "alg"],
                    "properties": {
                        "kty": { "type": "string" },
                        "crv": { "type": "string" },
                        "x": { "type": "string" },
                        "kid": { "type": "string" },
                        "use": { "type": "string" },
                        "alg": { "type": "string" },
                    },
                },
            },
        },
    }
}
