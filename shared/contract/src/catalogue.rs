//! The catalogue of events, made from their types: for `docs/events.md`, and for the schemas that the gateway serves.

#![expect(clippy::indexing_slicing, reason = "a `Value` without that member is null there")]

use std::fmt::Debug;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use strum::{IntoDiscriminant, VariantArray};

use crate::audit::AuditEvent;
use crate::auth::AuthEvent;
use crate::every::ServiceEvent;
use crate::gateway::InstanceEvent;
use crate::orders::{OrderEvent, OrderEventKind};
use crate::payments::PaymentEvent;
use crate::products::ProductEvent;
use crate::published::{LINES, SUMS, recorded};
use crate::users::ProfileEvent;
use crate::{DomainEvent, read};

/// A kind of event.
pub struct Kind {
    /// Such as `order.placed`.
    pub name: &'static str,
    /// The service that produces it.
    pub producer: &'static str,
    /// What happened: the doc comment of its variant, on one line.
    pub summary: String,
    /// The JSON Schema (2020-12) of its data.
    pub schema: Value,
    /// Data as it may be, with all optional members.
    pub example: Value,
    /// What is wrong with some data, if it is not an event of this kind.
    pub check: fn(&'static str, &Value) -> Option<String>,
}

impl JsonSchema for OrderEventKind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OrderEventKind".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = Self::VARIANTS.iter().map(|kind| kind.into_str());
        // Others are not of one order.
        let names = names.filter(|name| name.starts_with("order.")).collect::<Vec<_>>();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

/// All kinds, by name.
pub fn kinds() -> Vec<Kind> {
    let mut all = Vec::new();
    all.extend(kinds_of::<AuthEvent>("auth"));
    all.extend(kinds_of::<ProfileEvent>("users"));
    all.extend(kinds_of::<ProductEvent>("products"));
    all.extend(kinds_of::<OrderEvent>("orders"));
    all.extend(kinds_of::<PaymentEvent>("payments"));
    all.extend(kinds_of::<AuditEvent>("audit"));
    all.extend(kinds_of::<InstanceEvent>("gateway"));
    all.extend(kinds_of::<ServiceEvent>("every service"));
    all.sort_by_key(|kind| kind.name);
    all
}

fn kinds_of<E>(producer: &'static str) -> Vec<Kind>
where
    E: JsonSchema + DeserializeOwned + DomainEvent + IntoDiscriminant + 'static,
    E::Discriminant: VariantArray + Copy + Debug + Into<&'static str> + std::str::FromStr,
{
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<E>().to_value();
    let variants = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let kind = |kind: &E::Discriminant| {
        let (name, tag): (&'static str, _) = ((*kind).into(), format!("{kind:?}"));
        let variant = variants.iter().find(|variant| variant["properties"].get(&tag).is_some());
        let variant = variant.cloned().unwrap_or_default();
        let summary = variant["description"].as_str().unwrap_or_default().split_whitespace();
        let summary = summary.collect::<Vec<_>>().join(" ");
        let data = as_published(variant["properties"][&tag].clone());
        Kind {
            name,
            producer,
            schema: described(name, producer, &summary, &data),
            example: example("", &data),
            summary,
            check: check::<E>,
        }
    };
    E::Discriminant::VARIANTS.iter().map(kind).collect()
}

/// Whether `E` reads the data and says it again just so.
fn check<E>(name: &'static str, data: &Value) -> Option<String>
where
    E: DeserializeOwned + DomainEvent + IntoDiscriminant,
    E::Discriminant: std::str::FromStr + Debug,
{
    let data = recorded(data.clone());
    match read::<E>(name, || data.clone()) {
        None => Some(format!("{name} is no such event")),
        Some(Err(error)) => Some(format!("{name}: {error}")),
        Some(Ok(event)) if event.data() != data => Some(format!("{name}: {data} becomes {}", event.data())),
        Some(Ok(_)) => None,
    }
}

/// The schema of data as it is [`published`](crate::published), of a schema of what the log keeps.
fn as_published(schema: Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members: Map<_, _> =
                members.into_iter().map(|(name, value)| (name, as_published(value))).collect();
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                for (_, sum) in properties.iter_mut().filter(|(name, _)| SUMS.contains(&name.as_str())) {
                    as_sum(sum);
                }
                if let Some(lines) = properties.remove(LINES.0) {
                    properties.insert(LINES.1.to_owned(), lines);
                }
            }
            if let Some(Value::Array(required)) = members.get_mut("required") {
                required.iter_mut().filter(|name| **name == LINES.0).for_each(|name| *name = json!(LINES.1));
            }
            Value::Object(members)
        }
        Value::Array(items) => items.into_iter().map(as_published).collect(),
        other => other,
    }
}

fn as_sum(sum: &mut Value) {
    let about = sum["description"].as_str().unwrap_or_default();
    let about = about
        .replace(", in minor units", "")
        .replace("In minor units of the currency", "In decimals of the currency");
    *sum = json!({ "type": "number", "description": about });
}

/// Members may be added within a version, so others than these are allowed.
fn described(name: &str, producer: &str, summary: &str, data: &Value) -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$id".to_owned(), json!(format!("urn:jangteo:schema:jangteo.{name}.v1")));
    schema.insert("title".to_owned(), json!(name));
    schema.insert("description".to_owned(), json!(format!("{summary} Producer: {producer}.")));
    for (member, value) in data.as_object().into_iter().flatten() {
        schema.entry(member.clone()).or_insert_with(|| value.clone());
    }
    Value::Object(schema)
}

/// An example of what `schema` describes, the member `name` of an event's data.
fn example(name: &str, schema: &Value) -> Value {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return choices.first().map_or(Value::Null, |choice| example(name, choice));
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
        return value.clone();
    }
    match kind.as_str() {
        Some("object") => {
            let members = schema["properties"].as_object().into_iter().flatten();
            members.map(|(name, schema)| (name.clone(), example(name, schema))).collect()
        }
        Some("array") => json!([example(name, &schema["items"])]),
        Some("boolean") => json!(true),
        Some("number") => {
            SUM_EXAMPLES.iter().find(|(known, _)| *known == name).map_or(json!(59.98), |(_, sum)| json!(sum))
        }
        Some("integer") => {
            json!(NUMBERS.iter().find(|(known, _)| *known == name).map_or(7, |(_, number)| *number))
        }
        Some("string") if schema["format"] == "date-time" => json!("2026-11-21T05:06:07.089Z"),
        Some("string") => json!(text(name)),
        _ => Value::Null,
    }
}

/// Sums that are best understood by another one than 59.98.
const SUM_EXAMPLES: [(&str, f64); 2] = [("price", 29.99), ("refunding", 9.99)];

/// Members that are best understood by a number that could stand there; others are 7.
const NUMBERS: [(&str, i64); 3] = [("quantity", 2), ("retries", 1), ("asOf", 1_795_237_567)];

/// What a text member could say; ids by what they are of. A test names those that are missing here.
fn text(name: &str) -> String {
    let known = TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    let ids = ["userId", "buyerId", "sellerId", "sellerIds", "productId", "orderId", "paymentId", "refundId"];
    let of = ids.iter().chain(&["eventId", "requestId", "except", "resetId"]).position(|id| *id == name);
    let id = of.map(|at| format!("019aa4c5-0004-7000-8000-{:012}", at.saturating_add(1)));
    known.or(id).unwrap_or_default()
}

const TEXTS: [(&str, &str); 37] = [
    ("carrier", "CJ Logistics"),
    ("category", "tea"),
    ("changed", "name"),
    ("code", "insufficient_funds"),
    ("currency", "USD"),
    ("declineCode", "do_not_honor"),
    ("description", "Young leaves"),
    ("disputeId", "dp_1"),
    ("eventType", "order.placed"),
    ("healthPath", "/health"),
    ("hash", "6b1b36cbb04b41490bfc0ab2bfa26f86c4a1c7a1e3b6a6a0f5d8a3d5f0e2c9aa"),
    ("kid", "8e6b9a1f0c2d4e6f"),
    ("name", "Green tea"),
    ("operation", "audit.events.redrive"),
    ("path", "/api/v1/audit/events"),
    ("permission", "audit:read"),
    ("permissions", "orders:read"),
    ("point", "paying.charged"),
    ("provider", "sandbox"),
    ("providerCode", "card_declined"),
    ("publicKey", "cc32ed2d1dfec2b2a41081292b2bebbeb04a18ec5921de030f4c2a81c67d93ed"),
    ("reason", "delivery"),
    ("reference", "charge_1"),
    ("role", "SUPPORT"),
    ("roles", "BUYER"),
    ("seller", "019aa4c5-0004-7000-8000-000000000003"),
    ("signature", "b377…0d"),
    ("source", "orders"),
    ("status", "needs_response"),
    ("tags", "seoul"),
    ("target", "audit"),
    ("time", "2026-11-21T05:06:07.089Z"),
    ("trackingNumber", "1234"),
    ("url", "http://10.0.0.7:8080"),
    ("webhookId", "evt_1"),
    ("booked", "USD"),
    ("actionUrl", "https://bank.example/3ds"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of an example that are empty, by the names of their members.
    fn empty(name: &str, value: &Value) -> Vec<String> {
        match value {
            Value::String(text) if text.is_empty() => vec![name.to_owned()],
            Value::Null => vec![name.to_owned()],
            Value::Array(items) => items.iter().flat_map(|item| empty(name, item)).collect(),
            Value::Object(members) => members.iter().flat_map(|(name, item)| empty(name, item)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_kind_has_a_summary_and_an_example_that_its_type_reads() {
        for kind in kinds() {
            assert!(kind.summary.ends_with('.'), "{}: {}", kind.name, kind.summary);
            assert_eq!(empty("", &kind.example), [""; 0], "{}: give these an example", kind.name);
            assert_eq!((kind.check)(kind.name, &kind.example), None);
        }
    }

    #[test]
    fn a_schema_follows_from_the_type() {
        let kinds = kinds();
        let placed = kinds.iter().find(|kind| kind.name == "order.placed").unwrap();
        let schema = &placed.schema;
        assert_eq!(schema["properties"]["items"]["items"]["properties"]["quantity"]["type"], "integer");
        assert!(schema["required"].as_array().unwrap().contains(&json!("total")));
        assert!((placed.check)("order.placed", &json!({})).is_some());
        assert!((placed.check)("order.teleported", &json!({})).is_some());
    }

    #[test]
    fn names_are_one_aggregate_and_what_happened_to_it() {
        let mut names: Vec<_> = kinds().iter().map(|kind| kind.name).collect();
        let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(names.iter().all(|name| name.split_once('.').is_some_and(|(a, b)| word(a) && word(b))));
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "two kinds of one name");
    }
}
