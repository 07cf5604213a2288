//! An account's e-mail changes; an account is disabled and enabled again.

use contract::UserId;
use contract::permissions::{Permission, UsersAny};
use edge::vault::{self, Item};
use edge::{Context, FieldError, JsonBody, Path, Permitted, User};
use http::StatusCode;

use super::authority::{permitted, within};
use super::passwords::{confirm, owner};
use crate::api;
use crate::domain::account::{check_email, normalised};
use crate::error::Error;
use crate::personal::email_hash;
use crate::record::{self, accounts, given_back, in_session};
use crate::store::roles;

/// The services, besides auth and users, that refuse people who are disabled or erased.
pub const STOPPING: [&str; 3] = ["products", "orders", "payments"];

/// `PUT /api/users/{id}/email`: 204, and all other sessions have ended; 409 for a taken one. It needs the password,
/// for with the e-mail goes the account; a wrong one counts as a failed login, and so does looking for taken ones.
pub async fn change_email(
    context: Context,
    user: User,
    Path(id): Path<UserId>,
    JsonBody(body): JsonBody<api::EmailChange>,
) -> Result<StatusCode, Error> {
    if id != user.id {
        return Err(Error::NotFound("user"));
    }
    let (account, old) = owner(&user).await?;
    let email = check_email(&body.email).map_err(|error| Error::Invalid(vec![error]))?;
    let tries = confirm(&context, &account, &old, &body.current_password).await?;
    if normalised(&email) == normalised(&body.current_password) {
        return Err(Error::Invalid(vec![FieldError::new("email", "must not be the password")]));
    }
    let [sealed] = vault::encrypt([Item::new(vault::EMAIL, id, email.as_str())]).await?;
    let event = accounts::email_changed(&account, &sealed, &email_hash(&email).await?, user.session()?);
    let event = in_session(given_back(event, &tries), user.session()?);
    let appended = record::of_account(&context, event).await?;
    record::deliver_now(&context, &appended, &["users"]).await;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /api/users/{id}/status`: 204. A disabled account has no sessions and gets none: its logins fail as with a
/// wrong password, and no service does anything more for it. The last ADMIN stays, and nobody disables who may
/// more than they.
pub async fn switch(
    context: Context,
    user: Permitted<UsersAny>,
    Path(id): Path<UserId>,
    JsonBody(body): JsonBody<api::Status>,
) -> Result<StatusCode, Error> {
    let who = permitted(&user).await?;
    let holder = roles::holder(id).await?.ok_or(Error::NotFound("user"))?;
    within(&who, &holder.permissions())?;
    if holder.disabled != body.disabled {
        let event =
            who.judged(accounts::switched(id, body.disabled, user.actor()), &[UsersAny::NAME], Some(id));
        let appended = record::of_account(&context, event).await?;
        record::deliver_now(&context, &appended, &[&["users"], STOPPING.as_slice()].concat()).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
