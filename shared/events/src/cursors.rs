//! The cursors, in the table `<service>_cursors`: how far each target has got, who holds its lease, and when to try
//! again.
//!
//! A lease keeps the relay to one drain of a target at a time, whatever instances there are.

use std::sync::atomic::Ordering;

use store::{Error, Timestamp, params};

use crate::relay::{MAX_TARGETS, Relay, Target};
use crate::undelivered::Undelivered;

/// A cursor is moved past events its target does not want once so many have come together.
const SKIP: i64 = 1000;
/// A look into the log covers so many events: those that wait are counted, and the next one that is wanted is found.
pub(crate) const LOOK: i64 = 10_000;
/// How long a drain may hold a target without renewal: longer than a delivery can take (6 s).
const LEASE_SECONDS: i64 = 10;
/// A lease that ended long ago.
const RELEASED: i64 = 0;
/// The first pause after a failed delivery; doubled with each further one.
const BACKOFF_SECONDS: i64 = 1;
/// The longest pause between tries.
const MAX_BACKOFF_SECONDS: i64 = 60;
/// The most failures that are counted while a target is away: it is asked every 8 s.
const COUNTED_AWAY: i64 = 3;

/// A target that has something to be told.
pub(crate) struct Waiting {
    pub target: &'static Target,
    /// The last event it was told.
    cursor: i64,
    /// The first that it wants, or none of those up to `looked`.
    pub first: Option<i64>,
    /// How far was looked.
    looked: i64,
    /// The end of the log.
    head: i64,
}

impl Relay {
    /// The targets that are behind, free and not backing off. Only reads: under load most drains find nothing.
    pub(crate) async fn waiting(&self, targets: &'static [Target]) -> Result<Vec<Waiting>, Error> {
        let sql = format!(
            "SELECT value AS target, coalesce(c.seq, 0) AS cursor, \
               (SELECT coalesce(max(seq), 0) FROM {0}_events) AS head \
             FROM json_each(?1) LEFT JOIN {0}_cursors AS c ON c.target = value \
             WHERE coalesce(c.leased_until, 0) <= ?2 AND coalesce(c.next_try, 0) <= ?2 LIMIT {MAX_TARGETS}",
            self.service()
        );
        let names: Vec<_> = targets.iter().map(|target| target.service).collect();
        let params = params![serde_json::json!(names).to_string(), Timestamp::now().0];
        let mut all = Vec::new();
        for row in self.db.query(&sql, params).await? {
            let (name, cursor, head) = (row.text("target")?, row.int("cursor")?, row.int("head")?);
            let Some(target) = targets.iter().find(|target| target.service == name) else { continue };
            if head <= cursor {
                continue;
            }
            let (first, looked) = self.first_wanted(target, cursor, head).await?;
            all.push(Waiting { target, cursor, first, looked, head });
        }
        Ok(all)
    }

    /// The first event that `target` wants, and how far was looked.
    async fn first_wanted(
        &self,
        target: &Target,
        cursor: i64,
        head: i64,
    ) -> Result<(Option<i64>, i64), Error> {
        let known = self.targets.iter().zip(&self.seen).find(|(known, _)| known.service == target.service);
        let (Some((_, seen)), false) = (known, target.kinds.is_empty()) else {
            return Ok((Some(cursor.saturating_add(1)), head));
        };
        let sql = format!(
            "SELECT seq FROM {}_events WHERE seq > ?1 AND seq <= ?2 AND +type IN (SELECT value FROM json_each(?3)) \
             ORDER BY seq LIMIT 1",
            self.service()
        );
        let kinds = serde_json::json!(target.kinds).to_string();
        let after = cursor.max(seen.load(Ordering::Relaxed));
        let end = head.min(after.saturating_add(LOOK));
        let row = self.db.query_one(&sql, params![after, end, kinds]).await?;
        let first = row.map(|row| row.int("seq")).transpose()?;
        if first.is_none() {
            seen.store(end, Ordering::Relaxed);
        }
        Ok((first, end))
    }

    /// Move the cursor past events that the target does not want, now and then; whether there is more to look at.
    pub(crate) async fn skip(&self, waiting: &Waiting) -> Result<bool, Error> {
        let Waiting { target, cursor, looked, head, .. } = *waiting;
        if looked.saturating_sub(cursor) >= SKIP {
            let sql = format!(
                "INSERT INTO {}_cursors (target, seq) VALUES (?1, ?2) \
                 ON CONFLICT (target) DO UPDATE SET seq = max(seq, ?2)",
                self.service()
            );
            self.db.execute(&sql, params![target.service, looked]).await?;
        }
        Ok(looked < head)
    }

    /// Take the lease; the cursor and the failed tries when it was free.
    pub(crate) async fn claim(&self, target: &Target) -> Result<Option<(i64, i64)>, Error> {
        let sql = format!(
            "INSERT INTO {}_cursors (target, leased_until) VALUES (?1, ?2) \
             ON CONFLICT (target) DO UPDATE SET leased_until = ?2 WHERE leased_until <= ?3 AND next_try <= ?3 \
             RETURNING seq, failures",
            self.service()
        );
        let now = Timestamp::now();
        let until = now.plus_seconds(LEASE_SECONDS).0;
        let row = self.db.query_one(&sql, params![target.service, until, now.0]).await?;
        row.map(|row| Ok((row.int("seq")?, row.int("failures")?))).transpose()
    }

    /// Remember how far the target has got, and hold the lease anew.
    pub(crate) async fn advance(&self, target: &Target, seq: i64) -> Result<(), Error> {
        self.advance_until(target, seq, Timestamp::now().plus_seconds(LEASE_SECONDS).0).await
    }

    /// Remember how far the target has got, and give the lease back.
    pub(crate) async fn release(&self, target: &Target, seq: i64) -> Result<(), Error> {
        self.advance_until(target, seq, RELEASED).await
    }

    async fn advance_until(&self, target: &Target, seq: i64, leased_until: i64) -> Result<(), Error> {
        let sql = format!(
            "UPDATE {}_cursors SET seq = max(seq, ?2), leased_until = ?3, failures = 0 WHERE target = ?1",
            self.service()
        );
        self.db.execute(&sql, params![target.service, seq, leased_until]).await
    }

    /// Try again later, from `cursor` on. A delivery in between resets the count of failures. Failures that are no
    /// event's fault count only up to a limit, so that no event is parked because of an outage.
    pub(crate) async fn back_off(&self, target: &Target, cursor: i64, why: Undelivered) -> Result<(), Error> {
        let sql = format!(
            "UPDATE {}_cursors SET leased_until = 0, failures = min(failures * (seq >= ?5) + 1, ?6), \
               seq = max(seq, ?5), next_try = ?2 + min(?3 << min(failures * (seq >= ?5), 10), ?4) WHERE target = ?1",
            self.service()
        );
        let (first, most) = (BACKOFF_SECONDS * 1000, MAX_BACKOFF_SECONDS * 1000);
        let counted = if why == Undelivered::Away { COUNTED_AWAY } else { i64::MAX };
        let params = params![target.service, Timestamp::now().0, first, most, cursor, counted];
        self.db.execute(&sql, params).await
    }
}
