//! CloudEvents from HTTP requests (HTTP protocol binding 1.0.2): structured, batched and binary mode.

use base64::{Engine, engine::general_purpose::STANDARD};
use edge::headers::ContentType;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";
/// How media types of CloudEvents begin, whatever their format.
const CLOUD_EVENTS: &str = "application/cloudevents";
/// How the headers of binary mode begin.
const PREFIX: &str = "ce-";

/// Why a request has no CloudEvents.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("Send {STRUCTURED}, {BATCHED}, or `ce-` headers with any other type of data")]
    MediaType,
    #[error("{0}")]
    Malformed(String),
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
    serde_json::from_slice(body)
        .map_err(|error| Unreadable::Malformed(format!("The body is not JSON: {error}")))
}

fn binary(headers: &HeaderMap, kind: &str, essence: &str, body: &[u8]) -> Result<Value, Unreadable> {
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else { continue };
        let text = value.to_str().ok().and_then(percent_decoded);
        let text = text.ok_or_else(|| Unreadable::Malformed(format!("The header ce-{name} is not text")))?;
        event.insert(name.to_owned(), Value::String(text));
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

/// Section 3.1.3.2: header values are percent-encoded, and may be quoted.
fn percent_decoded(text: &str) -> Option<String> {
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
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
            headers.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
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
        assert!(request(&[("ce-specversion", "1.0"), ("ce-id", "%zz")], "").is_err());
    }
}
