//! Who may do what, and who someone is: answers for other systems and for sellers.

use axum::Json as Reply;
use edge::{Context, FieldError, Json, Path, User};
use serde::Deserialize;

use super::accounts::live;
use crate::domain::role;
use crate::error::Error;
use crate::store::roles::{self, Holder};
use crate::{CLIENT, api};

/// `POST /api/auth/check-permission`: 200 with the answer by the roles the account has now; about others only
/// with `roles:read`.
pub async fn check(user: User, Json(body): Json<api::Check>) -> Result<Reply<api::Verdict>, Error> {
    let wanted = wanted(&body)?;
    let id = body.user_id.as_deref().unwrap_or(&user.subject);
    if id != user.subject {
        user.require("roles:read")?;
    }
    let holder = roles::holder(id).await?.ok_or(Error::NotFound("user"))?;
    let allowed = role::effective(&holder.roles, &holder.custom).contains(&wanted);
    let roles = holder.roles.join(", ");
    let reason = match allowed {
        true => format!("{wanted} is granted by the roles {roles}"),
        false => format!("{wanted} is not granted by the roles {roles}"),
    };
    Ok(Reply(api::Verdict { allowed, reason }))
}

fn wanted(body: &api::Check) -> Result<String, Error> {
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
    Path(id): Path<String>,
) -> Result<Reply<api::UserInfo>, Error> {
    live(&user).await?;
    let holder = roles::holder(&id).await?.ok_or(Error::NotFound("user"))?;
    if user.subject == id || user.may("users:any") {
        return Ok(Reply(show(holder, true)));
    }
    match user.may("orders:fulfil") && has_sold(&context, &user.subject, &id).await? {
        true => Ok(Reply(show(holder, false))),
        false => Err(Error::NotFound("user")),
    }
}

#[derive(Deserialize)]
struct Sold {
    sold: bool,
}

async fn has_sold(context: &Context, seller: &str, buyer: &str) -> Result<bool, Error> {
    let path = format!("sold?sellerId={seller}&buyerId={buyer}");
    Ok(CLIENT.get(context, "orders", &path).await?.json::<Sold>()?.sold)
}

/// A seller learns the name for the parcel, not the e-mail.
fn show(holder: Holder, whole: bool) -> api::UserInfo {
    let role = role::chief(&holder.roles).to_owned();
    let (email, name) = if whole { (Some(holder.email), None) } else { (None, Some(holder.name)) };
    api::UserInfo { id: holder.id, role, email, name }
}
