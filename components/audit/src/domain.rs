//! What the log takes and how it is searched. No I/O, no clock. `domain/binding.rs` reads CloudEvents from HTTP.

pub mod binding;

use edge::{FieldError, Period};
use serde_json::{Map, Value};
use store::Timestamp;

use crate::api::{Filters, Span};

/// The longest attribute that is taken, in bytes: an index entry should fit a page of the database.
const MAX_ATTRIBUTE: usize = 1024;
/// How the sources of our services begin.
const OWN: &str = "/jangteo/";
/// Attributes every CloudEvent has (CloudEvents 1.0, section 3.1).
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];
/// Attributes that must be texts when they are there; `actor` is an extension of ours.
const OPTIONAL: [&str; 3] = ["subject", "actor", "time"];

/// An event that the log does not take, and with it its whole batch.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {index}: {attribute} {why}")]
pub struct BadEvent {
    /// Its place in the batch, from 0.
    pub index: usize,
    pub attribute: String,
    pub why: &'static str,
}

/// Where a batch comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A service's relay, or a bridge.
    Service,
    /// A person, who must not speak for a service.
    Person,
}

/// Check every event of a batch.
///
/// # Errors
/// The first event that is not a CloudEvent 1.0, or that its origin may not send.
pub fn check(batch: &[Value], origin: Origin) -> Result<(), BadEvent> {
    for (index, event) in batch.iter().enumerate() {
        let checked = check_event(event).and_then(|()| check_origin(event, origin));
        checked.map_err(|(attribute, why)| BadEvent { index, attribute: attribute.to_owned(), why })?;
    }
    Ok(())
}

fn check_origin(event: &Value, origin: Origin) -> Result<(), (&str, &'static str)> {
    let source = event.get("source").and_then(Value::as_str).unwrap_or_default();
    match origin {
        Origin::Person if source.starts_with(OWN) => Err(("source", "is a service's own")),
        _ => Ok(()),
    }
}

fn check_event(event: &Value) -> Result<(), (&str, &'static str)> {
    let Some(event) = event.as_object() else { return Err(("event", "must be an object")) };
    for name in REQUIRED {
        check_text(event.get(name).ok_or((name, "is missing"))?).map_err(|why| (name, why))?;
    }
    for name in OPTIONAL {
        if let Some(value) = event.get(name).filter(|value| !value.is_null()) {
            check_text(value).map_err(|why| (name, why))?;
        }
    }
    if event.get("specversion").is_none_or(|version| version != "1.0") {
        return Err(("specversion", "must be 1.0"));
    }
    if event.contains_key("data") && event.contains_key("data_base64") {
        return Err(("data_base64", "must not be beside data"));
    }
    let time = event.get("time").and_then(Value::as_str);
    if time.is_some_and(|time| Timestamp::parse(time).is_none()) {
        return Err(("time", "must be an RFC 3339 time"));
    }
    match event.keys().find(|name| !is_attribute_name(name)) {
        Some(name) => Err((name, "is not an attribute name: lower-case letters and digits")),
        None => Ok(()),
    }
}

/// CloudEvents 1.0, section 2.4.1: no control characters.
fn check_text(value: &Value) -> Result<(), &'static str> {
    match value.as_str() {
        None => Err("must be a text"),
        Some("") => Err("must not be empty"),
        Some(text) if text.len() > MAX_ATTRIBUTE => Err("is too long"),
        Some(text) if text.chars().any(char::is_control) => Err("must not have control characters"),
        Some(_) => Ok(()),
    }
}

fn is_attribute_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name == "data_base64" || (!name.is_empty() && name.bytes().all(plain))
}

/// What the log's columns say of an event, for the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    pub source: String,
    pub id: String,
    pub kind: String,
    pub subject: Option<String>,
    pub actor: Option<String>,
    /// UTC to the millisecond; the time of arrival when the event names none.
    pub time: String,
}

impl Attributes {
    /// Those of a checked event.
    pub fn of(event: &Map<String, Value>, received_at: &str) -> Option<Self> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        let time = text("time").and_then(|time| Timestamp::parse(&time));
        Some(Self {
            source: text("source")?,
            id: text("id")?,
            kind: text("type")?,
            subject: text("subject"),
            actor: text("actor"),
            time: time.map_or_else(|| received_at.to_owned(), |time| time.to_string()),
        })
    }
}

/// An event of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Place in the log.
    pub seq: i64,
    pub received_at: String,
    pub event: Map<String, Value>,
    /// Its hash in the chain.
    pub hash: String,
    /// The hash of the entry before.
    pub prev_hash: String,
}

/// Entries, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

impl Range {
    /// Check a query; every parameter that is not valid is named.
    pub fn parse(query: Span) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let range =
            Self { from: place(&mut errors, "from", query.from), to: place(&mut errors, "to", query.to) };
        match errors.is_empty() {
            true => Ok(range),
            false => Err(errors),
        }
    }
}

fn place(errors: &mut Vec<FieldError>, field: &str, text: Option<String>) -> Option<i64> {
    let parsed = text?.parse().ok().filter(|place| *place > 0);
    if parsed.is_none() {
        errors.push(FieldError::new(field, "must be the sequence of an entry, from 1"));
    }
    parsed
}

/// Which events are wanted; what is `None` does not matter.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    pub kind: Option<String>,
    pub source: Option<String>,
    pub subject: Option<String>,
    pub actor: Option<String>,
    /// This moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

impl Filter {
    /// Check a query; every parameter that is not valid is named.
    pub fn parse(query: Filters) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let Period { from, to } = Period::parse(&mut errors, query.from.as_deref(), query.to.as_deref());
        let Filters { kind, source, subject, actor, .. } = query;
        match errors.is_empty() {
            true => Ok(Self { kind, source, subject, actor, from, to }),
            false => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({ "specversion": "1.0", "id": "1", "source": "/jangteo/orders", "type": "jangteo.order.placed.v1",
            "subject": "o", "time": "2026-11-21T05:06:07.089Z", "sequence": "7", "data": { "camelCase": 1 } })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut event = event();
        event.as_object_mut().unwrap().insert(name.to_owned(), value);
        event
    }

    fn checked(batch: &[Value]) -> Result<(), BadEvent> {
        check(batch, Origin::Service)
    }

    #[test]
    fn nobody_speaks_for_a_service() {
        assert_eq!(check(&[event()], Origin::Person).unwrap_err().attribute, "source");
        let own = with("source", json!("https://example.com/shop"));
        assert_eq!(check(&[own], Origin::Person), Ok(()));
    }

    #[test]
    fn a_bad_event_is_named_by_its_place() {
        let bad = checked(&[event(), event(), with("id", json!(""))]).unwrap_err();
        assert_eq!((bad.index, bad.attribute.as_str()), (2, "id"));
        assert_eq!(checked(&[json!(1)]).unwrap_err().to_string(), "event 0: event must be an object");
    }

    #[test]
    fn what_is_not_a_cloud_event_is_refused() {
        assert_eq!(checked(&[event()]), Ok(()));
        for name in REQUIRED {
            let mut lacking = event();
            lacking.as_object_mut().unwrap().remove(name);
            assert_eq!(checked(&[lacking]).unwrap_err().attribute, name);
            assert_eq!(checked(&[with(name, json!(1))]).unwrap_err().attribute, name);
        }
        for (name, value) in [
            ("specversion", json!("0.3")),
            ("id", json!("a\u{0}b")),
            ("source", json!("x".repeat(MAX_ATTRIBUTE + 1))),
            ("subject", json!({})),
            ("time", json!("yesterday")),
            ("receivedAt", json!("2026-11-21T05:06:07Z")),
        ] {
            assert_eq!(checked(&[with(name, value)]).unwrap_err().attribute, name);
        }
    }

    #[test]
    fn optional_attributes_may_be_absent_or_null() {
        assert_eq!(checked(&[with("actor", Value::Null), with("time", Value::Null)]), Ok(()));
        assert_eq!(checked(&[]), Ok(()));
    }

    #[test]
    fn times_of_a_query_keep_their_offset() {
        let filters = |from: &str| Filters {
            kind: None,
            source: None,
            subject: None,
            actor: None,
            from: Some(from.to_owned()),
            to: None,
        };
        let utc = Filter::parse(filters("2026-11-21T05:06:07Z")).unwrap();
        assert_eq!(Filter::parse(filters("2026-11-21T14:06:07 09:00")).unwrap(), utc);
        assert_eq!(Filter::parse(filters("noon")).unwrap_err().first().unwrap().field, "from");
    }

    #[test]
    fn a_range_is_of_places_in_the_log() {
        let range = |from: &str| Range::parse(Span { from: Some(from.to_owned()), to: None });
        assert_eq!(range("3").unwrap(), Range { from: Some(3), to: None });
        assert!(range("0").is_err() && range("x").is_err());
    }
}
