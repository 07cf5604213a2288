//! Breakers. They are counters, not history: updated in place, in one statement each.

use store::{Error, Row, params};

use super::DB;

/// What is kept of a provider's calls.
pub struct Breaker {
    pub provider: String,
    /// Calls of the window.
    pub calls: i64,
    /// Of these, those that failed.
    pub failures: i64,
    /// 0 when closed; ms since the epoch.
    pub open_until: i64,
}

const COLUMNS: &str = "provider, calls, failures, open_until";

fn breaker(row: &Row) -> Result<Breaker, Error> {
    Ok(Breaker {
        provider: row.text("provider")?,
        calls: row.int("calls")?,
        failures: row.int("failures")?,
        open_until: row.int("open_until")?,
    })
}

/// The breaker of `provider`; none before its first call.
pub async fn find(provider: &str) -> Result<Option<Breaker>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payments_breakers WHERE provider = ?1");
    DB.query_one(&sql, params![provider]).await?.as_ref().map(breaker).transpose()
}

/// All breakers; there are as many as providers.
pub async fn all() -> Result<Vec<Breaker>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payments_breakers ORDER BY provider LIMIT 100");
    DB.query(&sql, params![]).await?.iter().map(breaker).collect()
}

/// Count a call at `now`; a window that began before `oldest` starts anew.
pub async fn count(provider: &str, well: bool, now: i64, oldest: i64) -> Result<Breaker, Error> {
    let sql = format!(
        "INSERT INTO payments_breakers (provider, since, calls, failures, open_until) VALUES (?1, ?2, 1, ?3, 0) \
         ON CONFLICT (provider) DO UPDATE SET \
           since = CASE WHEN since < ?4 THEN ?2 ELSE since END, \
           calls = CASE WHEN since < ?4 THEN 1 ELSE calls + 1 END, \
           failures = CASE WHEN since < ?4 THEN ?3 ELSE failures + ?3 END \
         RETURNING {COLUMNS}"
    );
    let row = DB.query_one(&sql, params![provider, now, i64::from(!well), oldest]).await?;
    breaker(&row.ok_or_else(|| Error::Database("UPSERT returned no row".to_owned()))?)
}

/// Let nothing through before `until`.
pub async fn open(provider: &str, until: i64) -> Result<(), Error> {
    let sql = "UPDATE payments_breakers SET open_until = ?2 WHERE provider = ?1";
    DB.execute(sql, params![provider, until]).await
}

/// Let all through again, and count from `now` on.
pub async fn close(provider: &str, now: i64) -> Result<(), Error> {
    let sql = "UPDATE payments_breakers SET open_until = 0, since = ?2, calls = 0, failures = 0 WHERE provider = ?1";
    DB.execute(sql, params![provider, now]).await
}

/// Take the right to the one call of a half-open breaker: whoever finds it as it was gets it.
pub async fn take_probe(provider: &str, was: i64, until: i64) -> Result<bool, Error> {
    let sql = "UPDATE payments_breakers SET open_until = ?3 WHERE provider = ?1 AND open_until = ?2 RETURNING provider";
    Ok(DB.query_one(sql, params![provider, was, until]).await?.is_some())
}
