//! Forgotten passwords: ask for a token, and set a new password with it.

use axum::Json as Reply;
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use edge::vault::{self, Item};
use edge::{Context, FieldError, Json, Path, User};
use http::{StatusCode, header};
use serde_json::json;
use store::{Event, Timestamp};
use uuid::Uuid;

use super::accounts::{email_hash, record};
use super::authority::{permitted, within};
use super::lifecycle::ANY;
use super::passwords::hashed;
use super::throttles;
use crate::domain::account::check_password;
use crate::domain::session::{digest, same};
use crate::error::Error;
use crate::store::{self as auth, resets, roles};
use crate::{api, mailer, settings};

/// How long a token is good, in seconds.
pub const LIFETIME_SECONDS: i64 = 30 * 60;

/// `POST /api/auth/password/forgot`: 202, whether the e-mail has an account or not, after the same work. The token comes
/// by mail, after the answer.
pub async fn forgot(context: Context, Json(body): Json<api::Forgotten>) -> Result<StatusCode, Error> {
    let hash = email_hash(&body.email).await?;
    if throttles::reset(&context, &hash).await? {
        let found = auth::credentials(&hash).await?.filter(|account| !account.disabled);
        let (reset, token, until) = fresh().await?;
        let event = match &found {
            Some(account) => {
                let id = account.account_id.as_str();
                resets::requested(id, "anonymous", "owner", &reset, &digest(&token), until)
            }
            None => resets::requested_of_nobody(until),
        };
        record(&context, event).await?;
        mailer::kick();
    }
    Ok(StatusCode::ACCEPTED)
}

/// `POST /api/auth/password/reset`: 204, and all sessions have ended.
pub async fn reset(context: Context, Json(body): Json<api::Reset>) -> Result<StatusCode, Error> {
    let wrong = |field: &str, detail: &str| Error::Invalid(vec![FieldError::new(field, detail)]);
    let bad = || wrong("token", "is not valid, or not any more");
    let id = body.token.split('.').next().unwrap_or_default();
    if !same(&token_of(id).await?, &body.token) {
        return Err(bad());
    }
    let (account, email) = resets::find(id, Timestamp::now()).await?.ok_or_else(bad)?;
    let [email] = vault::decrypt([Item::new(vault::EMAIL, &account, email)]).await?;
    check_password(&body.new_password, &email, settings::password_policy().await?)
        .map_err(|detail| wrong("newPassword", &detail))?;
    let event = resets::done(&account, &digest(&body.token), &hashed(&body.new_password)?);
    match record(&context, event).await {
        Err(Error::Database(error)) if resets::is_spent(&error) => Err(bad()),
        other => other.map(|_| StatusCode::NO_CONTENT),
    }
}

/// `POST /api/users/{id}/password-reset`: 201 with a token for somebody who cannot get mail.
pub async fn issue(context: Context, user: User, Path(id): Path<String>) -> Result<Response, Error> {
    let who = permitted(&user, ANY).await?;
    let held = roles::holder(&id).await?.ok_or(Error::NotFound("user"))?;
    within(&who, &held.permissions())?;
    let (reset, token, until) = fresh().await?;
    let event: Event = resets::requested(&id, &user.actor(), "admin", &reset, &digest(&token), until);
    record(&context, who.judged(event, &[ANY], Some(&id))).await?;
    let body = json!({ "token": token, "expiresIn": LIFETIME_SECONDS });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Reply(body)).into_response())
}

async fn fresh() -> Result<(String, String, Timestamp), Error> {
    let reset = Uuid::now_v7().to_string();
    let token = token_of(&reset).await?;
    Ok((reset, token, Timestamp::now().plus_seconds(LIFETIME_SECONDS)))
}

/// The token of this id: identity derives it, so that it need not be stored to be mailed.
pub async fn token_of(reset: &str) -> Result<String, Error> {
    let mac = edge::seal("password-reset", reset.as_bytes()).await?;
    Ok(format!("{reset}.{}", URL_SAFE_NO_PAD.encode(mac)))
}
