//! Errors as clients see them: `application/problem+json` (RFC 9457).

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Context, caller};

/// The stable, machine-readable kind of a problem: clients switch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// snake_case, never changed once published.
    pub name: &'static str,
    /// The HTTP status that goes with it.
    pub status: StatusCode,
    /// A short sentence, the same for every problem of this kind.
    pub title: &'static str,
}

macro_rules! codes {
    ($($constant:ident $status:ident $name:literal $title:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $constant: Code =
                Code { name: $name, status: StatusCode::$status, title: $title };)*
            /// Every code, for the API's description.
            pub const ALL: &[Code] = &[$(Self::$constant),*];
        }
    };
}

codes! {
    MALFORMED BAD_REQUEST "malformed_request" "The request cannot be read";
    VALIDATION UNPROCESSABLE_ENTITY "validation_failed" "Some fields are not valid";
    INVALID_CREDENTIALS UNAUTHORIZED "invalid_credentials" "The e-mail or the password is wrong";
    UNAUTHENTICATED UNAUTHORIZED "unauthenticated" "A valid access token is needed";
    TOKEN_EXPIRED UNAUTHORIZED "token_expired" "The access token has expired";
    TOKEN_REUSED BAD_REQUEST "token_reused" "The refresh token was used before";
    RESET_TOKEN_INVALID BAD_REQUEST "reset_token_invalid" "The token for a new password is not valid, or not any more";
    FORBIDDEN FORBIDDEN "forbidden" "The caller lacks a permission";
    NOT_FOUND NOT_FOUND "not_found" "There is no such resource";
    METHOD_NOT_ALLOWED METHOD_NOT_ALLOWED "method_not_allowed" "The resource does not know this method";
    EMAIL_TAKEN CONFLICT "email_taken" "An account with this e-mail exists";
    PRICE_CHANGED CONFLICT "price_changed" "A price is not what the request says";
    OUT_OF_STOCK CONFLICT "out_of_stock" "There is not enough stock";
    INVALID_TRANSITION CONFLICT "invalid_transition" "The state does not allow this";
    AMOUNT_MISMATCH CONFLICT "amount_mismatch" "The amount is not the order's total";
    ALREADY_PAID CONFLICT "already_paid" "The order has a payment already";
    CONFLICT CONFLICT "conflict" "The request conflicts with the resource's state";
    REFUND_EXCEEDS_CAPTURED CONFLICT "refund_exceeds_captured" "More would be given back than was taken";
    REFUND_DECLINED CONFLICT "refund_declined" "The provider does not give the money back";
    CARD_DECLINED PAYMENT_REQUIRED "card_declined" "The card was declined";
    CURRENCY_NOT_SUPPORTED UNPROCESSABLE_ENTITY "currency_not_supported" "The payment provider does not take this sum";
    IDEMPOTENCY_MISMATCH UNPROCESSABLE_ENTITY "idempotency_mismatch"
        "The idempotency key came with another body before";
    IDEMPOTENCY_IN_PROGRESS CONFLICT "idempotency_in_progress" "A request with this idempotency key is running";
    PRECONDITION_FAILED PRECONDITION_FAILED "precondition_failed" "The resource has changed";
    RATE_LIMITED TOO_MANY_REQUESTS "rate_limited" "Too many requests";
    TOO_MANY_ATTEMPTS TOO_MANY_REQUESTS "too_many_attempts" "There were too many attempts";
    PAYLOAD_TOO_LARGE PAYLOAD_TOO_LARGE "payload_too_large" "The body is too large";
    HEADERS_TOO_LARGE REQUEST_HEADER_FIELDS_TOO_LARGE "headers_too_large" "The headers are too many or too long";
    UNSUPPORTED_MEDIA_TYPE UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The media type is not supported";
    UNAVAILABLE SERVICE_UNAVAILABLE "upstream_unavailable" "A part of the system is away; try again";
    MISCONFIGURED SERVICE_UNAVAILABLE "misconfigured" "A setting of the deployment cannot be used";
    INTERNAL INTERNAL_SERVER_ERROR "internal" "Something went wrong here";
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// Path within the body, such as `items[0].quantity`, or a query parameter's name.
    pub field: String,
    /// What is wrong, for a person.
    pub detail: String,
}

impl FieldError {
    /// `detail` is wrong with `field`.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

/// Headers of another service's problem that are the client's too.
const PASSED_ON: [&str; 4] = ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];

/// An error on its way to the client. [`serve`](crate::serve) renders it, with the request's id and path.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<anyhow::Error>,
    /// Who was refused which permission.
    refused: Option<(String, String)>,
}

impl Problem {
    /// A problem of kind `code`; `detail` tells this case to a person.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (errors, extra, headers) = Default::default();
        Self { code, detail: detail.into(), errors, extra, headers, source: None, refused: None }
    }

    /// Fields that are not valid.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let names: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        let detail = format!("Not valid: {}", names.join(", "));
        Self { errors, ..Self::new(Code::VALIDATION, detail) }
    }

    /// Settings of the deployment that cannot be used, each as `<name> <what is wrong>`.
    pub(crate) fn misconfigured(unfit: Vec<String>) -> Self {
        let field = |line: &String| {
            let (name, what) = line.split_once(' ').unwrap_or(("", line));
            FieldError::new(name, what)
        };
        let errors = unfit.iter().map(field).collect();
        Self { errors, ..Self::new(Code::MISCONFIGURED, unfit.join("; ")) }
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        Self::new(Code::PAYLOAD_TOO_LARGE, format!("The limit is {limit} bytes")).with("limit", limit)
    }

    /// No such `what`, or one that the caller must not know of.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NOT_FOUND, format!("There is no such {what}"))
    }

    /// A failure on our side: logged with its causes, opaque to the client. Two refusals of every service's database
    /// have their own answers: an actor who is disabled or erased, and a database that needs a newer version of the
    /// service. That one is named, because only the deployment can mend it.
    pub fn internal(source: impl Into<anyhow::Error>) -> Self {
        let source = source.into();
        let problem = match source.downcast_ref() {
            Some(store::Error::Refused { code, .. }) if code == "person_stopped" => return Self::stopped(),
            Some(unfit @ (store::Error::Newer { .. } | store::Error::Unreleased { .. })) => {
                Self::new(Code::MISCONFIGURED, unfit.to_string())
            }
            _ => Self::new(Code::INTERNAL, "See the log under the request id"),
        };
        Self { source: Some(source), ..problem }
    }

    /// The problem of another service's answer: its kind, detail and fields, and when to try again.
    pub(crate) fn passed_on(body: &[u8], headers: &HeaderMap) -> Self {
        let received: Received = serde_json::from_slice(body).unwrap_or_default();
        match Code::ALL.iter().find(|code| code.name == received.code && **code != Code::INTERNAL) {
            Some(code) => {
                let named = |name| Some((HeaderName::from_static(name), headers.get(name)?.clone()));
                let headers = PASSED_ON.into_iter().filter_map(named).collect();
                caller::challenge(Self {
                    errors: received.errors,
                    headers,
                    ..Self::new(*code, received.detail)
                })
            }
            None => Self::internal(anyhow::anyhow!("another service failed: {}", received.code)),
        }
    }

    /// `actor` lacks `permission`: told to the client, and to [`on_refusal`](crate::on_refusal)'s recorder.
    pub fn forbidden(actor: String, permission: &str) -> Self {
        let problem = Self::new(Code::FORBIDDEN, format!("The permission {permission} is needed"));
        Self { refused: Some((actor, permission.to_owned())), ..problem }.with("permission", permission)
    }

    /// The caller's account was disabled or erased, whatever is left of their access token's time.
    pub fn stopped() -> Self {
        caller::challenge(Self::new(Code::UNAUTHENTICATED, "The account is disabled or erased"))
    }

    /// Who was refused which permission, if that is what this is about.
    pub(crate) fn refused(&self) -> Option<(String, String)> {
        self.refused.clone()
    }

    /// Add a member of the problem object.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Add a response header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What this case is, for a person.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The fields that are not valid.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The kind of problem.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The response, once the request is known.
    pub(crate) fn render(&self, context: &Context, path: &str) -> Response {
        if let Some(source) = &self.source {
            logline::log!("request {} {path}: {source:#}", context.request_id);
        }
        let mut body = self.extra.clone();
        let members = json!({
            "type": format!("urn:jangteo:problem:{}", self.code.name),
            "title": self.code.title,
            "status": self.code.status.as_u16(),
            "detail": self.detail,
            "instance": path,
            "code": self.code.name,
            "requestId": context.request_id,
        });
        if let Value::Object(members) = members {
            body.extend(members);
        }
        if !self.errors.is_empty() {
            body.insert("errors".to_owned(), json!(self.errors));
        }
        let body = Value::Object(body).to_string();
        let kind = HeaderValue::from_static("application/problem+json");
        let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_LENGTH, body.len().into())];
        (self.code.status, headers, body).into_response()
    }
}

/// For logs: the kind, this case, and its causes.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.name, self.detail)?;
        self.source.as_ref().map_or(Ok(()), |source| write!(f, ": {source:#}"))
    }
}

/// What is read of another service's problem.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Received {
    code: String,
    detail: String,
    errors: Vec<FieldError>,
}

impl From<variables::Unfit> for Problem {
    fn from(unfit: variables::Unfit) -> Self {
        Self::misconfigured(vec![unfit.to_string()])
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status.into_response();
        response.headers_mut().extend(self.headers.iter().cloned());
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
