//! How far the targets of a relay have got, for `/health` and `/metrics`.

use serde::Serialize;
use store::{Error, Timestamp, params};

use crate::cursors::LOOK;
use crate::redis::REDIS;
use crate::relay::{Relay, Target};

/// How far a target has got.
#[derive(Debug, Serialize)]
pub struct Lag {
    /// The target's name.
    pub target: &'static str,
    /// Events that it wants and has not got yet, of the next [`LOOK`] ones.
    pub pending: i64,
    /// Seconds since the first of them happened.
    #[serde(rename = "oldestSeconds")]
    pub oldest_seconds: i64,
    /// Failed tries in a row.
    pub failures: i64,
    /// Events that it kept refusing and that were put aside.
    pub parked: i64,
}

impl Relay {
    /// How far each target has got.
    pub async fn lag(&self) -> Result<Vec<Lag>, Error> {
        let mut all = Vec::new();
        for target in self.targets {
            all.push(self.lag_of(target).await?);
        }
        if self.redis.address().await.is_some() {
            all.push(self.lag_of(&REDIS).await?);
        }
        Ok(all)
    }

    async fn lag_of(&self, target: &Target) -> Result<Lag, Error> {
        let kinds =
            if target.kinds.is_empty() { "" } else { "WHERE type IN (SELECT value FROM json_each(?2))" };
        let sql = format!(
            "SELECT count(*) AS pending, min(time) AS oldest, \
               coalesce((SELECT failures FROM {0}_cursors WHERE target = ?1), 0) AS failures FROM \
             (SELECT type, time FROM {0}_events \
              WHERE seq > coalesce((SELECT seq FROM {0}_cursors WHERE target = ?1), 0) \
              ORDER BY seq LIMIT {LOOK}) {kinds}",
            self.service()
        );
        let mut params = params![target.service];
        if !target.kinds.is_empty() {
            params.push(serde_json::json!(target.kinds).to_string().into());
        }
        let row = self.db.query_one(&sql, params).await?;
        let (pending, oldest, failures) = match row {
            Some(row) => (row.int("pending")?, row.opt_text("oldest")?, row.int("failures")?),
            None => (0, None, 0),
        };
        let age = oldest.and_then(|time| Timestamp::parse(&time));
        let oldest_seconds = age.map_or(0, |time| Timestamp::now().0.saturating_sub(time.0) / 1000);
        let parked = self.parked_for(target).await?;
        Ok(Lag { target: target.service, pending, oldest_seconds, failures, parked })
    }
}
