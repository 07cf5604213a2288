//! What each extractor adds to the description of its handler's operation.

#![expect(clippy::indexing_slicing, reason = "a `Value` without that member is null there")]

use contract::permissions::Permission;
use http::{HeaderMap, Method, Uri};
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::{JSON, Operation, plain, reference};
use crate::{
    Caller, Code, Context, JsonBody, Keyed, OptionalBody, Page, Path, Permitted, Preconditions, Query, Raw,
    User,
};

/// What refuses a JSON body.
const BODY: [Code; 4] =
    [Code::MALFORMED, Code::VALIDATION, Code::PAYLOAD_TOO_LARGE, Code::UNSUPPORTED_MEDIA_TYPE];

/// An argument of a handler.
pub trait Input {
    /// Add to `operation` what this argument of its handler means for clients.
    fn describe(operation: &mut Operation);
}

/// All arguments of a handler, in axum's form: a marker, and their types.
pub trait Inputs {
    /// See [`Input::describe`].
    fn describe(operation: &mut Operation);
}

macro_rules! inputs {
    ($(($($input:ident)*))*) => {
        $(
            impl<Marker, $($input: Input),*> Inputs for (Marker, $($input,)*) {
                fn describe(_operation: &mut Operation) {
                    $($input::describe(_operation);)*
                }
            }
        )*
    };
}

inputs! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) }

/// Extractors that a client does not see.
macro_rules! silent {
    ($($input:ty)*) => {
        $(impl Input for $input {
            fn describe(_: &mut Operation) {}
        })*
    };
}

silent! { Context HeaderMap Method Uri Raw axum::extract::Request }

/// Extractors whose content the handler checks by itself: [`Operation::takes`] describes it.
impl<T, E> Input for Result<T, E> {
    fn describe(_: &mut Operation) {}
}

impl Input for User {
    fn describe(operation: &mut Operation) {
        operation.needs.get_or_insert_default();
        operation.codes.extend([Code::UNAUTHENTICATED, Code::TOKEN_EXPIRED]);
    }
}

/// A token is not needed, and one that is there must be good.
impl Input for Option<User> {
    fn describe(operation: &mut Operation) {
        operation.codes.extend([Code::UNAUTHENTICATED, Code::TOKEN_EXPIRED]);
    }
}

impl Input for Caller {
    fn describe(operation: &mut Operation) {
        User::describe(operation);
    }
}

impl<P: Permission> Input for Permitted<P> {
    fn describe(operation: &mut Operation) {
        User::describe(operation);
        operation.needs.get_or_insert_default().push(P::NAME);
        operation.codes.push(Code::FORBIDDEN);
    }
}

impl<T: JsonSchema> Input for JsonBody<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(JSON);
        operation.codes.extend(BODY);
    }
}

impl<T: JsonSchema> Input for Keyed<T> {
    fn describe(operation: &mut Operation) {
        JsonBody::<T>::describe(operation);
        keyed(operation);
    }
}

impl<T: JsonSchema> Input for OptionalBody<T> {
    fn describe(operation: &mut Operation) {
        if operation.schemas.whole::<T>().get("properties").is_some() {
            operation.body::<T>(JSON);
            operation.body_is_optional = true;
        }
        operation.codes.extend(BODY);
        keyed(operation);
    }
}

fn keyed(operation: &mut Operation) {
    operation.is_keyed = true;
    operation.codes.push(Code::IDEMPOTENCY_MISMATCH);
}

impl Input for Page {
    fn describe(operation: &mut Operation) {
        operation.parameters.extend(["Limit", "Cursor"].map(|name| reference("parameters", name)));
        operation.codes.push(Code::VALIDATION);
    }
}

impl Input for Preconditions {
    fn describe(operation: &mut Operation) {
        operation.has_preconditions = true;
    }
}

impl<T: JsonSchema> Input for Path<T> {
    fn describe(operation: &mut Operation) {
        let schema = operation.schemas.input::<T>();
        operation.path = match schema.get("prefixItems") {
            Some(Value::Array(items)) => items.clone(),
            _ => vec![schema],
        };
        operation.codes.push(Code::NOT_FOUND);
    }
}

impl<T: JsonSchema> Input for Query<T> {
    fn describe(operation: &mut Operation) {
        let whole = plain(operation.schemas.whole::<T>());
        let required = |name: &str| {
            whole["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name))
        };
        for (name, schema) in whole["properties"].as_object().into_iter().flatten() {
            let (mut schema, mut parameter) = (schema.clone(), json!({ "name": name, "in": "query" }));
            if let Some(about) = schema.as_object_mut().and_then(|schema| schema.remove("description")) {
                parameter["description"] = about;
            }
            if whole.get("allowEmptyValue").is_some() {
                parameter["allowEmptyValue"] = json!(true);
            }
            if required(name) {
                parameter["required"] = json!(true);
            }
            parameter["schema"] = schema;
            operation.parameters.push(parameter);
        }
        operation.codes.push(Code::VALIDATION);
    }
}
