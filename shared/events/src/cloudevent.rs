//! CloudEvents 1.0, JSON format (<https://github.com/cloudevents/spec>).

use std::fmt::Debug;
use std::str::FromStr;

use contract::Id;
use contract::published::{published, recorded};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Error, Row};
use strum::IntoDiscriminant;

/// A `type` is this, the name of what happened, and [`SUFFIX`].
const PREFIX: &str = "jangteo.";
/// The version of the data.
const SUFFIX: &str = ".v1";

/// An event as other services and the audit log see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: String,
    /// UUIDv7; unique within the source.
    pub id: String,
    /// `/jangteo/<service>`.
    pub source: String,
    /// `jangteo.<aggregate>.<what happened>.v1`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The aggregate's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time: Option<String>,
    /// `application/json`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub datacontenttype: Option<String>,
    /// Names the JSON Schema of the data; the gateway serves it at `/schemas/<type>.json`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dataschema: Option<String>,
    /// Distributed tracing extension.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traceparent: Option<String>,
    /// Sequence extension: the place in the source's log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<String>,
    /// Who did it: a user's id or `service:<name>`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor: Option<String>,
    /// The event's own content, as [`published`].
    #[serde(default)]
    pub data: Value,
}

impl CloudEvent {
    /// The columns that [`from_row`](Self::from_row) reads.
    pub(crate) const COLUMNS: &str = "data, private, type, id, stream, time, traceparent, seq, actor";

    /// The event as one of `E`; `None` when it is of another kind, or lacks data that its type demands. A receiver
    /// skips such events.
    pub fn read<E>(&self) -> Option<E>
    where
        E: DeserializeOwned + IntoDiscriminant,
        E::Discriminant: FromStr + Debug,
    {
        let name = self.kind.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        let event = contract::read(name, || recorded(self.data.clone()))?;
        event.inspect_err(|error| logline::log!("event {} {}: {error}", self.kind, self.id)).ok()
    }

    /// The event's data together with the private members that the receiver may read, as a `T`; `None` when one is
    /// missing.
    pub fn with_private<T: DeserializeOwned>(&self) -> Option<T> {
        let data = serde_json::from_value(self.data.clone());
        data.inspect_err(|error| logline::log!("event {} {}: {error}", self.kind, self.id)).ok()
    }

    /// The id of the aggregate; `None` when it has another name.
    pub fn subject_id<T>(&self) -> Option<Id<T>> {
        self.subject.as_deref()?.parse().ok()
    }

    /// The place in the source's log: events are folded in this order, not in the order of arrival. 0 when it is
    /// missing.
    pub fn place(&self) -> i64 {
        self.sequence.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// An event of `service`'s log. Of its private part only the members named in `private` are put into the data.
    pub(crate) fn from_row(service: &str, row: &Row, private: &[&str]) -> Result<Self, Error> {
        let mut data: Value = row.json("data")?;
        if let (Some(data), Some(text), false) =
            (data.as_object_mut(), row.opt_text("private")?, private.is_empty())
        {
            let hidden: Value = serde_json::from_str(&text).unwrap_or_default();
            for name in private {
                if let Some(value) = hidden.get(name) {
                    data.insert((*name).to_owned(), value.clone());
                }
            }
        }
        let data = published(data);
        let kind = format!("{PREFIX}{}{SUFFIX}", row.text("type")?);
        Ok(Self {
            specversion: "1.0".to_owned(),
            id: row.text("id")?,
            source: format!("/jangteo/{service}"),
            dataschema: Some(format!("urn:jangteo:schema:{kind}")),
            kind,
            subject: Some(row.text("stream")?),
            time: Some(row.text("time")?),
            datacontenttype: Some("application/json".to_owned()),
            traceparent: row.opt_text("traceparent")?,
            sequence: Some(row.int("seq")?.to_string()),
            actor: Some(row.text("actor")?),
            data,
        })
    }
}
