//! Who may do what now. What changes privileges, accounts or keys is judged by the statement that does it: the trigger
//! `auth_judged` reads what [`Authority::judged`] puts into the event.

use serde_json::json;
use store::{Error, Event, params};

use super::{DB, is_refused, private_member};

#[cfg(test)]
mod tests;

/// The cause of the event that makes the first ADMIN: causes are answered once.
const BOOTSTRAP: &str = "bootstrap";

/// Somebody whose session is alive, and what they may do now.
pub struct Authority {
    pub id: String,
    pub session: String,
    pub permissions: Vec<String>,
}

impl Authority {
    /// The authority of account `id` in `session`; `None` when the session has ended.
    pub async fn of(id: &str, session: &str) -> Result<Option<Self>, Error> {
        let sql = "SELECT (SELECT json_group_array(permission) FROM auth_held WHERE account_id = ?1) AS permissions \
                   FROM auth_accounts WHERE id = ?1 AND disabled_at IS NULL AND EXISTS \
                   (SELECT 1 FROM auth_sessions WHERE id = ?2 AND account_id = ?1 AND revoked_at IS NULL)";
        let row = DB.query_one(sql, params![id, session]).await?;
        let of = |permissions| Self { id: id.to_owned(), session: session.to_owned(), permissions };
        row.map(|row| row.json("permissions").map(of)).transpose()
    }

    /// `event`, which happens only if, in that moment, the session still lives and its owner has all of `needs` and
    /// all that the account `over` has.
    pub fn judged(&self, event: Event, needs: &[&str], over: Option<&str>) -> Event {
        judged(event, &self.session, needs, over)
    }
}

/// `event`, which happens only while its actor's `session` lives: for what people do with their own account.
pub fn in_session(event: Event, session: &str) -> Event {
    judged(event, session, &[], None)
}

fn judged(event: Event, session: &str, needs: &[&str], over: Option<&str>) -> Event {
    private_member(event, "by", json!({ "session": session, "needs": needs, "over": over }))
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

/// `event` as the one that makes the first ADMIN: it happens once, whatever becomes of the account.
pub fn bootstrapping(mut event: Event) -> Event {
    event.cause = Some(BOOTSTRAP.to_owned());
    event
}

/// Whether a failed append means that the first ADMIN was made before.
pub fn is_made(error: &Error) -> bool {
    error.is_unique("auth_events.cause") || error.is_unique("auth_bootstrap.once")
}
