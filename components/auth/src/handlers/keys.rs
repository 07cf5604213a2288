//! The keys that tokens are signed with: what is public of them, and the next one.

use axum::Json as Reply;
use axum::response::{IntoResponse, Response};
use edge::{Context, Problem, User};
use http::header;
use store::Timestamp;

use super::accounts::record;
use super::authority::permitted;
use super::sessions::append;
use crate::error::Error;
use crate::{api, store as auth};

/// A copy may be kept as long as a new key is announced before it signs.
const CACHE: &str = "public, max-age=60";

/// The permission to have the next key made.
const ROTATE: &str = "keys:rotate";

/// `GET /.well-known/jwks.json`: 200 with the public keys (RFC 7517); none for HS256.
pub async fn key_set() -> Result<Response, Problem> {
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, CACHE)];
    Ok((headers, edge::key_set().await?).into_response())
}

/// `POST /api/auth/keys/rotate`: 200 with the key that signs from some moment on; asked again until then, it answers
/// the same.
pub async fn rotate(context: Context, user: User) -> Result<Reply<api::Key>, Error> {
    let who = permitted(&user, ROTATE).await?;
    // The key is made by the identity plug-in, so what judges the caller comes before it.
    record(&context, who.judged(auth::rotation_requested(&user.subject), &[ROTATE], None)).await?;
    let key = edge::rotate_keys().await?;
    match append(&context, auth::key_rotated(&key.kid, user.actor()), Timestamp::now()).await {
        // The log tells of each key once.
        Err(error) if auth::is_overtaken(&error) => {}
        other => other?,
    }
    let signs_from = Timestamp(0).plus_seconds(i64::try_from(key.signs_from).unwrap_or(i64::MAX));
    Ok(Reply(api::Key { kid: key.kid, algorithm: key.algorithm, signs_from: signs_from.to_string() }))
}
