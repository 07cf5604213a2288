//! The description of operations in OpenAPI 3.1. JSON Schemas are made by `schemars` from the types that serde reads
//! and writes; permission, body, parameters and headers come from the handler's signature ([`Input`]).
//!
//! Errors are named by their codes, which imply status and title.

mod formats;
mod inputs;
mod problems;
mod schemas;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

pub use self::formats::{ActiveCurrency, Actor, Email, Moment, NewPassword, Password, Permission, Price};
pub use self::inputs::{Input, Inputs};
pub use self::schemas::{Schemas, plain};
pub use schemars::JsonSchema as Shape;

use crate::Code;

const JSON: &str = "application/json";
/// What a live operation says of itself.
const LIVE: &str =
    "Refused with 401 once the session has ended, whatever is left of the access token's time.";

/// The operations of a service, and the schemas that they name.
pub struct Description {
    tag: &'static str,
    /// By path: its path item, with the other paths in `x-aliases`.
    pub paths: Map<String, Value>,
    /// What the paths refer to.
    pub schemas: Schemas,
}

impl Description {
    pub(crate) fn new(tag: &'static str) -> Self {
        Self { tag, paths: Map::new(), schemas: Schemas::default() }
    }

    /// The operation `method` of `path` below the first of `prefixes`, whose handler takes `T`.
    pub(crate) fn add<T: Inputs>(
        &mut self,
        method: &str,
        prefixes: &[&str],
        path: &str,
        describe: impl FnOnce(Operation) -> Operation,
    ) {
        let mut operation = Operation { schemas: std::mem::take(&mut self.schemas), ..Operation::default() };
        T::describe(&mut operation);
        let operation = describe(operation);
        let names: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}{path}")).collect();
        let Some((path, aliases)) = names.split_first() else { return };
        let item = self.paths.entry(path.clone()).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            if !aliases.is_empty() {
                item.insert("x-aliases".to_owned(), json!(aliases));
            }
            let parameters = operation.path_parameters(path);
            if !parameters.is_empty() {
                item.insert("parameters".to_owned(), json!(parameters));
            }
            item.insert(method.to_owned(), operation.item(method, path, self.tag));
        }
        self.schemas = operation.schemas;
    }
}

/// What is said of one operation.
#[derive(Default)]
pub struct Operation {
    schemas: Schemas,
    id: String,
    summary: String,
    about: String,
    is_live: bool,
    /// Permissions that a caller needs; `None`: no token.
    needs: Option<Vec<&'static str>>,
    parameters: Vec<Value>,
    path: Vec<Value>,
    body: Map<String, Value>,
    body_is_optional: bool,
    is_keyed: bool,
    has_preconditions: bool,
    /// Whether the `ETag` of an operation with preconditions may be missing.
    tag_may_miss: bool,
    codes: Vec<Code>,
    answers: BTreeMap<u16, Value>,
}

impl Operation {
    /// Its `operationId`, by which generated clients call it, and its summary.
    #[must_use]
    pub fn named(self, id: &str, summary: &str) -> Self {
        Self { id: id.to_owned(), summary: summary.to_owned(), ..self }
    }

    /// Its description: what the summary and the signature do not say.
    #[must_use]
    pub fn about(self, text: &str) -> Self {
        Self { about: text.to_owned(), ..self }
    }

    /// It is refused once the session of its token has ended.
    #[must_use]
    pub fn live(self) -> Self {
        Self { is_live: true, ..self }
    }

    /// 200 with a `T`.
    #[must_use]
    pub fn ok<T: JsonSchema>(self, what: &str) -> Self {
        self.answers::<T>(200, what)
    }

    /// 201 with a `T` and its `Location`.
    #[must_use]
    pub fn created<T: JsonSchema>(self, what: &str) -> Self {
        self.answers::<T>(201, what).located()
    }

    /// `status` with a `T`.
    #[must_use]
    pub fn answers<T: JsonSchema>(self, status: u16, what: &str) -> Self {
        self.answers_as::<T>(status, JSON, what)
    }

    /// `status` with a `T` in another media type than JSON, or in one more.
    #[must_use]
    pub fn answers_as<T: JsonSchema>(mut self, status: u16, media: &str, what: &str) -> Self {
        let schema = self.schemas.output::<T>();
        self = self.done(status, what);
        if let Some(Value::Object(answer)) = self.answers.get_mut(&status) {
            let content = answer.entry("content").or_insert_with(|| json!({}));
            if let Value::Object(content) = content {
                content.insert(media.to_owned(), json!({ "schema": schema }));
            }
        }
        self
    }

    /// `status` without a body.
    #[must_use]
    pub fn done(mut self, status: u16, what: &str) -> Self {
        self.answers.entry(status).or_insert_with(|| json!({ "description": what }));
        self
    }

    /// A body of the media type `media`, which is not read by one of this crate's extractors.
    #[must_use]
    pub fn takes<T: JsonSchema>(mut self, media: &str) -> Self {
        self.body::<T>(media);
        self
    }

    /// The answer has an `ETag`. (One whose handler takes [`Preconditions`](crate::Preconditions) has it anyway.)
    #[must_use]
    pub fn tagged(self) -> Self {
        self.header("ETag")
    }

    /// The answer has an `ETag` in most cases.
    #[must_use]
    pub fn tagged_if_any(self) -> Self {
        Self { tag_may_miss: true, ..self }
    }

    /// The answer has a `Location`.
    #[must_use]
    pub fn located(self) -> Self {
        self.header("Location")
    }

    /// Problems that its signature does not tell.
    #[must_use]
    pub fn fails(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// The type of its path parameter, where its handler takes any text.
    #[must_use]
    pub fn path<T: JsonSchema>(mut self) -> Self {
        self.path = vec![self.schemas.input::<T>()];
        self
    }

    /// A permission that the handler demands only for some relations of the caller to the thing.
    #[must_use]
    pub fn needs<P: contract::permissions::Permission>(mut self, _: P) -> Self {
        self.needs.get_or_insert_default().push(P::NAME);
        self.fails(&[Code::FORBIDDEN])
    }

    /// The handler does not use an idempotency key: the request is idempotent anyway, or its answer must not be given
    /// again.
    #[must_use]
    pub fn unkeyed(self) -> Self {
        let codes = self.codes.iter().filter(|code| **code != Code::IDEMPOTENCY_MISMATCH).copied().collect();
        Self { is_keyed: false, codes, ..self }
    }

    fn header(mut self, name: &str) -> Self {
        self.answers.values_mut().for_each(|answer| add_header(answer, name));
        self
    }

    fn body<T: JsonSchema>(&mut self, media: &str) {
        let schema = self.schemas.input::<T>();
        self.body.insert(media.to_owned(), json!({ "schema": schema }));
    }

    /// The parameters in `path`, by their names there and their types in the signature.
    fn path_parameters(&self, path: &str) -> Vec<Value> {
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameter =
            |(name, schema)| json!({ "name": name, "in": "path", "required": true, "schema": schema });
        names.zip(&self.path).map(parameter).collect()
    }

    /// It as a path item has it.
    fn item(&self, method: &str, path: &str, tag: &str) -> Value {
        let mut item = Map::new();
        let mut put = |name: &str, value: Value| item.insert(name.to_owned(), value);
        put("operationId", json!(self.id));
        put("tags", json!([tag]));
        put("summary", json!(self.summary));
        if let Some(about) = self.description() {
            put("description", json!(about));
        }
        let needs = self.needs.iter().map(|permissions| json!({ "bearer": permissions }));
        put("security", needs.collect());
        let parameters = self.all_parameters(method, path);
        if !parameters.is_empty() {
            put("parameters", json!(parameters));
        }
        if !self.body.is_empty() {
            put("requestBody", json!({ "required": !self.body_is_optional, "content": self.body }));
        }
        put("responses", self.responses(method));
        Value::Object(item)
    }

    /// What it needs, and what is said of it.
    fn description(&self) -> Option<String> {
        let names = self.needs.iter().flatten().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let needs = (!names.is_empty()).then(|| format!("Needs {}.", names.join(" and ")));
        let said = (!self.about.is_empty()).then(|| self.about.clone());
        let live = self.is_live.then(|| LIVE.to_owned());
        let all: Vec<_> = needs.into_iter().chain(said).chain(live).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

    fn all_parameters(&self, method: &str, path: &str) -> Vec<Value> {
        let mut all = self.parameters.clone();
        // A parameter of the path is not one of the query, too.
        all.retain(|parameter| !path.contains(&format!("{{{}}}", parameter["name"].as_str().unwrap_or("-"))));
        let mut refer = |name: &str| all.push(reference("parameters", name));
        if self.is_keyed {
            refer("IdempotencyKey");
        }
        if self.has_preconditions {
            refer(if method == "get" { "IfNoneMatch" } else { "IfMatch" });
        }
        all
    }

    fn responses(&self, method: &str) -> Value {
        let mut all = Map::new();
        for (status, answer) in &self.answers {
            let mut answer = answer.clone();
            if self.is_keyed {
                add_header(&mut answer, "Idempotent-Replayed");
            }
            if self.has_preconditions && *status != 204 {
                add_header_as(&mut answer, "ETag", if self.tag_may_miss { "ETagIfAny" } else { "ETag" });
            }
            all.insert(status.to_string(), answer);
        }
        if self.has_preconditions && method == "get" {
            all.insert("304".to_owned(), reference("responses", "Unchanged"));
        }
        let mut codes: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in self.codes.iter().chain(self.precondition_codes(method)) {
            let known = codes.entry(code.status.as_u16()).or_default();
            if !known.contains(code) {
                known.push(*code);
            }
        }
        for (status, codes) in codes {
            let both = all.get(&status.to_string()).cloned();
            all.insert(status.to_string(), problem(status, &codes, both));
        }
        all.insert("default".to_owned(), reference("responses", "Problem"));
        Value::Object(all)
    }

    fn precondition_codes(&self, method: &str) -> &'static [Code] {
        if self.has_preconditions && method != "get" {
            &[Code::MALFORMED, Code::PRECONDITION_FAILED]
        } else {
            &[]
        }
    }
}

/// A reference to what `shared/openapi` has for all operations.
fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

fn add_header(answer: &mut Value, name: &str) {
    add_header_as(answer, name, name);
}

/// Add the header `name`, as `shared/openapi` describes it under the name `described`.
fn add_header_as(answer: &mut Value, name: &str, described: &str) {
    if let Value::Object(answer) = answer
        && let Value::Object(headers) = answer.entry("headers").or_insert_with(|| json!({}))
    {
        headers.insert(name.to_owned(), reference("headers", described));
    }
}

/// The answer `status` with one of `codes`; `other`: what else may be answered with it.
fn problem(status: u16, codes: &[Code], other: Option<Value>) -> Value {
    let lines: Vec<_> = codes.iter().map(|code| format!("`{}`: {}.", code.name, code.title)).collect();
    let mut answer = other.unwrap_or_else(|| json!({ "description": lines.join(" ") }));
    if let Value::Object(answer) = &mut answer
        && let Value::Object(content) = answer.entry("content").or_insert_with(|| json!({}))
    {
        let schema = reference("schemas", "Problem");
        content.insert("application/problem+json".to_owned(), json!({ "schema": schema }));
    }
    match status {
        401 => add_header(&mut answer, "WWW-Authenticate"),
        429 => ["Retry-After", "RateLimit", "RateLimit-Policy"]
            .iter()
            .for_each(|name| add_header(&mut answer, name)),
        _ => {}
    }
    answer
}

#[cfg(test)]
mod tests;
