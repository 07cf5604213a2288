//! The idempotency keys of signups, which belong to nobody who is signed in.

use serde_json::json;
use store::{Error, Event, params};

use super::{DB, private_member};

/// The account that a signup made, and the keyed hash of its body.
pub struct Made {
    pub account_id: String,
    pub request_hash: String,
}

/// `event`, which makes an account, as the only one with this key; both hashes are keyed.
pub fn once(event: Event, key: &str, request_hash: &str) -> Event {
    private_member(event, "signup", json!({ "key": key, "requestHash": request_hash }))
}

/// What was made with this key.
pub async fn made(key: &str) -> Result<Option<Made>, Error> {
    let sql = "SELECT account_id, request_hash FROM auth_signups WHERE key = ?1";
    let row = DB.query_one(sql, params![key]).await?;
    row.map(|row| Ok(Made { account_id: row.text("account_id")?, request_hash: row.text("request_hash")? }))
        .transpose()
}

/// Whether a failed append means that the key made an account before.
pub fn is_used(error: &Error) -> bool {
    error.is_unique("auth_signups.key")
}
