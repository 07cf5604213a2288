//! Mails that are asked for, until the mailer has them.

use contract::ResetId;
use store::{Error, Timestamp, params};

use super::DB;
use crate::domain::reset::LIFETIME_SECONDS;

/// The lease of an instance that tries a mail, in milliseconds: longer than a call of the mailer may take.
const LEASE_MS: i64 = 15_000;
/// The pause after the first try in vain, in milliseconds; doubled with each further one.
const FIRST_PAUSE_MS: i64 = 1_000;
/// How often the pause is doubled at most: to 64 s.
const MAX_DOUBLINGS: i64 = 6;

/// A mail that is due, and this instance's for some seconds.
pub struct Mail {
    /// Of the token that goes with it.
    pub id: ResetId,
    pub email_hash: String,
    /// When the token is worth nothing.
    pub until: Timestamp,
    tries: i64,
}

/// Have a token mailed to the account with this hash of its e-mail, if there is one.
pub async fn ask(email_hash: &str, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO auth_reset_mails (id, email_hash, until, next_try) VALUES (?1, ?2, ?3, ?4)";
    let (id, until) = (ResetId::generate(), now.plus_seconds(LIFETIME_SECONDS).0);
    DB.execute(sql, params![id.to_string(), email_hash, until, now.0]).await
}

/// The next mail that is due.
pub async fn take(now: Timestamp) -> Result<Option<Mail>, Error> {
    let sql = "UPDATE auth_reset_mails SET next_try = ?1 + ?2, tries = tries + 1 WHERE id = \
                 (SELECT id FROM auth_reset_mails WHERE next_try <= ?1 ORDER BY next_try LIMIT 1) \
               RETURNING id, email_hash, until, tries";
    let row = DB.query_one(sql, params![now.0, LEASE_MS]).await?;
    row.map(|row| {
        Ok(Mail {
            id: row.parsed("id")?,
            email_hash: row.text("email_hash")?,
            until: Timestamp(row.int("until")?),
            tries: row.int("tries")?,
        })
    })
    .transpose()
}

/// The mailer has it, or it is not to be sent.
pub async fn remove(mail: &Mail) -> Result<(), Error> {
    let sql = "DELETE FROM auth_reset_mails WHERE id = ?1";
    DB.execute(sql, params![mail.id.to_string()]).await
}

/// Try it again later.
pub async fn put_off(mail: &Mail, now: Timestamp) -> Result<(), Error> {
    let doublings = mail.tries.saturating_sub(1).clamp(0, MAX_DOUBLINGS);
    let next = now.0.saturating_add(FIRST_PAUSE_MS << doublings);
    let sql = "UPDATE auth_reset_mails SET next_try = ?2 WHERE id = ?1";
    DB.execute(sql, params![mail.id.to_string(), next]).await
}

/// When the next mail is due, if any is left.
pub async fn next_due() -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT next_try FROM auth_reset_mails ORDER BY next_try LIMIT 1";
    DB.query_one(sql, params![]).await?.map(|row| row.int("next_try").map(Timestamp)).transpose()
}
