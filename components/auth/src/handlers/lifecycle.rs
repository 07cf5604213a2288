//! An account's e-mail changes; an account is disabled and enabled again.

use edge::vault::{self, Item};
use edge::{Context, FieldError, Json, Path, User};
use http::StatusCode;

use super::accounts::{email_hash, live, record, show_in_profile};
use super::passwords::{confirm, owner, stale};
use super::roles::within;
use crate::api;
use crate::domain::account::{check_email, normalised};
use crate::error::Error;
use crate::store::{self as auth, lifecycle, roles};

/// `PUT /api/users/{id}/email`: 204, and all other sessions have ended; 409 for a taken one. It needs the password,
/// for with the e-mail goes the account; a wrong one counts as a failed login, and so does looking for taken ones.
pub async fn change_email(
    context: Context,
    user: User,
    Path(id): Path<String>,
    Json(body): Json<api::EmailChange>,
) -> Result<StatusCode, Error> {
    if id != user.subject {
        return Err(Error::NotFound("user"));
    }
    let (account, old) = owner(&user).await?;
    let email = check_email(&body.email).map_err(|error| Error::Invalid(vec![error]))?;
    confirm(&context, &account, &old, &body.current_password).await?;
    if normalised(&email) == normalised(&body.current_password) {
        return Err(Error::Invalid(vec![FieldError::new("email", "must not be the password")]));
    }
    let [sealed] = vault::encrypt([Item::new(vault::EMAIL, &id, email.as_str())]).await?;
    let event = lifecycle::email_changed(&account, &sealed, &email_hash(&email).await?, &user.session);
    match record(&context, event).await {
        Err(Error::Database(error)) if auth::is_stale(&error) => return Err(stale()),
        other => show_in_profile(&context, &other?).await,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /api/users/{id}/status`: 204. A disabled account has no sessions and gets none: its logins fail as with a
/// wrong password. The last ADMIN stays, and nobody disables who may more than they.
pub async fn switch(
    context: Context,
    user: User,
    Path(id): Path<String>,
    Json(body): Json<api::Status>,
) -> Result<StatusCode, Error> {
    user.require("users:any")?;
    live(&user).await?;
    let held = roles::holder(&id).await?.ok_or(Error::NotFound("user"))?;
    within(&user, &held.permissions())?;
    if held.disabled != body.disabled {
        let appended = record(&context, lifecycle::switched(&id, body.disabled, user.actor())).await?;
        show_in_profile(&context, &appended).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
