//! JSON Schemas of what comes in and of what goes out, under one set of names.

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Where OpenAPI keeps schemas.
const PLACE: &str = "/components/schemas";

/// The schemas that operations refer to. Which members are required may differ between what serde reads and what it
/// writes.
pub struct Schemas {
    inputs: SchemaGenerator,
    outputs: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let generator = |contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = PLACE.into();
                settings.meta_schema = None;
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self { inputs: generator(Contract::Deserialize), outputs: generator(Contract::Serialize) }
    }
}

impl Schemas {
    /// The schema of a `T` that is read, or a reference to it.
    pub fn input<T: JsonSchema>(&mut self) -> Value {
        plain(self.inputs.subschema_for::<T>().to_value())
    }

    /// The schema of a `T` that is written, or a reference to it.
    pub fn output<T: JsonSchema>(&mut self) -> Value {
        plain(self.outputs.subschema_for::<T>().to_value())
    }

    /// The schema of a `T` that is read, itself.
    pub(super) fn whole<T: JsonSchema>(&mut self) -> Value {
        T::json_schema(&mut self.inputs).to_value()
    }

    /// All named schemas, and the names that have one schema when read and another when written.
    pub fn named(mut self) -> (Map<String, Value>, Vec<String>) {
        let mut twofold = Vec::new();
        let mut all: Map<String, Value> = self.inputs.take_definitions(true);
        for (name, schema) in self.outputs.take_definitions(true) {
            if all.get(&name).is_some_and(|other| *other != schema) {
                twofold.push(name.clone());
            }
            all.insert(name, schema);
        }
        (all.into_iter().map(|(name, schema)| (name, plain(schema))).collect(), twofold)
    }
}

/// A schema as our bodies are: a member that may be left out is never `null` (`shared/edge` refuses it, and nothing of
/// ours writes it; what does is marked `x-nullable`), and integers have bounds, but not the formats of Rust's types.
pub fn plain(mut schema: Value) -> Value {
    tidy(&mut schema);
    schema
}

fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(members) => {
            as_names(members);
            tidy_members(members);
            members.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// An enum whose names have doc comments becomes an `enum`, which generators know, with the comments in its
/// description.
fn as_names(members: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = members.get("oneOf") else { return };
    let (mut names, mut meanings) = (Vec::new(), Vec::new());
    for choice in choices {
        match (choice.get("const"), choice.get("enum")) {
            (Some(name), _) => {
                let meaning = choice.get("description").and_then(Value::as_str).unwrap_or_default();
                meanings.push(format!("`{}`: {meaning}", name.as_str().unwrap_or_default()));
                names.push(name.clone());
            }
            (None, Some(Value::Array(all))) => names.extend(all.clone()),
            _ => return,
        }
    }
    let about = members.get("description").and_then(Value::as_str).unwrap_or_default();
    let about = format!("{about}\n\n{}", meanings.join("\n\n")).trim().to_owned();
    members.remove("oneOf");
    members.insert("type".to_owned(), json!("string"));
    members.insert("enum".to_owned(), json!(names));
    members.insert("description".to_owned(), json!(about));
}

fn tidy_members(members: &mut Map<String, Value>) {
    let kind = members.get("type").map(Value::to_string).unwrap_or_default();
    let is_number = kind.contains("integer") || kind.contains("number");
    if is_number {
        members.remove("format");
    }
    let required = members.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = members.get_mut("properties") else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(&json!(name))) {
        if let Value::Object(property) = property {
            without_null(property);
        }
    }
}

fn without_null(property: &mut Map<String, Value>) {
    if property.remove("x-nullable").is_some() {
        return;
    }
    if property.get("default") == Some(&Value::Null) {
        property.remove("default");
    }
    if let Some(Value::Array(kinds)) = property.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            property.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let null = json!({ "type": "null" });
    if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
        choices.retain(|choice| *choice != null);
        if let [Value::Object(choice)] = choices.as_slice() {
            let choice = choice.clone();
            property.remove("anyOf");
            property.extend(choice);
        }
    }
}
