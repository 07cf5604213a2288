//! The key that tokens will be signed with next.

use axum::response::{IntoResponse, Response};
use edge::{Answer, Context, KeyedOr, Nothing, Once, User};
use http::StatusCode;
use store::Timestamp;

use super::accounts::record;
use super::authority::permitted;
use super::sessions::append;
use crate::error::Error;
use crate::store::DB;
use crate::{api, store as auth};

/// The permission to have the next key made.
const ROTATE: &str = "keys:rotate";

/// `POST /api/auth/keys/rotate`: 200 with the key that signs from some moment on; asked again until then, it answers
/// the same.
pub async fn rotate(
    context: Context,
    user: User,
    KeyedOr(request): KeyedOr<Nothing>,
) -> Result<Response, Error> {
    let who = permitted(&user, ROTATE).await?;
    let once = Once::new(&DB, user.actor(), "auth.keys.rotate", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    // The key is made by the identity plug-in, so what judges the caller comes before it.
    record(&context, who.judged(auth::rotation_requested(&user.subject), &[ROTATE], None)).await?;
    let key = edge::rotate_keys().await?;
    let event = auth::key_rotated(&key.kid, user.actor());
    let signs_from = Timestamp(0).plus_seconds(i64::try_from(key.signs_from).unwrap_or(i64::MAX));
    let key = api::Key { kid: key.kid, algorithm: key.algorithm, signs_from: signs_from.to_string() };
    let answer = Answer::json(StatusCode::OK, &key)?;
    match append(&context, once.keep(event, &answer).await?, Timestamp::now()).await {
        Ok(()) => Ok(answer.into_response()),
        // The log tells of each key once.
        Err(error) if auth::is_overtaken(&error) => Ok(once.settle(answer).await?),
        Err(error) => once.replayed(error).await,
    }
}
