//! Who may do what, and who someone is: answers for other systems and for sellers.

use axum::Json;
use contract::UserId;
use contract::permissions::{OrdersFulfil, RolesRead, UsersAny};
use edge::vault::{self, Item};
use edge::{Context, FieldError, JsonBody, Path, User, text};
use serde::Deserialize;

use super::accounts::live;
use crate::domain::role::{self, MAX_PERMISSION};
use crate::error::Error;
use crate::store::roles::{self, Holder};
use crate::{CLIENT, api};

/// `POST /api/auth/check-permission`: 200 with the answer by the roles the account has now; about others only
/// with `roles:read`.
pub async fn check(user: User, JsonBody(body): JsonBody<api::Check>) -> Result<Json<api::Verdict>, Error> {
    let wanted = wanted(&body)?;
    let id = body.user_id.unwrap_or(user.id);
    if id != user.id {
        user.require(RolesRead)?;
    }
    let holder = roles::holder(id).await?.ok_or(Error::NotFound("user"))?;
    let allowed = !holder.disabled && holder.permissions().contains(&wanted);
    let roles = holder.roles.join(", ");
    let reason = if holder.disabled {
        "the account is disabled".to_owned()
    } else if allowed {
        format!("{wanted} is granted by the roles {roles}")
    } else {
        format!("{wanted} is not granted by the roles {roles}")
    };
    Ok(Json(api::Verdict { allowed, reason }))
}

fn wanted(body: &api::Check) -> Result<String, Error> {
    let mut errors = Vec::new();
    let members = [("permission", &body.permission), ("resource", &body.resource), ("action", &body.action)];
    for (field, text) in members {
        text::optional_line(&mut errors, field, text.as_deref(), 1..=MAX_PERMISSION);
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    match (&body.permission, &body.resource, &body.action) {
        (Some(permission), None, None) => Ok(permission.clone()),
        (None, Some(resource), Some(action)) => Ok(format!("{resource}:{action}")),
        _ => {
            let detail = "send this, or `resource` and `action`";
            Err(Error::Invalid(vec![FieldError::new("permission", detail)]))
        }
    }
}

/// `GET /auth/user/{userId}`: 200 for oneself, `users:any`, and a seller who sold to that buyer; else 404.
pub async fn user_info(
    context: Context,
    user: User,
    Path(id): Path<UserId>,
) -> Result<Json<api::UserInfo>, Error> {
    live(&user).await?;
    let holder = roles::holder(id).await?.ok_or(Error::NotFound("user"))?;
    if user.relation(id, UsersAny).is_some() {
        return Ok(Json(show(holder, true).await?));
    }
    if user.may(OrdersFulfil) && has_sold(&context, user.id, id).await? {
        Ok(Json(show(holder, false).await?))
    } else {
        Err(Error::NotFound("user"))
    }
}

#[derive(Deserialize)]
struct Sold {
    sold: bool,
}

async fn has_sold(context: &Context, seller: UserId, buyer: UserId) -> Result<bool, Error> {
    let path = format!("sold?sellerId={seller}&buyerId={buyer}");
    Ok(CLIENT.get(context, "orders", &path).await?.json::<Sold>()?.sold)
}

/// A seller learns the name for the parcel, not the e-mail.
async fn show(holder: Holder, whole: bool) -> Result<api::UserInfo, Error> {
    let role = role::highest_role(&holder.roles).to_owned();
    let (purpose, text) = if whole { (vault::EMAIL, holder.email) } else { (vault::NAME, holder.name) };
    let [text] = vault::decrypt([Item::new(purpose, holder.id, text)]).await?;
    let (email, name) = if whole { (Some(text), None) } else { (None, Some(text)) };
    Ok(api::UserInfo { id: holder.id, role, email, name })
}
