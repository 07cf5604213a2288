//! Who may deal with whose account: first by the token, then by the roles of now, for which auth is asked.

use contract::UserId;
use contract::permissions::UsersAny;
use edge::{Context, Problem, User};

use crate::error::Error;
use crate::{CLIENT, api};

/// Strangers do not learn whether a user exists.
pub fn authorise(user: &User, id: UserId) -> Result<(), Error> {
    match user.relation(id, UsersAny) {
        Some(_) => Ok(()),
        None => Err(Error::NotFound),
    }
}

/// 403 unless the account is `user`'s own, or auth says that they may edit it.
pub async fn within_reach(context: &Context, user: &User, id: UserId) -> Result<(), Error> {
    if user.id == id {
        return Ok(());
    }
    let reply = CLIENT.get(context, "auth", &format!("accounts/{id}/reach?{}", by(user)?)).await?;
    if reply.status.is_success() { Ok(()) } else { Err(refused(user, &reply)) }
}

/// For whom auth is asked, as a query: ids, which need no escape.
pub fn by(user: &User) -> Result<String, Problem> {
    Ok(format!("userId={}&session={}", user.id, user.session()?))
}

/// Auth's refusal as one's own. A permission that it found missing, whatever the token says, is recorded here.
pub fn refused(user: &User, reply: &edge::Reply) -> Error {
    let lacking = reply.json::<api::Lacking>().ok().and_then(|lacking| lacking.permission);
    match lacking {
        Some(permission) => Problem::forbidden(user.actor(), &permission).into(),
        None => reply.problem().into(),
    }
}
