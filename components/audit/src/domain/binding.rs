//! CloudEvents from HTTP requests (HTTP protocol binding 1.0.2): structured, batched and binary mode.

use std::collections::HashSet;
use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use edge::headers::ContentType;
use http::{HeaderMap, header};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::own::hex;

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";
/// How media types of CloudEvents begin, whatever their format.
const CLOUD_EVENTS: &str = "application/cloudevents";
/// How the headers of binary mode begin.
const PREFIX: &str = "ce-";
/// What has no such header: the data are the body, and their type is that of the body.
const NO_HEADERS: [&str; 3] = ["data", "data_base64", "datacontenttype"];

/// Why a request has no CloudEvents.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("Send {STRUCTURED}, {BATCHED}, or `ce-` headers with any other type of data")]
    MediaType,
    #[error("{0}")]
    Malformed(String),
    #[error("The header ce-{attribute} {why}")]
    Header { attribute: String, why: &'static str },
}

/// The events of a request.
///
/// # Errors
/// [`Unreadable::MediaType`] for a format that is not taken; else what is wrong with the body or a header.
pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Value>, Unreadable> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let parsed = ContentType::of(headers).map_err(|_| Unreadable::MediaType)?;
    let essence = parsed.as_ref().map(ContentType::essence).unwrap_or_default();
    let is_utf8 = parsed.is_none_or(|kind| kind.is_utf8());
    match essence.as_str() {
        STRUCTURED | BATCHED if !is_utf8 => Err(Unreadable::MediaType),
        STRUCTURED => Ok(vec![json(body)?]),
        BATCHED => match json(body)? {
            Value::Array(batch) => Ok(batch),
            _ => Err(Unreadable::Malformed("The body must be an array of events".to_owned())),
        },
        other if other.starts_with(CLOUD_EVENTS) => Err(Unreadable::MediaType),
        _ if !headers.contains_key("ce-specversion") => Err(Unreadable::MediaType),
        other => binary(headers, kind, other, body).map(|event| vec![event]),
    }
}

fn json(body: &[u8]) -> Result<Value, Unreadable> {
    let malformed = |error| Unreadable::Malformed(format!("The body is not JSON: {error}"));
    serde_json::from_slice::<Unambiguous>(body).map_err(malformed)?;
    serde_json::from_slice(body).map_err(malformed)
}

/// JSON in which no object has two members of the same name: readers differ in which of them counts.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value::<Self>()?;
            if let Some(twice) = names.replace(name) {
                return Err(A::Error::custom(format!("the member {twice:?} is there twice")));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

fn binary(headers: &HeaderMap, kind: &str, essence: &str, body: &[u8]) -> Result<Value, Unreadable> {
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else { continue };
        let wrong = |why| Unreadable::Header { attribute: name.to_owned(), why };
        if NO_HEADERS.contains(&name) {
            return Err(wrong("is not one of CloudEvents: send the data as the body"));
        }
        let text = value.to_str().ok().and_then(percent_decoded).ok_or_else(|| wrong("is not text"))?;
        if event.insert(name.to_owned(), Value::String(text)).is_some() {
            return Err(wrong("is there twice"));
        }
    }
    if !kind.is_empty() {
        event.insert("datacontenttype".to_owned(), Value::from(kind));
    }
    if !body.is_empty() {
        let (name, data) = data(essence, body)?;
        event.insert(name.to_owned(), data);
    }
    Ok(Value::Object(event))
}

/// JSON and text as they are, all else as Base64 (JSON event format 1.0, section 3.1).
fn data(essence: &str, body: &[u8]) -> Result<(&'static str, Value), Unreadable> {
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(("data", json(body)?));
    }
    match std::str::from_utf8(body) {
        Ok(text) if essence.starts_with("text/") => Ok(("data", Value::from(text))),
        _ => Ok(("data_base64", Value::from(STANDARD.encode(body)))),
    }
}

/// Section 3.1.3.2: header values may be quoted, with a backslash before quotes, and are percent-encoded.
fn percent_decoded(text: &str) -> Option<String> {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let text =
        quoted.map_or_else(|| text.to_owned(), |inner| inner.replace("\\\"", "\"").replace("\\\\", "\\"));
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let [high, low, rest @ ..] = part.as_bytes() else { return None };
        bytes.push(hex(*high, *low)?);
        bytes.extend_from_slice(rest);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(pairs: &[(&str, &str)], body: &str) -> Result<Vec<Value>, Unreadable> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        read(&headers, body.as_bytes())
    }

    fn typed(kind: &str, body: &str) -> Result<Vec<Value>, Unreadable> {
        request(&[("content-type", kind)], body)
    }

    #[test]
    fn structured_and_batched_events_are_the_body() {
        assert_eq!(typed("application/cloudevents+json; charset=utf-8", "{}"), Ok(vec![json!({})]));
        assert_eq!(typed("Application/CloudEvents-Batch+JSON", "[{},{}]").unwrap().len(), 2);
        assert!(matches!(typed(BATCHED, "{}"), Err(Unreadable::Malformed(_))));
        assert!(matches!(typed(STRUCTURED, "{"), Err(Unreadable::Malformed(_))));
    }

    #[test]
    fn other_formats_are_unsupported() {
        for kind in
            ["application/cloudevents+avro", "application/cloudevents-batch+xml", "application/json", ""]
        {
            assert_eq!(typed(kind, "{}"), Err(Unreadable::MediaType), "{kind}");
        }
    }

    #[test]
    fn in_binary_mode_attributes_are_headers() {
        let ce = |kind, body| {
            let pairs =
                [("ce-specversion", "1.0"), ("ce-subject", "Euro%20%E2%82%AC"), ("content-type", kind)];
            request(&pairs, body).map(|mut events| events.remove(0))
        };
        let event = ce("application/json", "{\"a\":1.10}").unwrap();
        assert_eq!(event["subject"], "Euro €");
        assert_eq!(event["datacontenttype"], "application/json");
        assert_eq!(event["data"].to_string(), "{\"a\":1.10}");
        assert_eq!(ce("text/plain", "hi").unwrap()["data"], "hi");
        assert_eq!(ce("image/png", "hi").unwrap()["data_base64"], "aGk=");
        assert!(matches!(ce("application/json", "{"), Err(Unreadable::Malformed(_))));
    }

    #[test]
    fn a_header_that_is_no_attribute_is_named() {
        let bad = |name: &str, value: &str| match request(&[("ce-specversion", "1.0"), (name, value)], "") {
            Err(Unreadable::Header { attribute, .. }) => attribute,
            other => panic!("{name}: {value}: {other:?}"),
        };
        for value in ["%zz", "%+f", "%e", "%ff"] {
            assert_eq!(bad("ce-id", value), "id");
        }
        for name in ["data", "data_base64", "datacontenttype", "specversion"] {
            assert_eq!(bad(format!("ce-{name}").as_str(), "1.0"), name);
        }
        let quoted = request(&[("ce-specversion", "1.0"), ("ce-id", "\"a \\\"b\\\"\"")], "");
        assert_eq!(quoted.unwrap()[0]["id"], "a \"b\"");
    }

    #[test]
    fn a_member_that_is_there_twice_makes_a_body_ambiguous() {
        for body in
            [r#"{"id":"1","id":"2"}"#, r#"{"data":{"a":1,"b":[{"c":1,"c":1}]}}"#, r#"{"i\u0064":1,"id":1}"#]
        {
            assert!(
                matches!(typed(STRUCTURED, body), Err(Unreadable::Malformed(why)) if why.contains("twice"))
            );
            assert!(typed(BATCHED, &format!("[{body}]")).is_err());
        }
        let plain =
            r#"{"a":{"x":1.10},"b":{"x":[null,true,-1e3,7,-7,4294967296,18446744073709551616,1e999]}}"#;
        assert_eq!(typed(STRUCTURED, plain).unwrap()[0]["a"]["x"].to_string(), "1.10");
    }
}
