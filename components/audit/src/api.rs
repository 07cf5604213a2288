//! Bodies of requests and responses. The intake's are CloudEvents.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Timestamp;

#[cfg(feature = "schema")]
use crate::domain::MAX_ATTRIBUTE;

/// What became of the events.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recorded {
    /// Events that are new in the log.
    pub accepted: usize,
    /// Events that were there already.
    pub duplicates: usize,
}

/// The query of `GET /api/v1/audit/events`, besides `limit` and `cursor`.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Filters {
    /// Such as `jangteo.order.paid.v1`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Such as `/jangteo/orders`.
    pub source: Option<String>,
    /// The id of what it happened to.
    pub subject: Option<String>,
    /// A user's id, or `service:<name>`.
    pub actor: Option<String>,
    /// What is of this moment or later, or of this day (UTC) or later.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Moment>"))]
    pub from: Option<String>,
    /// What is before this moment, or of this day (UTC) at the latest. Not before `from`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Moment>"))]
    pub to: Option<String>,
}

/// The query of `GET /api/v1/audit/verify` and `…/export`: places in the log.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Span {
    /// The `sequence` of the first entry; the first of all when left out.
    #[cfg_attr(feature = "schema", schemars(with = "Option<i64>", range(min = 1, max = i64::MAX)))]
    pub from: Option<String>,
    /// The `sequence` of the last entry; the last of all when left out.
    #[cfg_attr(feature = "schema", schemars(with = "Option<i64>", range(min = 1, max = i64::MAX)))]
    pub to: Option<String>,
}

/// The query of `GET /api/v1/events`, besides `limit`.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subscription {
    /// The `sequence` of the last event that the subscriber has.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<i64>", range(min = 0, max = i64::MAX), extend("default" = 0))
    )]
    pub after: Option<String>,
    /// Such as `/jangteo/orders`.
    pub source: Option<String>,
}

/// Which parked event is to be delivered again.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// The service whose event it is, such as `orders`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = contract::SERVICES)))]
    pub source: String,
    /// The target that refused it.
    pub target: String,
    /// Its place in the service's log.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = i64::MAX)))]
    pub sequence: i64,
}

/// Whether the log is as it was recorded.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Verification"))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AuditCheckpoint"))]
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
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "AuditEvent", extend("additionalProperties" = true))
)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// As it came, but for the source's own `sequence` and `hash`, which are `sourcesequence` and `sourcehash` here.
    #[cfg_attr(feature = "schema", schemars(with = "LoggedEvent"))]
    #[serde(flatten)]
    pub event: Map<String, Value>,
    /// Place in the audit log.
    pub sequence: i64,
    pub received_at: Timestamp,
    /// SHA-256 of the entry and, by way of `prevHash`, of all before it.
    pub hash: String,
    pub prev_hash: String,
}

/// An event that a target kept refusing, and that was put aside.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ParkedEvent {
    /// The service whose event it is.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = contract::SERVICES)))]
    pub source: String,
    /// Who refused it.
    pub target: String,
    /// Its place in the service's log.
    pub sequence: i64,
    pub event_id: String,
    /// Such as `order.placed`.
    pub event_type: String,
    pub reason: String,
    pub parked_at: Timestamp,
}

/// What became of a parked event.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Redriven {
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["DELIVERED"])))]
    pub status: String,
}

edge::shape! {
    /// By service: what its relay has left, or that it is away.
    Relayed {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "relay": { "type": "array", "items": { "$ref": "#/components/schemas/RelayLag" } },
                "status": { "$ref": "#/components/schemas/HealthStatus" },
                "reason": { "type": "string" },
            },
        },
    }
}

/// No control characters.
#[cfg(feature = "schema")]
const VISIBLE: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";

edge::shape! {
    /// CloudEvents 1.0, JSON format; extensions are kept. As there, and unlike in every other body, an optional
    /// attribute or the data may be `null`, which is the same as leaving it out.
    CloudEvent {
        "type": "object",
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "minLength": 1, "maxLength": MAX_ATTRIBUTE, "pattern": VISIBLE },
            "source": {
                "type": "string",
                "format": "uri-reference",
                "minLength": 1,
                "maxLength": MAX_ATTRIBUTE,
                "pattern": VISIBLE
            },
            "type": { "type": "string", "minLength": 1, "maxLength": MAX_ATTRIBUTE, "pattern": VISIBLE },
            "subject": { "type": "string", "minLength": 1, "maxLength": MAX_ATTRIBUTE, "pattern": VISIBLE },
            "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "type": "string", "minLength": 1 },
            "data": {},
            "data_base64": { "type": "string" },
        },
        "propertyNames": { "pattern": "^([a-z0-9]+|data_base64)$" },
        "additionalProperties": true,
    }
}

edge::shape! {
    /// The attributes of an event in the log.
    LoggedEvent {
        "type": "object",
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string" },
            "source": { "type": "string", "format": "uri-reference" },
            "type": { "type": "string" },
            "subject": { "type": "string" },
            "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "type": "string" },
            "dataschema": {
                "type": "string",
                "description": "Names the JSON Schema of the data: `/schemas/<type>.json`."
            },
            "submittedby": { "type": "string", "description": "Who sent it, of an event from outside." },
            "traceparent": { "type": "string" },
            "actor": { "type": "string", "description": "A user's id, or `service:<name>`." },
            "sourcesequence": { "type": "string", "description": "Place in the source's own log." },
            "data": {},
        },
    }
}

edge::shape! {
    /// The id of an event: a UUID, or what another system made it.
    EventId { "type": "string", "minLength": 1 }
}
