//! Forgotten passwords: who may set a new one without the old.

use contract::{ResetId, UserId};
use store::{Error, Timestamp, params};

use super::{DB, is_refused};

/// A token that is good.
pub struct Reset {
    pub id: ResetId,
    pub account_id: UserId,
    /// The ciphertext of the account's e-mail.
    pub email: String,
    /// Whether somebody issued it; else its owner had it mailed.
    pub issued: bool,
}

/// The token with this id, provided that it is good.
pub async fn find(id: ResetId, now: Timestamp) -> Result<Option<Reset>, Error> {
    let row = DB.query_one(FIND, params![id.to_string(), now.to_string()]).await?;
    row.map(|row| {
        Ok(Reset {
            id,
            account_id: row.parsed("account_id")?,
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
