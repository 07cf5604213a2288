//! The key that tokens will be signed with next.

use axum::response::{IntoResponse, Response};
use contract::permissions::{KeysRotate, Permission};
use edge::{Answer, Context, Nothing, Once, OptionalBody, Permitted};
use http::StatusCode;
use store::Timestamp;

use super::authority::permitted;
use crate::error::Error;
use crate::record::roles;
use crate::store::DB;
use crate::{api, record, store as auth};

/// `POST /api/auth/keys/rotate`: 200 with the key that signs from some moment on; asked again until then, it answers
/// the same.
pub async fn rotate(
    context: Context,
    user: Permitted<KeysRotate>,
    OptionalBody(request): OptionalBody<Nothing>,
) -> Result<Response, Error> {
    let who = permitted(&user).await?;
    let once = Once::new(&DB, user.actor(), "auth.keys.rotate", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    // The key is made by the identity plug-in, so what judges the caller comes before it.
    record::of_account(&context, who.judged(roles::rotation_requested(user.id), &[KeysRotate::NAME], None))
        .await?;
    let key = edge::rotate_keys().await?;
    let event = roles::key_rotated(&key.kid, user.actor());
    let signs_from = Timestamp(0).plus_seconds(i64::try_from(key.signs_from).unwrap_or(i64::MAX));
    let key = api::Key { kid: key.kid, algorithm: key.algorithm, signs_from };
    let answer = Answer::json(StatusCode::OK, &key)?;
    match record::append(&context, once.keep(event, &answer).await?, Timestamp::now()).await {
        Ok(_) => Ok(answer.into_response()),
        // The log tells of each key once.
        Err(error) if auth::is_overtaken(&error) => Ok(once.answer_once(answer).await?),
        Err(error) => once.replayed(error).await,
    }
}
