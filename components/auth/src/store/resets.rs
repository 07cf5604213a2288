//! Forgotten passwords: who may set a new one without the old.

use contract::auth::{AuthEvent, ResetBy};
use serde_json::json;
use store::{Error, Event, NEXT, Timestamp, params};
use uuid::Uuid;

use super::{DB, is_refused};

/// A token that is good.
pub struct Reset {
    pub id: Uuid,
    pub account_id: String,
    /// The ciphertext of the account's e-mail.
    pub email: String,
    /// Whether somebody issued it; else its owner had it mailed.
    pub issued: bool,
}

/// The event that lets whoever holds a token set a new password of this account; `issuer` is who hands it over, `None`
/// when it is mailed.
pub fn requested(
    account_id: &str,
    issuer: Option<&str>,
    id: Uuid,
    token_hash: &str,
    until: Timestamp,
) -> Event {
    let (by, reset_id) = (by(issuer.is_some()), id.to_string());
    let actor = issuer.unwrap_or("anonymous");
    let requested = AuthEvent::PasswordResetRequested { by, expires_at: until, reset_id };
    let mut event = Event::new(account_id, NEXT, actor, &requested);
    event.private = Some(json!({ "tokenHash": token_hash, "issuer": issuer }));
    event
}

/// `event` as the one of the mail with this id: it happens once, however often the mail is tried.
pub fn of_mail(mut event: Event, id: Uuid) -> Event {
    event.cause = Some(format!("reset:{id}"));
    event
}

/// The event of a new password by the token with this hash. It ends all sessions.
pub fn done(reset: &Reset, token_hash: &str, password_hash: &str) -> Event {
    let id = reset.account_id.as_str();
    let done = AuthEvent::PasswordReset { by: by(reset.issued), reset_id: reset.id.to_string() };
    let mut event = Event::new(id, NEXT, id, &done);
    event.private = Some(json!({ "tokenHash": token_hash, "passwordHash": password_hash }));
    event
}

fn by(issued: bool) -> ResetBy {
    if issued { ResetBy::Admin } else { ResetBy::Owner }
}

/// The token with this id, provided that it is good.
pub async fn find(id: Uuid, now: Timestamp) -> Result<Option<Reset>, Error> {
    let row = DB.query_one(FIND, params![id.to_string(), now.to_string()]).await?;
    row.map(|row| {
        Ok(Reset {
            id,
            account_id: row.text("account_id")?,
            email: row.text("email")?,
            issued: row.bool("issued")?,
        })
    })
    .transpose()
}

const FIND: &str = "SELECT account_id, email, issuer IS NOT NULL AS issued FROM auth_resets_good \
    WHERE id = ?1 AND expires_at > ?2";

/// Whether a failed append means that the token was used, or has ended.
pub fn is_spent(error: &Error) -> bool {
    is_refused(error, "reset_token")
}

/// Whether a failed append means that nobody can log in to the account.
pub fn is_disabled(error: &Error) -> bool {
    is_refused(error, "account_disabled")
}

/// Whether a failed append means that there is no token to mail: its event has happened before, or nobody can use it.
pub fn is_vain(error: &Error) -> bool {
    error.is_unique("auth_events.cause") || is_disabled(error) || is_refused(error, "no_such_user")
}

#[cfg(test)]
mod tests;
