//! What becomes of an account: another e-mail, disabled, enabled, erased; and all that is held of its sessions.

use contract::auth::AuthEvent;
use serde_json::json;
use store::{Error, Event, NEXT, Row, params};

use super::{Credentials, DB};

/// A session as its owner's export shows it.
pub struct Held {
    pub id: String,
    pub started_at: String,
    pub used_at: String,
    pub ended_at: Option<String>,
    pub user_agent: Option<String>,
}

/// All sessions of an account, also those that have ended, oldest first, from behind `after` on.
pub async fn sessions(account_id: &str, after: Option<&str>, limit: i64) -> Result<Vec<Held>, Error> {
    let sql = "SELECT id, started_at, rotated_at, revoked_at, user_agent FROM auth_sessions \
               WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let held = |row: &Row| {
        Ok(Held {
            id: row.text("id")?,
            started_at: row.text("started_at")?,
            used_at: row.text("rotated_at")?,
            ended_at: row.opt_text("revoked_at")?,
            user_agent: row.opt_text("user_agent")?,
        })
    };
    let rows = DB.query(sql, params![account_id, after.unwrap_or_default(), limit]).await?;
    rows.iter().map(held).collect()
}

/// The event that gives an account another e-mail and ends all its sessions `except` the one that did it.
pub fn email_changed(account: &Credentials, email: &str, email_hash: &str, except: &str) -> Event {
    let id = account.account_id.as_str();
    let changed = AuthEvent::UserEmailChanged { except: Some(except.to_owned()) };
    let mut event = Event::new(id, NEXT, id, &changed);
    event.private =
        Some(json!({ "email": email, "emailHash": email_hash, "credential": account.credential }));
    event
}

/// The event that disables an account and ends its sessions, or enables it again.
pub fn switched(account_id: &str, disabled: bool, actor: String) -> Event {
    let switched = if disabled { AuthEvent::UserDisabled {} } else { AuthEvent::UserEnabled {} };
    Event::new(account_id, NEXT, actor, &switched)
}

/// The event that erases an account: its fold leaves nothing personal, here and in the log.
pub fn erased(account_id: &str, actor: String) -> Event {
    Event::new(account_id, NEXT, actor, &AuthEvent::UserErased {})
}
