//! Passwords: change one's own, and keep its hash up to date.

use axum::response::{IntoResponse, Response};
use contract::UserId;
use edge::vault::{self, Item};
use edge::{Answer, Context, FieldError, Keyed, Once, User};
use http::StatusCode;
use serde_json::json;
use store::{Event, Timestamp};

use super::accounts::live;
use super::throttles;
use crate::domain::account::check_password;
use crate::domain::password;
use crate::error::Error;
use crate::personal::{email_hash, hashed};
use crate::record::{self, accounts, given_back, in_session};
use crate::store::throttle::Tries;
use crate::store::{Credentials, DB};
use crate::{api, settings, store as auth};

/// `POST /api/auth/password`: 204, and all other sessions have ended. Guesses of the current password count as
/// failed logins.
pub async fn change(
    context: Context,
    user: User,
    request: Keyed<api::PasswordChange>,
) -> Result<Response, Error> {
    let (account, email) = owner(&user).await?;
    let once = Once::new(&DB, user.actor(), "auth.password", request.key).secret().await?;
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    let body = request.body;
    check_password(&body.new_password, &email, settings::password_policy().await?)
        .map_err(|detail| wrong("newPassword", &detail))?;
    let tries = confirm(&context, &account, &email, &body.current_password).await?;
    let event = accounts::password_changed(&account, &hashed(&body.new_password)?, user.session()?);
    let answer = Answer::empty(StatusCode::NO_CONTENT);
    let event = given_back(once.keep(event, &answer).await?, &tries);
    match record::of_account(&context, in_session(event, user.session()?)).await {
        Ok(_) => Ok(answer.into_response()),
        Err(Error::Database(error)) => once.replayed(error).await,
        Err(error) => Err(error),
    }
}

/// The account of a caller whose session is alive, and its e-mail.
pub(super) async fn owner(user: &User) -> Result<(Credentials, String), Error> {
    live(user).await?;
    account(user.id).await
}

async fn account(id: UserId) -> Result<(Credentials, String), Error> {
    let (account, email) = auth::credentials_by_id(id).await?.ok_or(Error::SessionEnded)?;
    let [email] = vault::decrypt([Item::new(vault::EMAIL, account.account_id, email)]).await?;
    Ok((account, email))
}

/// Refuse with 422 unless `password` is the account's; a guess is a failed login in the audit log. The event that
/// follows gives the try back.
pub(super) async fn confirm(
    context: &Context,
    account: &Credentials,
    email: &str,
    password: &str,
) -> Result<Tries, Error> {
    let tries = throttles::confirmation(&email_hash(email).await?).await?;
    if password::verify(password, &account.password_hash) {
        Ok(tries)
    } else {
        record::note(context, accounts::login_failed(Some(account)));
        Err(wrong("currentPassword", "is not the password"))
    }
}

/// `event` of the account of who acts, provided that `password` is theirs: it does not happen once that is another one.
pub(super) async fn proven(
    context: &Context,
    by: &api::By,
    mut event: Event,
    password: Option<String>,
) -> Result<Event, Error> {
    let password = password.ok_or_else(|| wrong("currentPassword", "is needed to erase oneself"))?;
    let (account, email) = account(by.user_id).await?;
    let tries = confirm(context, &account, &email, &password).await?;
    event.private = Some(json!({ "credential": account.credential }));
    Ok(given_back(event, &tries))
}

fn wrong(field: &str, detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new(field, detail)])
}

/// Hash a password that was just found right anew, when its hash has other parameters than today's. A failure
/// is no reason to refuse the login.
pub async fn rehash_if_outdated(context: &Context, account: &Credentials, password: &str) {
    if !password::is_outdated(&account.password_hash) {
        return;
    }
    let done = match hashed(password) {
        Ok(hash) => {
            record::append(context, accounts::password_rehashed(account, &hash), Timestamp::now()).await
        }
        Err(error) => return logline::log!("request {} rehash: {error}", context.request_id),
    };
    if let Err(error) = done {
        logline::log!("request {} rehash: {error}", context.request_id);
    }
}
