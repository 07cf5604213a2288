//! What the caller may do now, by the roles in the database: a token tells what they were five minutes ago.

use contract::permissions::Permission;
use edge::{Permitted, Problem};

use crate::domain::role;
use crate::error::Error;
use crate::store::authority::Authority;

/// The authority of a caller whose token has the permission `P`: 401 once the session has ended, 403 when the database
/// lacks it.
pub async fn permitted<P: Permission>(user: &Permitted<P>) -> Result<Authority, Error> {
    let permission = P::NAME;
    let who = Authority::of(user.id, user.session()?).await?.ok_or(Error::SessionEnded)?;
    if who.permissions.iter().any(|own| own == permission) {
        Ok(who)
    } else {
        Err(Problem::forbidden(who.id.into(), permission).into())
    }
}

/// 403 unless `who` may pass all of `permissions` on.
pub fn within(who: &Authority, permissions: &[String]) -> Result<(), Problem> {
    match role::beyond(permissions, &who.permissions) {
        None => Ok(()),
        Some(name) => Err(Problem::forbidden(who.id.into(), name)),
    }
}
