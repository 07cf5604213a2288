//! `Idempotency-Key`: the same key and body give the same answer again, and one effect.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use store::Idempotency;

use crate::headers::single;
use crate::{Code, FieldError, Problem, body, identity, json};

/// The longest key that is taken, in bytes (the contract's limit).
const MAX_KEY: usize = 255;

/// Says that an answer is to an earlier request.
pub const REPLAYED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));

/// A JSON body of a request that creates, with its idempotency key if it has one.
pub struct Keyed<T> {
    /// The parsed body.
    pub body: T,
    /// The key; `None` when the client sent none.
    pub key: Option<Key>,
}

/// As [`Keyed`], for a request whose body may be left out: then it is `T`'s default.
pub struct OptionalBody<T>(pub Keyed<T>);

/// A body with nothing to say: left out, or `{}`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A client's idempotency key and the hash of the body it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// As the client sent it.
    pub key: String,
    /// SHA-256 of the body, hex.
    pub request_hash: String,
}

impl Key {
    /// The key as it is stored, so that keys of different operations do not meet.
    pub fn scoped(&self, operation: &str) -> String {
        format!("{operation} {}", self.key)
    }

    /// The key with a hash that only this deployment can make, one per `purpose`. A plain hash of a body with a secret
    /// would let others guess the secret.
    ///
    /// # Errors
    /// 503 when the keys cannot be read or are not fit.
    pub async fn sealed(self, purpose: &str) -> Result<Self, Problem> {
        let request_hash = hex::encode(identity::seal(purpose, self.request_hash.as_bytes()).await?);
        Ok(Self { request_hash, ..self })
    }

    /// The part of a request with this key that the log keeps for `operation`. `result` is the answer, or whatever the
    /// answer can be made from again.
    pub fn kept(&self, operation: &str, result: impl Into<String>) -> Idempotency {
        let (key, request_hash) = (self.scoped(operation), self.request_hash.clone());
        Idempotency { key, request_hash, result: result.into() }
    }

    /// 422 unless the earlier request, whose body has the hash `earlier`, is this one.
    pub fn check_same(&self, earlier: &str) -> Result<(), Problem> {
        if self.request_hash == earlier {
            Ok(())
        } else {
            Err(Problem::new(Code::IDEMPOTENCY_MISMATCH, "Use a new key for a new request"))
        }
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Keyed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        json::require_json(request.headers())?;
        let key = key_of(request.headers())?;
        let bytes = json::read(request).await?;
        Ok(Self { body: body::parse(&bytes)?, key: key.map(|key| with_hash(key, &bytes)) })
    }
}

impl<T: DeserializeOwned + Default, S: Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return Keyed::from_request(request, state).await.map(Self);
        }
        let key = key_of(request.headers())?;
        let bytes = json::read(request).await?;
        if !bytes.is_empty() {
            return Err(json::no_json());
        }
        Ok(Self(Keyed { body: T::default(), key: key.map(|key| with_hash(key, &bytes)) }))
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = single(headers, "Idempotency-Key")? else { return Ok(None) };
    if (1..=MAX_KEY).contains(&key.len()) {
        Ok(Some(key.to_owned()))
    } else {
        Err(Problem::validation(vec![FieldError::new(
            "Idempotency-Key",
            format!("must be 1 to {MAX_KEY} printable characters"),
        )]))
    }
}

fn with_hash(key: String, bytes: &Bytes) -> Key {
    Key { key, request_hash: hex::encode(Sha256::digest(bytes)) }
}

/// The answer to a request whose key was used before: the stored one, marked as such.
///
/// # Errors
/// 422 when the key came with another body then.
pub fn replayed(key: &Key, stored_hash: &str, status: StatusCode, body: String) -> Result<Response, Problem> {
    key.check_same(stored_hash)?;
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((status, json, [REPLAYED], body).into_response())
}
