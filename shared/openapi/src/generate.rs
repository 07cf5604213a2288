//! Makes `openapi.json` of the components' operations: natively, as `UPDATE_DOCS=1` does with all that is derived.

use std::collections::BTreeMap;

use edge::{Api, Problem};
use serde_json::{Map, Value, json};

/// What is the same for every operation: who we are, how to authenticate, common parameters, headers and answers.
const FRAME: &str = include_str!("../frame.json");
/// Requests and answers to learn from, by `operationId`; those of the tests' own requests.
const EXAMPLES: &str = include_str!("../examples.json");

/// The document, in the order of its tags.
pub fn document() -> Value {
    let mut document: Value = serde_json::from_str(FRAME).unwrap();
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap();
    let (mut paths, mut schemas) =
        (Map::new(), document["components"]["schemas"].as_object().unwrap().clone());
    let mut common = Api::new("").into_description();
    common.schemas.output::<Problem>();
    for description in services().map(Api::into_description).into_iter().chain([common]) {
        for (path, mut item) in description.paths {
            exemplify(&mut item, &examples);
            assert!(paths.insert(path.clone(), item).is_none(), "{path} is of two services");
        }
        let (named, twofold) = description.schemas.named();
        assert!(twofold.is_empty(), "these are read and written, and mean different things: {twofold:?}");
        for (name, schema) in named {
            let other = schemas.insert(name.clone(), schema.clone());
            assert!(
                other.is_none_or(|other| other == schema),
                "two services mean different things by {name}"
            );
        }
    }
    schemas.sort_keys();
    let named = name_problems(&mut paths);
    document["components"]["responses"].as_object_mut().unwrap().extend(named);
    document["paths"] = Value::Object(paths);
    document["components"]["schemas"] = Value::Object(schemas);
    document
}

fn services() -> [Api; 8] {
    [
        auth::operations(),
        users::operations(),
        products::operations(),
        orders::operations(),
        payments::operations(),
        audit::operations(),
        gateway::operations(),
        docs::operations(),
    ]
}

/// Give the answers that several operations have in common names, after their codes: `ValidationFailed`.
fn name_problems(paths: &mut Map<String, Value>) -> Map<String, Value> {
    let mut times = BTreeMap::<String, usize>::new();
    each_response(paths, |response| *times.entry(response.to_string()).or_default() += 1);
    let mut named = Map::new();
    each_response(paths, |response| {
        let is_problem = response["description"].as_str().is_some_and(|text| text.starts_with('`'));
        if is_problem && times[&response.to_string()] > 1 {
            let name = name_of(response["description"].as_str().unwrap());
            let reference = json!({ "$ref": format!("#/components/responses/{name}") });
            named.insert(name, std::mem::replace(response, reference));
        }
    });
    named
}

fn each_response(paths: &mut Map<String, Value>, act: impl FnMut(&mut Value)) {
    let items = paths.values_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut());
    let responses = items.filter_map(|operation| operation.get_mut("responses")?.as_object_mut());
    responses.flat_map(|responses| responses.values_mut()).for_each(act);
}

/// `ValidationFailedOrConflict`, of a description that has these codes.
fn name_of(description: &str) -> String {
    let codes = description.split('`').skip(1).step_by(2);
    let camel = codes
        .map(|code| code.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>());
    camel.collect::<Vec<_>>().join("Or")
}

/// Put the examples of its operations into a path item.
fn exemplify(item: &mut Value, examples: &Value) {
    for operation in
        item.as_object_mut().unwrap().values_mut().filter(|item| item.get("operationId").is_some())
    {
        let Some(known) = examples[operation["operationId"].as_str().unwrap()].as_object().cloned() else {
            continue;
        };
        for (place, example) in known {
            let holder = match place.as_str() {
                "request" => operation.get_mut("requestBody"),
                status => operation["responses"].get_mut(status),
            };
            let content =
                holder.and_then(|holder| holder.get_mut("content")?.as_object_mut()?.values_mut().next());
            content.expect("an example has its place")["example"] = example;
        }
    }
}
