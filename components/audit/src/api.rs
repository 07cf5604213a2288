//! Bodies of requests and responses. The intake's body is a CloudEvents batch (JSON batch format 1.0).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /internal/audit/events`: what became of the batch.
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
    /// RFC 3339; events of this moment or later.
    pub from: Option<String>,
    /// RFC 3339; events before this moment.
    pub to: Option<String>,
}

/// A CloudEvent and its place in the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// As it came, but for the source's own `sequence`, which is `sourcesequence` here.
    #[serde(flatten)]
    pub event: Map<String, Value>,
    /// Place in the audit log.
    pub sequence: i64,
    pub received_at: String,
}
