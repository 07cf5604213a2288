//! The relay: a cursor per target, in order, at least once, one drain at a time.
//!
//! A failing target holds back only its own cursor. Nothing is lost when a target or the process dies: the
//! next request, `POST /internal/<service>/relay` or a start goes on from the cursor.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use edge::{Client, Context, Problem};
use serde::Serialize;
use store::{Appended, Db, Error, Event, Row, Timestamp, params};

use crate::CloudEvent;

/// Events per delivery.
const BATCH: i64 = 100;
/// Bytes of event data per delivery, so that a batch stays well under the 1 MiB that a receiver takes. A single
/// larger event goes alone.
const BATCH_BYTES: usize = 256 * 1024;
/// How long a drain waits for more events after it is wanted: a batch costs little more than an event.
const GATHER: Duration = Duration::from_millis(50);
/// A cursor is moved past events its target does not want once so many have come together.
const SKIP: i64 = 1000;
/// The most targets a relay can have.
const MAX_TARGETS: usize = 4;
/// How long a drain may hold a target without renewal: longer than a delivery can take (6 s).
const LEASE_SECONDS: i64 = 10;
/// A lease that ended long ago.
const RELEASED: i64 = 0;
/// The first pause after a failed delivery; doubled with each further one.
const BACKOFF_SECONDS: i64 = 1;
/// The longest pause between tries.
const MAX_BACKOFF_SECONDS: i64 = 60;

const IDLE: u8 = 0;
const RUNNING: u8 = 1;
const WANTED: u8 = 2;

/// Another service that wants this service's events.
pub struct Target {
    /// Its name; events go to `/internal/<service>/events`.
    pub service: &'static str,
    /// The kinds of events it wants; empty for all.
    pub kinds: &'static [&'static str],
    /// Members of the private part that it is trusted with.
    pub private: &'static [&'static str],
}

/// Carries the log of one service to its targets.
pub struct Relay {
    db: &'static Db,
    client: &'static Client,
    targets: &'static [Target],
    state: AtomicU8,
    /// For each target, the place in the log up to which this instance found nothing it wants.
    seen: [AtomicI64; MAX_TARGETS],
}

/// A target that has something to be told.
struct Waiting {
    target: &'static Target,
    /// The last event it was told.
    cursor: i64,
    /// The first that it wants, or none of those up to `head`.
    first: Option<i64>,
    /// The end of the log.
    head: i64,
}

/// How far a target has got.
#[derive(Debug, Serialize)]
pub struct Lag {
    /// The target's name.
    pub target: &'static str,
    /// Events not delivered yet.
    pub pending: i64,
}

impl Relay {
    /// The relay of `db`'s log to `targets`.
    pub const fn new(db: &'static Db, client: &'static Client, targets: &'static [Target]) -> Self {
        assert!(targets.len() <= MAX_TARGETS);
        let seen = [const { AtomicI64::new(0) }; MAX_TARGETS];
        Self { db, client, targets, state: AtomicU8::new(IDLE), seen }
    }

    /// The service whose log this is.
    pub fn service(&self) -> &'static str {
        self.db.service()
    }

    /// Drain after the response, without making anyone wait. Kicks during a drain make it go round once more.
    pub fn kick(&'static self) {
        if self.state.swap(WANTED, Ordering::AcqRel) == IDLE {
            spin_sdk::wasip3::spawn(async move {
                loop {
                    spin_sdk::time::sleep(GATHER).await;
                    self.state.store(RUNNING, Ordering::Release);
                    self.drain().await;
                    let done =
                        self.state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
                    if done.is_ok() {
                        break;
                    }
                }
            });
        }
    }

    /// Append to the log that this relay drains.
    pub(crate) async fn append(&self, event: Event) -> Result<Appended, Error> {
        self.db.append(event).await
    }

    /// As [`kick`](Self::kick), but only at an instance's first call: what an earlier process left is finished.
    /// From then on refused permissions are events of the log, too.
    pub fn kick_once(&'static self) {
        static KICKED: AtomicU8 = AtomicU8::new(0);
        if KICKED.swap(1, Ordering::Relaxed) == 0 {
            crate::refusals::record(self);
            self.kick();
        }
    }

    /// Deliver all that is waiting, as far as targets take it. Goes round until nothing is left: an event that was
    /// appended while a lease was held may have found it taken.
    pub async fn drain(&self) {
        loop {
            match self.round().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return eprintln!("relay of {}: {error}", self.service()),
            }
        }
    }

    /// Deliver event `seq` to `target` now, for an answer that must show its effect. The cursor stays where it
    /// is: the target sees the event again later and drops it.
    ///
    /// # Errors
    /// 503 when the target does not take it; the relay will deliver it later.
    pub async fn deliver(&self, context: &Context, target: &str, seq: i64) -> Result<(), Problem> {
        let Some(target) = self.targets.iter().find(|t| t.service == target) else { return Ok(()) };
        let rows = self.events(seq.saturating_sub(1), 1).await.map_err(Problem::internal)?;
        self.send(context, target, &rows).await.map(drop)
    }

    /// How far each target has got.
    pub async fn lag(&self) -> Result<Vec<Lag>, Error> {
        let sql = format!(
            "SELECT coalesce((SELECT max(seq) FROM {0}_events), 0) - coalesce((SELECT seq FROM {0}_cursors WHERE target = ?1), 0)",
            self.service()
        );
        let mut all = Vec::new();
        for target in self.targets {
            let row = self.db.query_one(&sql, params![target.service]).await?;
            let pending = row.map_or(Ok(0), |row| row.int(0))?;
            all.push(Lag { target: target.service, pending });
        }
        Ok(all)
    }

    /// Tell each target what it wants; whether any was told something.
    async fn round(&self) -> Result<bool, Error> {
        let mut told = false;
        for waiting in self.waiting().await? {
            told |= match waiting.first {
                Some(first) => self.drain_target(waiting.target, first).await?,
                None => self.skip(&waiting).await?,
            };
        }
        Ok(told)
    }

    /// The targets that are behind, free and not backing off. Only reads: under load most drains find nothing.
    async fn waiting(&self) -> Result<Vec<Waiting>, Error> {
        let sql = format!(
            "SELECT value, coalesce(c.seq, 0), (SELECT coalesce(max(seq), 0) FROM {0}_events) \
             FROM json_each(?1) LEFT JOIN {0}_cursors AS c ON c.target = value \
             WHERE coalesce(c.leased_until, 0) <= ?2 AND coalesce(c.next_try, 0) <= ?2 LIMIT {MAX_TARGETS}",
            self.service()
        );
        let names: Vec<_> = self.targets.iter().map(|target| target.service).collect();
        let params = params![serde_json::json!(names).to_string(), Timestamp::now().0];
        let mut all = Vec::new();
        for row in self.db.query(&sql, params).await? {
            let (name, cursor, head) = (row.text(0)?, row.int(1)?, row.int(2)?);
            let mut known = self.targets.iter().zip(&self.seen);
            let Some((target, seen)) = known.find(|(target, _)| target.service == name) else { continue };
            if head <= cursor {
                continue;
            }
            let first = self.first_wanted(target, cursor.max(seen.load(Ordering::Relaxed)), head).await?;
            if first.is_none() {
                seen.store(head, Ordering::Relaxed);
            }
            all.push(Waiting { target, cursor, first, head });
        }
        Ok(all)
    }

    async fn first_wanted(&self, target: &Target, after: i64, head: i64) -> Result<Option<i64>, Error> {
        if target.kinds.is_empty() {
            return Ok(Some(after.saturating_add(1)));
        }
        let sql = format!(
            "SELECT min(seq) FROM {}_events WHERE seq > ?1 AND seq <= ?2 AND type IN (SELECT value FROM json_each(?3))",
            self.service()
        );
        let kinds = serde_json::json!(target.kinds).to_string();
        let row = self.db.query_one(&sql, params![after, head, kinds]).await?;
        row.map_or(Ok(None), |row| row.opt_int(0))
    }

    /// Move the cursor past events that the target does not want, now and then. Never says that it told anything.
    async fn skip(&self, waiting: &Waiting) -> Result<bool, Error> {
        if waiting.head.saturating_sub(waiting.cursor) >= SKIP {
            let sql = format!(
                "INSERT INTO {}_cursors (target, seq) VALUES (?1, ?2) ON CONFLICT (target) DO UPDATE SET seq = max(seq, ?2)",
                self.service()
            );
            self.db.execute(&sql, params![waiting.target.service, waiting.head]).await?;
        }
        Ok(false)
    }

    /// Tell `target` everything from the first event that it wants; false when someone else does, or it refuses.
    async fn drain_target(&self, target: &Target, first: i64) -> Result<bool, Error> {
        let Some(cursor) = self.claim(target).await? else { return Ok(false) };
        let mut cursor = cursor.max(first.saturating_sub(1));
        loop {
            let rows = self.events(cursor, BATCH).await?;
            let Some(last) = rows.last() else { break };
            cursor = last.int(0)?;
            if self.send(&Context::background(), target, &rows).await.is_err() {
                self.back_off(target).await?;
                return Ok(false);
            }
            if rows.len() < BATCH as usize {
                break;
            }
            self.advance(target, cursor, Timestamp::now().plus_seconds(LEASE_SECONDS).0).await?;
        }
        self.advance(target, cursor, RELEASED).await?;
        Ok(true)
    }

    /// Take the lease; the cursor when it was free.
    async fn claim(&self, target: &Target) -> Result<Option<i64>, Error> {
        let sql = format!(
            "INSERT INTO {}_cursors (target, leased_until) VALUES (?1, ?2) \
             ON CONFLICT (target) DO UPDATE SET leased_until = ?2 WHERE leased_until <= ?3 AND next_try <= ?3 RETURNING seq",
            self.service()
        );
        let now = Timestamp::now();
        let until = now.plus_seconds(LEASE_SECONDS).0;
        let row = self.db.query_one(&sql, params![target.service, until, now.0]).await?;
        row.map(|row| row.int(0)).transpose()
    }

    async fn events(&self, after: i64, limit: i64) -> Result<Vec<Row>, Error> {
        let sql = format!(
            "SELECT {} FROM {}_events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            CloudEvent::COLUMNS,
            self.service()
        );
        within_bytes(self.db.query(&sql, params![after, limit]).await?)
    }

    async fn send(&self, context: &Context, target: &Target, rows: &[Row]) -> Result<(), Problem> {
        let mut batch = Vec::with_capacity(rows.len());
        for row in rows {
            let kind = row.text(3).map_err(Problem::internal)?;
            if target.kinds.is_empty() || target.kinds.contains(&kind.as_str()) {
                let event = CloudEvent::from_row(self.service(), row, target.private);
                batch.push(event.map_err(Problem::internal)?);
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        let reply = self.client.post(context, target.service, "events", &batch).await?;
        match reply.status.is_success() {
            true => Ok(()),
            false => {
                eprintln!("relay {} to {}: {}", self.service(), target.service, reply.status);
                Err(Problem::new(edge::Code::UNAVAILABLE, format!("{} refused events", target.service)))
            }
        }
    }

    /// Remember how far the target has got, and hold the lease until then.
    async fn advance(&self, target: &Target, seq: i64, leased_until: i64) -> Result<(), Error> {
        let sql = format!(
            "UPDATE {}_cursors SET seq = max(seq, ?2), leased_until = ?3, failures = 0 WHERE target = ?1",
            self.service()
        );
        self.db.execute(&sql, params![target.service, seq, leased_until]).await
    }

    async fn back_off(&self, target: &Target) -> Result<(), Error> {
        let sql = format!(
            "UPDATE {}_cursors SET leased_until = 0, failures = failures + 1, \
             next_try = ?2 + min(?3 << min(failures, 10), ?4) WHERE target = ?1",
            self.service()
        );
        let (first, most) = (BACKOFF_SECONDS * 1000, MAX_BACKOFF_SECONDS * 1000);
        self.db.execute(&sql, params![target.service, Timestamp::now().0, first, most]).await
    }
}

/// As many of the first rows as fit a delivery.
fn within_bytes(mut rows: Vec<Row>) -> Result<Vec<Row>, Error> {
    let (mut fitting, mut bytes) = (0usize, 0usize);
    for row in &rows {
        bytes = bytes.saturating_add(row.text(4)?.len());
        if fitting > 0 && bytes > BATCH_BYTES {
            break;
        }
        fitting = fitting.saturating_add(1);
    }
    rows.truncate(fitting);
    Ok(rows)
}
