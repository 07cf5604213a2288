//! The caller's permissions by the database. A change of privileges, accounts or keys is checked by the statement that
//! makes it: the trigger `auth_judged` reads what `Authority::judged` (in `record`) puts into the event.

use contract::{SessionId, UserId};
use store::{Error, params};

use super::{DB, is_refused};

#[cfg(test)]
pub mod tests;

/// Somebody whose session is alive, and what they may do now.
pub struct Authority {
    pub id: UserId,
    pub session: SessionId,
    pub permissions: Vec<String>,
}

impl Authority {
    /// The authority of account `id` in `session`; `None` when the session has ended.
    pub async fn of(id: UserId, session: SessionId) -> Result<Option<Self>, Error> {
        let sql = "SELECT (SELECT json_group_array(permission) FROM auth_held WHERE account_id = ?1) AS permissions \
                   FROM auth_accounts WHERE id = ?1 AND disabled_at IS NULL AND EXISTS \
                   (SELECT 1 FROM auth_sessions WHERE id = ?2 AND account_id = ?1 AND revoked_at IS NULL)";
        let row = DB.query_one(sql, params![id.to_string(), session.to_string()]).await?;
        let of = |permissions| Self { id, session, permissions };
        row.map(|row| row.json("permissions").map(of)).transpose()
    }
}

/// Whether a failed append means that the actor's session ended meanwhile.
pub fn is_gone(error: &Error) -> bool {
    is_refused(error, "actor_gone")
}

/// Whether a failed append means that the actor lacks a permission now.
pub fn is_not_permitted(error: &Error) -> bool {
    is_refused(error, "not_permitted")
}

/// Whether the first ADMIN was ever made.
pub async fn is_bootstrapped() -> Result<bool, Error> {
    Ok(DB.query_one("SELECT 1 FROM auth_bootstrap", params![]).await?.is_some())
}

/// Whether a failed append means that the first ADMIN was made before.
pub fn is_made(error: &Error) -> bool {
    error.is_unique("auth_events.cause") || error.is_unique("auth_bootstrap.once")
}
