//! Bodies of requests and responses. The intake's are CloudEvents.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /api/v1/audit/events` and `POST /internal/audit/events`: what became of the batch.
#[derive(Serialize)]
pub struct Recorded {
    /// Events that are new in the log.
    pub accepted: usize,
    /// Events that were there already.
    pub duplicates: usize,
}

/// The query of `GET /api/v1/audit/events`, besides `limit` and `cursor`.
#[derive(Deserialize)]
pub struct Filters {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub source: Option<String>,
    pub subject: Option<String>,
    pub actor: Option<String>,
    /// A day, or RFC 3339; events of this moment or later.
    pub from: Option<String>,
    /// A day, or RFC 3339; events of this day, or before this moment.
    pub to: Option<String>,
}

/// The query of `GET /api/v1/audit/verify` and `…/export`: places in the log.
#[derive(Deserialize)]
pub struct Span {
    pub from: Option<String>,
    pub to: Option<String>,
}

/// The query of `GET /api/v1/events`, besides `limit`.
#[derive(Deserialize)]
pub struct Subscription {
    /// The `sequence` of the last event that the subscriber has.
    pub after: Option<String>,
    pub source: Option<String>,
}

/// `POST /api/v1/events/parked/redrive`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// The service whose event it is, such as `orders`.
    pub source: String,
    /// The target that refused it.
    pub target: String,
    /// Its place in the service's log.
    pub sequence: i64,
}

/// `GET /api/v1/audit/verify`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    pub valid: bool,
    /// Entries that were found to be as they were recorded.
    pub checked: i64,
    /// Signed checkpoints that fit.
    pub checkpoints: usize,
    pub from: i64,
    pub to: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_broken: Option<chain::Broken>,
}

/// A signed statement of how far the log had got.
#[derive(Serialize)]
pub struct Checkpoint {
    #[serde(flatten)]
    pub checkpoint: chain::Checkpoint,
    /// Its place among the checkpoints; left out where it is of no interest.
    #[serde(skip)]
    pub number: i64,
    /// Whether the entries up to it were removed because their time was over.
    pub cut: bool,
}

/// A CloudEvent and its place in the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// As it came, but for the source's own `sequence` and `hash`, which are `sourcesequence` and `sourcehash` here.
    #[serde(flatten)]
    pub event: Map<String, Value>,
    /// Place in the audit log.
    pub sequence: i64,
    pub received_at: String,
    /// SHA-256 of the entry and, by way of `prevHash`, of all before it.
    pub hash: String,
    pub prev_hash: String,
}
