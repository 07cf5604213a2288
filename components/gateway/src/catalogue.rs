//! The catalogue of events. Each producer lists its own in `events.json`, with an example of the data; the JSON
//! Schema of the data is that of the example.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Who produces them, and the list. What all services can produce is in the events crate.
const SOURCES: [(&str, &str); 7] = [
    ("auth", include_str!("../../auth/events.json")),
    ("users", include_str!("../../users/events.json")),
    ("products", include_str!("../../products/events.json")),
    ("orders", include_str!("../../orders/events.json")),
    ("payments", include_str!("../../payments/events.json")),
    ("audit", include_str!("../../audit/events.json")),
    ("every service", include_str!("../../../shared/events/events.json")),
];

/// A kind of event.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The service that produces it.
    #[serde(skip)]
    pub producer: &'static str,
    /// What happened.
    pub summary: String,
    /// An event's data.
    pub example: Map<String, Value>,
    /// Members of the data that may be absent or null.
    #[serde(default)]
    pub optional: Vec<String>,
}

/// All kinds, by their names, such as `order.placed`.
pub fn kinds() -> &'static BTreeMap<String, Kind> {
    static KINDS: OnceLock<BTreeMap<String, Kind>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let mut all = BTreeMap::new();
        for (producer, text) in SOURCES {
            // The lists are part of the program, and a test parses them.
            let listed: BTreeMap<String, Kind> = serde_json::from_str(text).unwrap_or_default();
            all.extend(listed.into_iter().map(|(name, kind)| (name, Kind { producer, ..kind })));
        }
        all
    })
}

/// The JSON Schema of the data of a CloudEvents `type`; `None` when it is not in the catalogue.
pub fn schema(cloud_type: &str) -> Option<Value> {
    let name = cloud_type.strip_prefix("jangteo.")?.strip_suffix(".v1")?;
    let kind = kinds().get(name)?;
    let mut schema = of_object(&kind.example, &kind.optional);
    let members = schema.as_object_mut()?;
    members.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    members.insert("$id".to_owned(), json!(format!("urn:jangteo:schema:{cloud_type}")));
    members.insert("title".to_owned(), json!(name));
    members.insert("description".to_owned(), json!(format!("{} Producer: {}.", kind.summary, kind.producer)));
    Some(schema)
}

/// Members may be added within a version, so others than these are allowed.
fn of_object(example: &Map<String, Value>, optional: &[String]) -> Value {
    let member = |(name, value): (&String, &Value)| {
        let mut schema = of(value);
        if let (true, Some(kind)) = (optional.contains(name), schema.get_mut("type")) {
            *kind = json!([kind.take(), "null"]);
        }
        (name.clone(), schema)
    };
    let required: Vec<_> = example.keys().filter(|name| !optional.contains(name)).collect();
    let properties: Map<_, _> = example.iter().map(member).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn of(example: &Value) -> Value {
    match example {
        Value::Object(members) => of_object(members, &[]),
        Value::Array(items) => json!({ "type": "array", "items": items.first().map_or(json!({}), of) }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::String(_) => json!({ "type": "string" }),
        Value::Null => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Services' names begin idempotency scopes, such as `orders.place`.
    const SCOPES: [&str; 6] = ["auth", "users", "products", "orders", "payments", "audit"];

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn every_list_is_read() {
        let listed: usize = SOURCES.iter().map(|(_, text)| text.matches("\"summary\"").count()).sum();
        assert_eq!(kinds().len(), listed);
    }

    #[test]
    fn a_schema_follows_from_the_example() {
        let schema = schema("jangteo.order.placed.v1").unwrap();
        assert_eq!(schema["properties"]["lines"]["items"]["properties"]["quantity"]["type"], "integer");
        assert!(schema["required"].as_array().unwrap().contains(&json!("total")));
        assert!(super::schema("jangteo.order.teleported.v1").is_none());
    }

    /// Every `"word.word"` of a source file's program part.
    fn literals(path: &Path, found: &mut BTreeSet<String>) {
        let text = std::fs::read_to_string(path).unwrap();
        let program = text.split("\n#[cfg(test)]\n").next().unwrap();
        for line in program.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for literal in line.split('"').skip(1).step_by(2) {
                let word = |part: &str| {
                    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                };
                let Some((aggregate, deed)) = literal.split_once('.') else { continue };
                if word(aggregate) && word(deed) && !SCOPES.contains(&aggregate) {
                    found.insert(literal.to_owned());
                }
            }
        }
    }

    fn sources(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.extension().and_then(|name| name.to_str()) {
                _ if entry.is_dir() => sources(&entry, found),
                Some("rs") if !entry.ends_with("tests.rs") => literals(&entry, found),
                _ => {}
            }
        }
    }

    #[test]
    fn every_kind_of_event_in_code_is_in_the_catalogue_and_the_other_way_round() {
        let mut found = BTreeSet::new();
        for service in SCOPES {
            sources(&root().join("components").join(service).join("src"), &mut found);
        }
        sources(&root().join("shared/events/src"), &mut found);
        literals(&root().join("shared/edge/src/once.rs"), &mut found);
        let aggregates: BTreeSet<_> = kinds().keys().filter_map(|kind| kind.split('.').next()).collect();
        let listed: BTreeSet<_> = kinds().keys().cloned().collect();
        let in_code: BTreeSet<_> =
            found.into_iter().filter(|kind| aggregates.contains(kind.split('.').next().unwrap())).collect();
        let missing: Vec<_> = in_code.symmetric_difference(&listed).collect();
        assert!(missing.is_empty(), "in code or in an events.json, but not in both: {missing:?}");
    }

    fn document() -> String {
        let mut text = "# Events\n\nMade from the `events.json` of each producer by a test; do not edit \
            (`UPDATE_DOCS=1 cargo test --workspace --lib catalogue`).\n\nEvents are CloudEvents 1.0. `source` is \
            `/jangteo/<producer>`, `type` is `jangteo.<kind>.v1`, `subject` is the aggregate's id, `actor` who did it,\n\
            `sequence` the place in the source's log. Amounts are in minor units. The JSON Schema of `data` is at\n\
            `/schemas/<type>.json`, and `dataschema` names it: `urn:jangteo:schema:<type>`. Members may be added within\n\
            a version; a change that breaks readers is a new one.\n\n| kind | producer | what happened | data |\n|---|---|---|---|\n"
            .to_owned();
        for (name, kind) in kinds() {
            let Kind { producer, summary, example, optional } = kind;
            let example = Value::Object(example.clone());
            let optional: Vec<_> = optional.iter().map(|name| format!("`{name}`")).collect();
            let note = if optional.is_empty() {
                String::new()
            } else {
                format!(" ({} optional)", optional.join(", "))
            };
            writeln!(text, "| `{name}` | {producer} | {summary} | `{example}`{note} |").unwrap();
        }
        text
    }

    #[test]
    fn the_document_is_what_the_catalogue_says() {
        let path = root().join("docs/events.md");
        if std::env::var("UPDATE_DOCS").is_ok() {
            std::fs::write(&path, document()).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == document(),
            "docs/events.md is stale: UPDATE_DOCS=1"
        );
    }
}
