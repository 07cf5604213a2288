//! The OpenAPI document: `openapi.json` describes each operation once, under its canonical path; the aliases that it
//! names in `x-aliases` are written out here.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

const SOURCE: &str = include_str!("../openapi.json");

/// Members of a path item that are operations and are used here.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The document as it is served, made once per instance.
pub fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let expanded = serde_json::from_str(SOURCE).ok().and_then(expand);
        // The source is part of the program and a test parses it.
        expanded.map_or_else(|| SOURCE.to_owned(), |document| document.to_string())
    })
}

/// Give each alias a path item of its own.
fn expand(mut document: Value) -> Option<Value> {
    document.get_mut("info")?.as_object_mut()?.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    let paths = document.get_mut("paths")?.as_object_mut()?;
    let mut aliases = Map::new();
    for (path, item) in paths.iter_mut() {
        let names: Vec<_> = self::aliases(item).map(str::to_owned).collect();
        item.as_object_mut()?.remove("x-aliases");
        for (number, name) in names.into_iter().enumerate() {
            aliases.insert(name, alias(path, item, number + 1));
        }
    }
    paths.extend(aliases);
    Some(document)
}

/// The other paths of a path item.
fn aliases(item: &Value) -> impl Iterator<Item = &str> {
    item.get("x-aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The path item of the `number`th alias of `path`; operation ids are unique in a document.
fn alias(path: &str, item: &Value, number: usize) -> Value {
    let mut item = item.clone();
    for method in METHODS {
        let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else { continue };
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default();
        let number = if number == 1 { String::new() } else { number.to_string() };
        operation.insert("operationId".to_owned(), json!(format!("{id}Alias{number}")));
        operation.insert("deprecated".to_owned(), json!(true));
        operation.insert("description".to_owned(), json!(format!("Alias of `{path}`.")));
    }
    item
}

#[cfg(test)]
mod generate;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn parsed() -> Value {
        serde_json::from_str(document()).unwrap()
    }

    /// Method, path and operation.
    fn operations(document: &Value) -> Vec<(&'static str, String, Value)> {
        let paths = document["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, item)| {
            let found = METHODS.iter().filter_map(move |method| Some((*method, item.get(method)?)));
            found.map(move |(method, operation)| (method, path.clone(), operation.clone()))
        });
        all.collect()
    }

    fn refs<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| refs(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| refs(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_and_responses() {
        let document = parsed();
        let mut ids = HashSet::new();
        for (method, path, operation) in operations(&document) {
            let name = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            assert!(!id.is_empty() && ids.insert(id), "{name} has no operationId of its own");
            assert!(
                operation["responses"].as_object().is_some_and(|r| !r.is_empty()),
                "{name} has no responses"
            );
            assert!(operation["tags"].is_array(), "{name} belongs nowhere");
        }
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.iter().all(|(_, item)| METHODS.iter().any(|method| item.get(method).is_some())));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = parsed();
        let mut found = Vec::new();
        refs(&document, &mut found);
        assert!(!found.is_empty());
        for target in found {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{target} is not there");
        }
    }

    #[test]
    fn aliases_have_paths_of_their_own() {
        let document = parsed();
        assert_eq!(document["paths"]["/orders"]["post"]["operationId"], "placeOrderAlias");
        assert!(!document.to_string().contains("x-aliases"));
    }

    #[test]
    fn every_path_parameter_is_described() {
        let document = parsed();
        for (path, item) in document["paths"].as_object().unwrap() {
            let wanted = path.matches('{').count();
            let has = item["parameters"].as_array().map_or(0, Vec::len);
            assert_eq!(wanted, has, "{path}");
        }
    }

    #[test]
    fn the_document_is_what_the_operations_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let made = serde_json::to_string_pretty(&generate::document()).unwrap() + "\n";
        if std::env::var("UPDATE_DOCS").is_ok() {
            std::fs::write(path, &made).unwrap();
        }
        assert!(
            SOURCE == made || std::fs::read_to_string(path).unwrap_or_default() == made,
            "openapi.json is stale: UPDATE_DOCS=1"
        );
    }

    /// Who may call an operation, as far as permissions say it.
    fn who(operation: &Value) -> String {
        let Some(needs) = operation["security"].get(0) else { return "anyone".to_owned() };
        let permissions = needs["bearer"].as_array().unwrap();
        let names: Vec<_> = permissions.iter().map(|name| format!("`{}`", name.as_str().unwrap())).collect();
        if names.is_empty() { "any token".to_owned() } else { names.join(", ") }
    }

    /// `docs/api.md`, from the operations and their aliases.
    fn table() -> String {
        let mut text = "# The API\n\nMade from the operations of the components by a test; do not edit \
            (`UPDATE_DOCS=1 cargo test --workspace --lib operations`).\nA running instance shows it all at `/docs`. \
            Aliases are in brackets. A permission alone opens no one else's things.\n"
            .to_owned();
        let document = generate::document();
        for tag in document["tags"].as_array().unwrap() {
            let (name, about) = (tag["name"].as_str().unwrap(), tag["description"].as_str().unwrap());
            text += &format!("\n## {name}\n\n{about}.\n\n| operation | who | what |\n|---|---|---|\n");
            for (method, path, operation) in operations(&document) {
                if operation["tags"][0] != tag["name"] {
                    continue;
                }
                let aliases: Vec<_> =
                    aliases(&document["paths"][&path]).map(|alias| format!("`{alias}`")).collect();
                let aliases =
                    if aliases.is_empty() { String::new() } else { format!(" [{}]", aliases.join(", ")) };
                let (method, summary) = (method.to_uppercase(), operation["summary"].as_str().unwrap());
                text += &format!("| `{method} {path}`{aliases} | {} | {summary} |\n", who(&operation));
            }
        }
        text
    }

    #[test]
    fn the_table_of_operations_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");
        if std::env::var("UPDATE_DOCS").is_ok() {
            std::fs::write(path, table()).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap_or_default() == table(),
            "docs/api.md is stale: UPDATE_DOCS=1"
        );
    }

    #[test]
    fn every_problem_code_is_listed() {
        let document = parsed();
        let listed: HashSet<_> =
            document["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap().iter().collect();
        for code in edge::Code::ALL {
            assert!(listed.contains(&json!(code.name)), "{}", code.name);
        }
        assert_eq!(listed.len(), edge::Code::ALL.len());
    }
}
