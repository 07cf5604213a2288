//! The rules of what the log accepts, and how it is searched. No I/O, no clock. `domain/binding.rs` reads CloudEvents
//! from HTTP.

pub mod binding;
mod own;

use base64::{Engine, engine::general_purpose::STANDARD};
use edge::{FieldError, Period};
use serde_json::{Map, Value};
use store::Timestamp;

/// The longest attribute that is taken, in bytes: an index entry should fit a page of the database.
pub const MAX_ATTRIBUTE: usize = 1024;
/// Attributes every CloudEvent has (CloudEvents 1.0, section 3.1).
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];
/// Attributes that must be texts when they are there; `actor` is an extension of ours.
const OPTIONAL: [&str; 5] = ["subject", "actor", "time", "datacontenttype", "dataschema"];
/// The extension by which the log says who submitted an event from outside: nobody else says it.
pub const SUBMITTED_BY: &str = "submittedby";
/// The service that carries events of another deployment, whatever their source.
const BRIDGE: &str = "redis-bridge";

/// An event that the log does not take, and with it its whole batch.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {index}: {attribute} {why}")]
pub struct BadEvent {
    /// Its place in the batch, from 0.
    pub index: usize,
    pub attribute: String,
    pub why: &'static str,
    /// Whether it is a CloudEvent, but in somebody else's name.
    pub in_anothers_name: bool,
}

/// Who sends a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender<'a> {
    /// The service of this name. It speaks for itself.
    Service(&'a str),
    /// The person with this id, who must not speak for a service, nor for another user of ours.
    Person(&'a str),
}

/// An attribute and what is wrong with it.
type Wrong<'a> = (&'a str, &'static str);

/// Check every event of a batch.
///
/// # Errors
/// The first event that is not a CloudEvent 1.0, or that its sender may not send.
pub fn check(batch: &[Value], sender: Sender<'_>) -> Result<(), BadEvent> {
    for (index, event) in batch.iter().enumerate() {
        let bad = |(attribute, why): Wrong<'_>, in_anothers_name| {
            Err(BadEvent { index, attribute: attribute.to_owned(), why, in_anothers_name })
        };
        if let Err(wrong) = check_event(event) {
            return bad(wrong, false);
        }
        if let Err(wrong) = check_name(event, sender) {
            return bad(wrong, true);
        }
    }
    Ok(())
}

/// Nobody writes in another's name.
fn check_name(event: &Value, sender: Sender<'_>) -> Result<(), Wrong<'static>> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    match sender {
        Sender::Service(BRIDGE) => Ok(()),
        Sender::Service(name) if text("source") == own::source_of(name) => Ok(()),
        Sender::Service(_) => Err(("source", "is not the sending service's own")),
        Sender::Person(_) if own::is_source(text("source")) => Err(("source", "is a service's own")),
        Sender::Person(_) if own::is_type(text("type")) => Err(("type", "is a service's own")),
        Sender::Person(id) if own::is_actor_but(text("actor"), id) => Err(("actor", "is not the sender")),
        Sender::Person(_) if event.get(SUBMITTED_BY).is_some() => Err((SUBMITTED_BY, "is set by the log")),
        Sender::Person(_) => Ok(()),
    }
}

fn check_event(event: &Value) -> Result<(), Wrong<'_>> {
    let Some(event) = event.as_object() else { return Err(("event", "must be an object")) };
    for name in REQUIRED {
        check_text(event.get(name).ok_or((name, "is missing"))?).map_err(|why| (name, why))?;
    }
    for (name, value) in event {
        check_attribute(name, value).map_err(|why| (name.as_str(), why))?;
    }
    match (event.get("data"), event.get("data_base64")) {
        (Some(_), Some(_)) => Err(("data_base64", "must not be beside data")),
        _ => Ok(()),
    }
}

/// An attribute, or the data. CloudEvents 1.0, JSON format: `null` is an attribute that is not set.
fn check_attribute(name: &str, value: &Value) -> Result<(), &'static str> {
    match (name, value) {
        ("data", _) => Ok(()),
        ("data_base64", Value::String(text)) if STANDARD.decode(text).is_ok() => Ok(()),
        ("data_base64", _) => Err("must be a text in Base64"),
        _ if !is_attribute_name(name) => Err("is not an attribute name: lower-case letters and digits"),
        (_, Value::Null) => Ok(()),
        ("specversion", value) if value != "1.0" => Err("must be 1.0"),
        ("source", Value::String(text)) if !is_uri_reference(text) => Err("must be a URI reference"),
        ("dataschema", Value::String(text)) if !(is_uri_reference(text) && text.contains(':')) => {
            Err("must be a URI")
        }
        ("time", Value::String(text)) if Timestamp::parse(text).is_none() => Err("must be an RFC 3339 time"),
        (name, value) if OPTIONAL.contains(&name) => check_text(value),
        (_, Value::String(text)) if text.chars().any(char::is_control) => Err(CONTROL),
        (_, Value::String(_) | Value::Bool(_)) => Ok(()),
        (_, Value::Number(number)) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => {
            Ok(())
        }
        _ => Err("must be a text, true, false or an integer of 32 bits"),
    }
}

/// CloudEvents 1.0, section 2.4.1: no control characters.
const CONTROL: &str = "must not have control characters";

fn check_text(value: &Value) -> Result<(), &'static str> {
    match value.as_str() {
        None => Err("must be a text"),
        Some("") => Err("must not be empty"),
        Some(text) if text.len() > MAX_ATTRIBUTE => Err("is too long"),
        Some(text) if text.chars().any(char::is_control) => Err(CONTROL),
        Some(_) => Ok(()),
    }
}

fn is_attribute_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Whether all characters are those of RFC 3986, and every `%` begins an escape.
fn is_uri_reference(text: &str) -> bool {
    let may_stand = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    let is_escape =
        |rest: &str| matches!(rest.as_bytes(), [high, low, ..] if own::hex(*high, *low).is_some());
    text.bytes().all(may_stand) && text.split('%').skip(1).all(is_escape)
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
    pub received_at: Timestamp,
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
    /// Check query parameters; each that is not valid is named.
    pub fn parse(from: Option<&str>, to: Option<&str>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let range = Self { from: place(&mut errors, "from", from), to: place(&mut errors, "to", to) };
        if errors.is_empty() { Ok(range) } else { Err(errors) }
    }
}

fn place(errors: &mut Vec<FieldError>, field: &str, text: Option<&str>) -> Option<i64> {
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
    /// The filter within a time as well; each query parameter that is not valid is named.
    pub fn within(self, from: Option<&str>, to: Option<&str>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let Period { from, to } = Period::parse(&mut errors, from, to);
        if errors.is_empty() { Ok(Self { from, to, ..self }) } else { Err(errors) }
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
        check(batch, Sender::Service("orders"))
    }

    /// Whose name an event of a person with `changes` takes.
    fn taken(changes: &[(&str, Value)]) -> Option<String> {
        let mut event = with("source", json!("https://example.com/shop"));
        event["type"] = json!("com.example.sold");
        changes.iter().for_each(|(name, value)| event[*name] = value.clone());
        let checked = check(&[event], Sender::Person("019aa4c5-0004-7000-8000-000000000001"));
        checked.err().map(|bad| {
            assert!(bad.in_anothers_name, "{bad}");
            bad.attribute
        })
    }

    #[test]
    fn nobody_speaks_for_a_service_or_another_user() {
        assert_eq!(taken(&[]), None);
        assert_eq!(taken(&[("source", json!("/./jangteo/orders"))]).as_deref(), Some("source"));
        assert_eq!(taken(&[("type", json!("Jangteo.payment.refunded.v1"))]).as_deref(), Some("type"));
        for actor in ["service:orders", "019aa4c5-0004-7000-8000-000000000002"] {
            assert_eq!(taken(&[("actor", json!(actor))]).as_deref(), Some("actor"));
        }
        assert_eq!(taken(&[("actor", json!("019aa4c5-0004-7000-8000-000000000001"))]), None);
        assert_eq!(taken(&[("submittedby", json!("me"))]).as_deref(), Some("submittedby"));
    }

    #[test]
    fn a_service_speaks_for_itself_and_the_bridge_for_all() {
        assert_eq!(checked(&[event()]), Ok(()));
        let bad = check(&[event()], Sender::Service("payments")).unwrap_err();
        assert!(bad.in_anothers_name && bad.attribute == "source");
        assert!(checked(&[with("source", json!("/jangteo/./orders"))]).is_err());
        assert_eq!(check(&[event()], Sender::Service("redis-bridge")), Ok(()));
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
            ("time", json!(1)),
            ("source", json!("/a b")),
            ("source", json!("/%zz")),
            ("dataschema", json!("no-scheme")),
            ("receivedAt", json!("2026-11-21T05:06:07Z")),
            ("my_extension", json!("x")),
            ("extension", json!(1.5)),
            ("extension", json!(2_147_483_648_i64)),
            ("extension", json!([1])),
            ("extension", json!({})),
            ("extension", json!("a\u{1b}")),
            ("data_base64", json!("***")),
            ("data_base64", json!("aGk")),
            ("data_base64", json!("aGk=")), // beside data
        ] {
            let bad = checked(&[with(name, value)]).unwrap_err();
            assert!(bad.attribute == name && !bad.in_anothers_name, "{bad}");
        }
        for value in [json!("text"), json!(true), json!(-2_147_483_648_i64), json!("")] {
            assert_eq!(checked(&[with("extension", value)]), Ok(()));
        }
    }

    #[test]
    fn optional_attributes_may_be_absent_or_null() {
        assert_eq!(checked(&[with("actor", Value::Null), with("time", Value::Null)]), Ok(()));
        assert_eq!(checked(&[]), Ok(()));
    }

    #[test]
    fn times_of_a_query_keep_their_offset() {
        let filter = |from: &str| Filter::default().within(Some(from), None);
        let utc = filter("2026-11-21T05:06:07Z").unwrap();
        assert_eq!(filter("2026-11-21T14:06:07 09:00").unwrap(), utc);
        assert_eq!(filter("noon").unwrap_err().first().unwrap().field, "from");
    }

    #[test]
    fn a_range_is_of_places_in_the_log() {
        let range = |from: &str| Range::parse(Some(from), None);
        assert_eq!(range("3").unwrap(), Range { from: Some(3), to: None });
        assert!(range("0").is_err() && range("x").is_err());
    }
}
