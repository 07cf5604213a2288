//! JSON bodies: bounded and of the right media type.

use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::headers::ContentType;
use crate::{Code, Problem, body};

/// The largest body a route takes, in bytes (the contract's 1 MiB).
const MAX_BODY: usize = 1024 * 1024;

/// How much of a too large body is read before it is refused, in bytes.
const MAX_DRAIN: usize = 8 * MAX_BODY;

/// A client's JSON body of type `T`, without `null` in any member. Types use `#[serde(deny_unknown_fields)]`, so a
/// misspelt member is named.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        body::parse(&read(request).await?).map(Self)
    }
}

/// A JSON body from another service. Its own types say what it is made of, `null` among it.
pub struct Message<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Message<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        body::parse_message(&read(request).await?).map(Self)
    }
}

/// A body of any media type as it came, at most 1 MiB.
pub struct Raw(pub Bytes);

impl<S: Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request).await.map(Self)
    }
}

/// 415 unless the body is said to be JSON (`application/json`, or any `+json`), and of no other charset than UTF-8.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    match ContentType::of(headers)? {
        Some(kind) if kind.is_json() && kind.is_utf8() => Ok(()),
        _ => Err(no_json()),
    }
}

/// 415.
pub(crate) fn no_json() -> Problem {
    Problem::new(Code::UNSUPPORTED_MEDIA_TYPE, "Send `Content-Type: application/json`, in UTF-8")
}

/// The body, or 413 when it is too large.
pub(crate) async fn read(request: Request) -> Result<Bytes, Problem> {
    let mut body = request.into_body();
    let mut bytes = BytesMut::new();
    while let Some(data) = next(&mut body).await? {
        if bytes.len().saturating_add(data.len()) > MAX_BODY {
            return Err(too_large(body).await);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// Whether a request says that its body is larger than [`MAX_BODY`].
pub(crate) fn says_too_large(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    length.is_some_and(|length: usize| length > MAX_BODY)
}

/// 413, after reading on for a while: a client that is still sending would see a reset, not the answer.
pub(crate) async fn too_large(mut body: axum::body::Body) -> Problem {
    let mut drained = 0usize;
    while let Ok(Some(data)) = next(&mut body).await
        && drained < MAX_DRAIN
    {
        drained = drained.saturating_add(data.len());
    }
    Problem::too_large(MAX_BODY)
}

/// The body's next bytes; `None` at its end.
async fn next(body: &mut axum::body::Body) -> Result<Option<Bytes>, Problem> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::MALFORMED, "The body broke off"))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}
