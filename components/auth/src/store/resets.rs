//! Forgotten passwords: who may set a new one without the old.

use serde_json::json;
use store::{Error, Event, NEXT, Timestamp, params};
use uuid::Uuid;

use super::{DB, is_refused};

/// For how long an instance that mails a token keeps others from mailing it too, in milliseconds: longer than it asks
/// the mailer.
const LEASE_MS: i64 = 15_000;

/// A token that is to be mailed.
pub struct Mail {
    pub account_id: String,
    pub reset: String,
    /// The ciphertext of where to.
    pub email: String,
}

/// The event that lets the holder of a token set a new password; `by` is `admin` or `owner`, who gets it by mail.
pub fn requested(account_id: &str, actor: &str, by: &str, reset: &str, token_hash: &str, until: Timestamp) -> Event {
    let data = json!({ "by": by, "expiresAt": until.to_string() });
    let mut event = Event::new(account_id, NEXT, "password.reset_requested", actor, data);
    event.private = Some(json!({ "reset": reset, "tokenHash": token_hash }));
    event
}

/// As [`requested`], for an e-mail that has no account: it costs the same, and does nothing.
pub fn requested_of_nobody(until: Timestamp) -> Event {
    let data = json!({ "by": "owner", "expiresAt": until.to_string() });
    Event::new(Uuid::now_v7().to_string(), NEXT, "password.reset_requested", "anonymous", data)
}

/// The event of a new password by the token with this hash. It ends all sessions.
pub fn done(account_id: &str, token_hash: &str, password_hash: &str) -> Event {
    let mut event = Event::new(account_id, NEXT, "password.reset", "anonymous", json!({}));
    event.private = Some(json!({ "tokenHash": token_hash, "passwordHash": password_hash }));
    event
}

/// The event of a token that the mailer took.
pub fn mailed(mail: &Mail) -> Event {
    let mut event = Event::new(&mail.account_id, NEXT, "password.reset_mailed", "service:auth", json!({}));
    event.private = Some(json!({ "reset": mail.reset }));
    event
}

/// The account whose token of this id is good, and the ciphertext of its e-mail.
pub async fn find(reset: &str, now: Timestamp) -> Result<Option<(String, String)>, Error> {
    let sql = "SELECT account.id, account.email FROM auth_resets JOIN auth_accounts AS account ON account.id = account_id \
               WHERE auth_resets.id = ?1 AND expires_at > ?2 AND disabled_at IS NULL";
    let row = DB.query_one(sql, params![reset, now.to_string()]).await?;
    row.map(|row| Ok((row.text(0)?, row.text(1)?))).transpose()
}

/// The next token to mail, which is this instance's for [`LEASE_MS`].
pub async fn next_mail(now: Timestamp) -> Result<Option<Mail>, Error> {
    let sql = "UPDATE auth_resets SET mail_from = ?1 + ?2 WHERE account_id = (SELECT account_id FROM auth_resets \
               WHERE mail_from <= ?1 AND expires_at > ?3 ORDER BY mail_from LIMIT 1) \
               RETURNING account_id, id, (SELECT email FROM auth_accounts WHERE auth_accounts.id = account_id)";
    let row = DB.query_one(sql, params![now.0, LEASE_MS, now.to_string()]).await?;
    row.map(|row| Ok(Mail { account_id: row.text(0)?, reset: row.text(1)?, email: row.text(2)? })).transpose()
}

/// Whether a failed append means that the token was used, or ended, meanwhile.
pub fn is_spent(error: &Error) -> bool {
    is_refused(error, "reset_token")
}
