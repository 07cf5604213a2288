//! The idempotency keys of signups, which belong to nobody who is signed in.

use contract::UserId;
use store::{Error, params};

use super::DB;

/// The account that a signup made, and the keyed hash of its body.
pub struct Made {
    pub account_id: UserId,
    pub request_hash: String,
}

/// What was made with this key.
pub async fn made(key: &str) -> Result<Option<Made>, Error> {
    let sql = "SELECT account_id, request_hash FROM auth_signups WHERE key = ?1";
    let row = DB.query_one(sql, params![key]).await?;
    row.map(|row| Ok(Made { account_id: row.parsed("account_id")?, request_hash: row.text("request_hash")? }))
        .transpose()
}

/// Whether a failed append means that the key made an account before.
pub fn is_used(error: &Error) -> bool {
    error.is_unique("auth_signups.key")
}
