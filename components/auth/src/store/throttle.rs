//! Counting tries. Each count is one statement, so that a hundred tries at once are a hundred.

use serde::Serialize;
use store::{Error, Timestamp, params};

use super::DB;
use crate::domain::throttle::{FIRST_PAUSE_MS, FORGET_MS, FREE_ACCOUNTS, FREE_TRIES, MAX_DOUBLINGS};

#[cfg(test)]
mod tests;

/// What a try of a password counts as, each a keyed hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tries {
    /// Of this account from this address.
    pub own: String,
    /// Of this account by all who are strangers to it; `None` when it is not counted so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strangers: Option<String>,
    /// From this address at accounts that it is a stranger to; `None` when it is not counted so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// `alone`: an address from which the account has a live session counts by itself. `watched`: what may refuse the try.
const WHO: &str = "WITH alone (yes) AS (SELECT ?2 IS NULL OR EXISTS (SELECT 1 FROM auth_accounts AS account \
      CROSS JOIN auth_sessions AS session ON session.account_id = account.id WHERE account.email_hash = ?4 \
      AND session.origin = ?3 AND session.revoked_at IS NULL AND session.expires_at > ?6)), \
    watched (key) AS (SELECT ?1 FROM alone WHERE yes UNION ALL SELECT ?2 FROM alone WHERE NOT yes \
      UNION ALL SELECT ?3 FROM alone WHERE NOT yes)";
/// An address counts the accounts that were tried from it, not the tries: whoever mistypes their own password five
/// times is one. Where none is told it would be everyone's, and is not counted.
const CLAIM: &str = ", counted (key) AS (SELECT ?1 UNION ALL SELECT ?2 FROM alone WHERE NOT yes \
      UNION ALL SELECT ?3 FROM alone WHERE NOT yes AND ?3 IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM auth_throttle WHERE key = ?1 AND forget_at > ?5)) \
    INSERT INTO auth_throttle (key, count, blocked_until, forget_at) SELECT key, 1, 0, ?5 + ?7 FROM counted \
      WHERE NOT EXISTS (SELECT 1 FROM auth_throttle WHERE blocked_until > ?5 AND key IN (SELECT key FROM watched)) \
    ON CONFLICT (key) DO UPDATE SET \
      count = CASE WHEN forget_at <= ?5 THEN 1 ELSE count + 1 END, \
      blocked_until = CASE WHEN forget_at <= ?5 OR count + 1 < iif(key IS ?3, ?9, ?8) THEN 0 \
        ELSE ?5 + (?10 << min(count + 1 - iif(key IS ?3, ?9, ?8), ?11)) END, \
      forget_at = ?5 + ?7 + CASE WHEN forget_at <= ?5 OR count + 1 < iif(key IS ?3, ?9, ?8) THEN 0 \
        ELSE ?10 << min(count + 1 - iif(key IS ?3, ?9, ?8), ?11) END \
    RETURNING key, count";
const WAIT: &str = " SELECT coalesce(max(blocked_until), 0) AS until FROM auth_throttle \
    WHERE key IN (SELECT key FROM watched)";
/// How many of the parameters [`WHO`] has, and so the question how long to wait.
const WHO_PARAMS: usize = 6;

/// Count a try at the account with this hash of its e-mail, before it is known how it ends; what it was counted as.
///
/// `Err` inside is the seconds to wait. What ends well is given back by the event that it makes (`record::given_back`).
pub async fn claim(tries: &Tries, email_hash: &str, now: Timestamp) -> Result<Result<Tries, i64>, Error> {
    let params = || {
        params![
            tries.own.as_str(),
            tries.strangers.as_deref(),
            tries.address.as_deref(),
            email_hash,
            now.0,
            now.to_string(),
            FORGET_MS,
            FREE_TRIES,
            FREE_ACCOUNTS,
            FIRST_PAUSE_MS,
            MAX_DOUBLINGS
        ]
    };
    let rows = DB.query(&[WHO, CLAIM].concat(), params()).await?;
    if rows.is_empty() {
        let mut who = params();
        who.truncate(WHO_PARAMS);
        let until =
            DB.query_one(&[WHO, WAIT].concat(), who).await?.map_or(Ok(now.0), |row| row.int("until"))?;
        return Ok(Err(Timestamp(until).wait_from(now)));
    }
    let mut among_strangers = false;
    for row in &rows {
        among_strangers |= Some(row.text("key")?) == tries.strangers;
        if row.int("count")? == 1 {
            forget(now).await?;
        }
    }
    Ok(Ok(if among_strangers {
        tries.clone()
    } else {
        Tries { own: tries.own.clone(), strangers: None, address: None }
    }))
}

/// Count what may happen `limit` times per window, which begins with the first. Else as [`claim`].
pub async fn count(key: &str, limit: i64, window_ms: i64, now: Timestamp) -> Result<Result<(), i64>, Error> {
    let sql = "INSERT INTO auth_throttle (key, count, blocked_until, forget_at) VALUES (?1, 1, ?2 + ?3, ?2 + ?3) \
        ON CONFLICT (key) DO UPDATE SET count = CASE WHEN forget_at <= ?2 THEN 1 ELSE count + 1 END, \
          blocked_until = CASE WHEN forget_at <= ?2 THEN ?2 + ?3 ELSE blocked_until END, \
          forget_at = CASE WHEN forget_at <= ?2 THEN ?2 + ?3 ELSE forget_at END \
        WHERE count < ?4 OR forget_at <= ?2 RETURNING count";
    let params = params![key, now.0, window_ms, limit];
    match DB.query_one(sql, params).await?.map(|row| row.int("count")).transpose()? {
        Some(1) => forget(now).await.map(Ok),
        Some(_) => Ok(Ok(())),
        None => {
            let sql = "SELECT blocked_until FROM auth_throttle WHERE key = ?1";
            let until =
                DB.query_one(sql, params![key]).await?.map_or(Ok(now.0), |row| row.int("blocked_until"))?;
            Ok(Err(Timestamp(until).wait_from(now)))
        }
    }
}

/// Now and then, so that the table holds an hour's tries.
async fn forget(now: Timestamp) -> Result<(), Error> {
    DB.execute("DELETE FROM auth_throttle WHERE forget_at <= ?1", params![now.0]).await
}
