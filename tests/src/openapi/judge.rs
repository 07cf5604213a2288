//! Whether an answer is what the API's description declares: every answer of every test is judged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, Registry, Validator};
use reqwest::Method;
use serde_json::{Value, json};

use super::{document, methods, template};
use crate::Response;

/// The document's name in references.
const NAME: &str = "urn:jangteo:openapi";
/// Of `default`, "any other error": what any request may come to, and what no operation can say better.
const ANY_OTHER: [u16; 6] = [405, 413, 415, 431, 500, 503];
/// What only tests serve: the internal routes, and the component that does nothing.
const NOT_OF_THE_API: [&str; 2] = ["/internal/", "/hello"];
const PROBLEM: &str = "/components/schemas/Problem";

/// What is wrong with the answer to `method path`, if anything is.
pub fn fault(method: &Method, path: &str, answer: &Response) -> Option<String> {
    of(method, path, answer).err()
}

fn of(method: &Method, path: &str, answer: &Response) -> Result<(), String> {
    let at = path.split('?').next().unwrap_or_default();
    if NOT_OF_THE_API.iter().any(|prefix| at.starts_with(prefix)) {
        return Ok(());
    }
    answer.header("x-request-id").ok_or("no X-Request-Id")?;
    if method == Method::OPTIONS && answer.header("access-control-allow-methods").is_some() {
        return Ok(());
    }
    let Some(template) = template(at) else { return problem(answer, &[404, 405, 413, 503]) };
    let asked = if method == Method::HEAD { Method::GET } else { method.clone() };
    if !methods(template).contains(&asked.to_string()) {
        return problem(answer, &[405, 413, 503]);
    }
    let operation = format!("/paths/{}/{}", escaped(template), asked.as_str().to_lowercase());
    let declared = declared(&operation, answer.status)?;
    headers(&declared, answer)?;
    if method == Method::HEAD { Ok(()) } else { content(&declared, answer) }
}

/// Where the document declares the response of this status.
fn declared(operation: &str, status: u16) -> Result<String, String> {
    let exact = format!("{operation}/responses/{status}");
    let default = || Some(format!("{operation}/responses/default")).filter(|_| ANY_OTHER.contains(&status));
    let found = Some(exact).filter(|at| document().pointer(at).is_some()).or_else(default);
    found
        .filter(|at| document().pointer(at).is_some())
        .map(resolved)
        .ok_or("its status is not declared".to_owned())
}

/// The place itself, or where its `$ref` leads.
fn resolved(at: String) -> String {
    let reference = document().pointer(&at).and_then(|value| value["$ref"].as_str()).map(str::to_owned);
    reference.map_or(at, |reference| resolved(reference.trim_start_matches('#').to_owned()))
}

fn headers(declared: &str, answer: &Response) -> Result<(), String> {
    let all = document().pointer(&format!("{declared}/headers")).and_then(Value::as_object);
    for name in all.into_iter().flat_map(|all| all.keys()) {
        let at = resolved(format!("{declared}/headers/{}", escaped(name)));
        let required = document().pointer(&format!("{at}/required")) == Some(&json!(true));
        match answer.header(name) {
            Some(text) => {
                let value = text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number));
                let fits = is_valid(&format!("{at}/schema"), &json!(text))
                    || is_valid(&format!("{at}/schema"), &value);
                fits.then_some(()).ok_or(format!("the header {name} is {text:?}"))?;
            }
            None if required => return Err(format!("no header {name}")),
            None => {}
        }
    }
    Ok(())
}

fn content(declared: &str, answer: &Response) -> Result<(), String> {
    let Some(kinds) = document().pointer(&format!("{declared}/content")).and_then(Value::as_object) else {
        return answer.body.is_empty().then_some(()).ok_or("it has a body, and none is declared".to_owned());
    };
    let said = answer.header("content-type").unwrap_or_default();
    let kind = kinds.keys().find(|kind| said == *kind || said.split(';').next() == Some(kind.as_str()));
    let kind = kind.ok_or(format!("its content type {said:?} is not declared"))?;
    let schema = format!("{declared}/content/{}/schema", escaped(kind));
    let is_json = kind.ends_with("json") && !kind.ends_with("ndjson");
    if is_json { matches(&schema, &answer.body) } else { Ok(()) }
}

fn problem(answer: &Response, statuses: &[u16]) -> Result<(), String> {
    statuses.contains(&answer.status).then_some(()).ok_or("it is no operation of the description")?;
    let kind = answer.header("content-type");
    (kind == Some("application/problem+json"))
        .then_some(())
        .ok_or(format!("its content type is {kind:?}"))?;
    let allows = answer.status != 405 || answer.header("allow").is_some();
    allows.then_some(()).ok_or("no header Allow")?;
    matches(PROBLEM, &answer.body)
}

fn matches(schema: &str, body: &[u8]) -> Result<(), String> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| format!("its body is not JSON: {error}"))?;
    let validator = validator(schema);
    let faults: Vec<_> =
        validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn is_valid(schema: &str, value: &Value) -> bool {
    validator(schema).is_valid(value)
}

/// The validator of the schema at `pointer`; each is made once.
fn validator(pointer: &str) -> Arc<Validator> {
    static VALIDATORS: OnceLock<Mutex<HashMap<String, Arc<Validator>>>> = OnceLock::new();
    let mut all = VALIDATORS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(pointer.to_owned()).or_insert_with(|| Arc::new(made(pointer))).clone()
}

fn made(pointer: &str) -> Validator {
    let options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_registry(registry());
    let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
    options
        .build(&json!({ "$ref": format!("{NAME}#{fragment}") }))
        .expect("the description's schemas are schemas")
}

fn registry() -> &'static Registry<'static> {
    static REGISTRY: OnceLock<Registry<'static>> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut document = document().clone();
        close(&mut document);
        Registry::new()
            .add(NAME, document)
            .and_then(|all| all.prepare())
            .expect("the description's references lead somewhere")
    })
}

/// Members that are not described are faults, unless the schema says that others are allowed.
fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object)
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// A name within a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the document has media types with examples.
    fn contents(value: &Value, at: &str, found: &mut Vec<String>) {
        if let Value::Object(members) = value {
            if members.contains_key("example") && members.contains_key("schema") {
                found.push(at.to_owned());
            }
            members
                .iter()
                .for_each(|(name, member)| contents(member, &format!("{at}/{}", escaped(name)), found));
        }
    }

    #[test]
    fn every_example_is_as_its_schema_says() {
        let mut found = Vec::new();
        contents(&document()["paths"], "/paths", &mut found);
        assert!(!found.is_empty());
        for at in found {
            let example = document().pointer(&format!("{at}/example")).unwrap().to_string();
            matches(&format!("{at}/schema"), example.as_bytes())
                .unwrap_or_else(|fault| panic!("{at}: {fault}"));
        }
    }
}
