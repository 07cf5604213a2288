//! The public keys that tokens are signed with.

use axum::response::{IntoResponse, Response};
use edge::Problem;
use http::header;

/// A copy may be kept as long as a new key is announced before it signs.
const CACHE: &str = "public, max-age=60";

/// `GET /.well-known/jwks.json`: 200 with the public keys (RFC 7517); none for HS256.
pub async fn get() -> Result<Response, Problem> {
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, CACHE)];
    Ok((headers, edge::key_set().await?).into_response())
}
