//! Forgotten passwords: have a token mailed or issue one, and set a new password with it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::permissions::{Permission, UsersAny};
use contract::{ResetId, UserId};
use edge::vault::{self, Item};
use edge::{Code, Context, FieldError, JsonBody, Nothing, OptionalBody, Path, Permitted, Problem};
use http::{StatusCode, header};
use store::Timestamp;

use super::authority::{permitted, within};
use super::throttles;
use crate::domain::account::check_password;
use crate::domain::reset::{self, LIFETIME_SECONDS};
use crate::domain::session::{digest, same};
use crate::error::Error;
use crate::personal::{email_hash, hashed, reset_token};
use crate::record::{self, accounts, given_back};
use crate::store::resets::Reset;
use crate::store::throttle::Tries;
use crate::store::{mails, resets, roles};
use crate::{api, mailer, settings};

/// `POST /api/auth/password/forgot`: 202, after one statement, whether the e-mail has an account or not. Who it is, and
/// the mail, come after the answer.
pub async fn forgot(context: Context, JsonBody(body): JsonBody<api::Forgotten>) -> Result<StatusCode, Error> {
    let hash = email_hash(&body.email).await?;
    if throttles::reset_mail(&context, &hash).await? && settings::mailer_url().await?.is_some() {
        mails::ask(&hash, Timestamp::now()).await?;
        mailer::kick();
    }
    Ok(StatusCode::ACCEPTED)
}

/// `POST /api/auth/password/reset`: 204, and all sessions have ended. A token that is not good, or not any more, is
/// one answer; the database decides who of several with the same one was first.
pub async fn reset(context: Context, JsonBody(body): JsonBody<api::Reset>) -> Result<StatusCode, Error> {
    let token = body.token.trim();
    let Some(reset) = good(token).await? else {
        throttles::bad_reset(&context).await?;
        return Err(Error::ResetToken);
    };
    let [email] = vault::decrypt([Item::new(vault::EMAIL, reset.account_id, reset.email.as_str())]).await?;
    check_password(&body.new_password, &email, settings::password_policy().await?)
        .map_err(|detail| Error::Invalid(vec![FieldError::new("newPassword", detail)]))?;
    throttles::good_reset(reset.id).await?;
    let event = accounts::password_reset(&reset, &digest(token), &hashed(&body.new_password)?);
    // Who forgot the password has guessed at it before: that is not held against the login that follows. What the
    // address tried at other accounts is.
    let guesses = throttles::guesses(&context, &email_hash(&email).await?).await?;
    let guesses = Tries { address: None, ..guesses };
    record::of_account(&context, given_back(event, &guesses)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/users/{id}/password-reset`: 201 with a token for somebody who gets no mail.
pub async fn issue(
    context: Context,
    user: Permitted<UsersAny>,
    Path(id): Path<UserId>,
    OptionalBody(_): OptionalBody<Nothing>,
) -> Result<Response, Error> {
    let who = permitted(&user).await?;
    if id == user.id {
        // Else who got hold of an access token for its five minutes would keep the account.
        let detail = "One's own password needs the current one: POST /api/auth/password";
        return Err(Problem::new(Code::FORBIDDEN, detail).into());
    }
    let holder = roles::holder(id).await?.ok_or(Error::NotFound("user"))?;
    within(&who, &holder.permissions())?;
    let (reset, until) = (ResetId::generate(), Timestamp::now().plus_seconds(LIFETIME_SECONDS));
    let token = reset_token(reset).await?;
    let event = accounts::reset_requested(id, Some(user.id), reset, &digest(&token), until);
    record::of_account(&context, who.judged(event, &[UsersAny::NAME], Some(id))).await?;
    let body = api::IssuedReset { token, expires_in: LIFETIME_SECONDS };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// What `token` lets its holder do, provided that we made it and it is still good.
async fn good(token: &str) -> Result<Option<Reset>, Error> {
    let Some(id) = reset::id(token) else { return Ok(None) };
    if same(&reset_token(id).await?, token) {
        Ok(resets::find(id, Timestamp::now()).await?)
    } else {
        Ok(None)
    }
}
