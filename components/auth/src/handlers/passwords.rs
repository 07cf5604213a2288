//! Passwords: change one's own, and keep its hash up to date.

use edge::{Context, FieldError, Json, User};
use http::StatusCode;
use store::Timestamp;

use super::sessions::append;
use super::{accounts, throttles};
use crate::domain::account::check_password;
use crate::domain::password;
use crate::error::Error;
use crate::store::Credentials;
use crate::{api, bootstrap, store as auth};

/// `POST /api/auth/password`: 204, and all other sessions have ended. Guesses of the current password count as
/// failed logins.
pub async fn change(
    context: Context,
    user: User,
    Json(body): Json<api::PasswordChange>,
) -> Result<StatusCode, Error> {
    accounts::live(&user).await?;
    let (account, email) = auth::credentials_by_id(&user.subject).await?.ok_or(Error::SessionEnded)?;
    let wrong = |field: &str, detail: &str| Error::Invalid(vec![FieldError::new(field, detail)]);
    check_password(&body.new_password, &email, bootstrap::policy().await)
        .map_err(|detail| wrong("newPassword", &detail))?;
    throttles::login(&context, &accounts::email_hash(&email).await?).await?;
    if !password::verify(&body.current_password, &account.password_hash) {
        append(&context, auth::login_failed(Some(&account.account_id)), Timestamp::now()).await?;
        return Err(wrong("currentPassword", "is not the password"));
    }
    let event = auth::password_changed(&account, &hashed(&body.new_password)?, &user.session);
    match append(&context, event, Timestamp::now()).await {
        Err(error) if auth::is_stale(&error) => Err(wrong("currentPassword", "is not the password any more")),
        other => Ok(other.map(|()| StatusCode::NO_CONTENT)?),
    }
}

/// Hash a password that was just found right anew, when its hash has other parameters than today's. A failure
/// is no reason to refuse the login.
pub async fn rehash_if_outdated(context: &Context, account: &Credentials, password: &str) {
    if !password::is_outdated(&account.password_hash) {
        return;
    }
    let done = match hashed(password) {
        Ok(hash) => append(context, auth::password_rehashed(account, &hash), Timestamp::now()).await,
        Err(error) => return eprintln!("request {} rehash: {error}", context.request_id),
    };
    if let Err(error) = done {
        eprintln!("request {} rehash: {error}", context.request_id);
    }
}

/// The hash of a password under a fresh salt. Tens of milliseconds.
pub fn hashed(password: &str) -> Result<String, Error> {
    let mut salt = [0u8; password::SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|error| Error::Hashing(error.to_string()))?;
    password::hash(password, salt)
}
