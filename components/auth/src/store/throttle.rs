//! Counting tries. Each count is one statement, so that a hundred tries at once are a hundred.

use store::{Error, Timestamp, params};

use super::DB;
use crate::domain::throttle::{FIRST_PAUSE_MS, FORGET_MS, FREE_TRIES, MAX_DOUBLINGS, SIGNUP_WINDOW_MS};

/// Count a try of `key`, before it is known how it ends.
///
/// `Err` inside is the seconds to wait. What ends well is forgotten by the event that it makes.
pub async fn attempt(key: &str, now: Timestamp) -> Result<Result<(), i64>, Error> {
    let sql = "INSERT INTO auth_throttle (key, count, blocked_until, forget_at) VALUES (?1, 1, 0, ?2 + ?3) \
        ON CONFLICT (key) DO UPDATE SET \
          count = CASE WHEN forget_at <= ?2 THEN 1 ELSE count + 1 END, \
          blocked_until = CASE WHEN forget_at <= ?2 OR count + 1 < ?4 THEN 0 \
            ELSE ?2 + (?5 << min(count + 1 - ?4, ?6)) END, \
          forget_at = ?2 + ?3 + CASE WHEN count + 1 < ?4 THEN 0 ELSE ?5 << min(count + 1 - ?4, ?6) END \
        WHERE blocked_until <= ?2 RETURNING count";
    let params = params![key, now.0, FORGET_MS, FREE_TRIES, FIRST_PAUSE_MS, MAX_DOUBLINGS];
    counted(key, DB.query_one(sql, params).await?.map(|row| row.int(0)).transpose()?, now).await
}

/// Count a signup from an address that may make `limit` accounts per window. Else as [`attempt`].
pub async fn signup(key: &str, limit: i64, now: Timestamp) -> Result<Result<(), i64>, Error> {
    let sql = "INSERT INTO auth_throttle (key, count, blocked_until, forget_at) VALUES (?1, 1, ?2 + ?3, ?2 + ?3) \
        ON CONFLICT (key) DO UPDATE SET count = CASE WHEN forget_at <= ?2 THEN 1 ELSE count + 1 END, \
          blocked_until = CASE WHEN forget_at <= ?2 THEN ?2 + ?3 ELSE blocked_until END, \
          forget_at = CASE WHEN forget_at <= ?2 THEN ?2 + ?3 ELSE forget_at END \
        WHERE count < ?4 OR forget_at <= ?2 RETURNING count";
    let params = params![key, now.0, SIGNUP_WINDOW_MS, limit];
    counted(key, DB.query_one(sql, params).await?.map(|row| row.int(0)).transpose()?, now).await
}

async fn counted(key: &str, count: Option<i64>, now: Timestamp) -> Result<Result<(), i64>, Error> {
    match count {
        Some(count) => {
            if count == 1 {
                // Now and then, so that the table holds an hour's tries.
                DB.execute("DELETE FROM auth_throttle WHERE forget_at <= ?1", params![now.0]).await?;
            }
            Ok(Ok(()))
        }
        None => {
            let sql = "SELECT blocked_until FROM auth_throttle WHERE key = ?1";
            let row = DB.query_one(sql, params![key]).await?;
            let until = row.map_or(Ok(now.0), |row| row.int(0))?;
            // Rounded up: who waits that long is let in.
            Ok(Err((until.saturating_sub(now.0).saturating_add(999) / 1000).max(1)))
        }
    }
}
