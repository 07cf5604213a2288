//! The schemas of all events, made from their types: see `contract::catalogue`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

/// By the names of the kinds, such as `order.placed`.
const SCHEMAS: &str = include_str!("../schemas.json");

/// The JSON Schema of the data of a CloudEvents `type`; `None` when there is no such event.
pub fn schema(cloud_type: &str) -> Option<&'static Value> {
    static ALL: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    // A test reads them.
    let all = ALL.get_or_init(|| serde_json::from_str(SCHEMAS).unwrap_or_default());
    all.get(cloud_type.strip_prefix("jangteo.")?.strip_suffix(".v1")?)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use contract::catalogue::{Kind, kinds};

    use super::*;

    /// The members of `kind` that may be left out.
    fn optional(kind: &Kind) -> Vec<String> {
        let required = kind.schema["required"].as_array().cloned().unwrap_or_default();
        let names = kind.schema["properties"].as_object().into_iter().flat_map(|members| members.keys());
        names
            .filter(|name| !required.iter().any(|one| one == *name))
            .map(|name| format!("`{name}`"))
            .collect()
    }

    fn document() -> String {
        let mut text = "# Events\n\nMade from the types in `shared/contract` by a test; do not edit \
            (`UPDATE_DOCS=1 cargo test --workspace --lib catalogue`).\n\nEvents are CloudEvents 1.0. `source` is \
            `/jangteo/<producer>`, `type` is `jangteo.<kind>.v1`, `subject` is the aggregate's id, `actor` who did \
            it,\n`sequence` the place in the source's log (in the feed and the audit log, that is `sourcesequence`). \
            Sums are decimals of their currency. The JSON Schema of \
            `data` is at\n`/schemas/<type>.json`, and `dataschema` names it: `urn:jangteo:schema:<type>`. Members \
            may be added within\na version; a change that breaks readers is a new one.\n\n\
            | kind | producer | what happened | data |\n|---|---|---|---|\n"
            .to_owned();
        for kind in kinds() {
            let Kind { name, producer, summary, example, .. } = &kind;
            let optional = optional(&kind);
            let note = if optional.is_empty() {
                String::new()
            } else {
                format!(" ({} optional)", optional.join(", "))
            };
            writeln!(text, "| `{name}` | {producer} | {summary} | `{example}`{note} |").unwrap();
        }
        text
    }

    /// That the file at `path` in the workspace is `wanted`; with `UPDATE_DOCS` it is made so.
    fn assert_current(path: &str, wanted: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
        if std::env::var("UPDATE_DOCS").is_ok() {
            std::fs::write(&file, wanted).unwrap();
        }
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(found == wanted, "{path} is stale: UPDATE_DOCS=1");
    }

    #[test]
    fn the_catalogue_is_current() {
        let schemas: BTreeMap<_, _> = kinds().into_iter().map(|kind| (kind.name, kind.schema)).collect();
        assert_current(
            "components/gateway/schemas.json",
            &format!("{}\n", serde_json::to_string_pretty(&schemas).unwrap()),
        );
        assert_current("docs/events.md", &document());
    }

    #[test]
    fn schemas_are_found_by_the_type_of_the_event() {
        assert_eq!(schema("jangteo.order.placed.v1").unwrap()["title"], "order.placed");
        assert!(schema("jangteo.order.teleported.v1").is_none() && schema("order.placed").is_none());
    }
}
