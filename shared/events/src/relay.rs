//! The relay: a cursor per target, in order, at least once, one drain at a time.
//!
//! A failing target holds back only its own cursor. Nothing is lost when a target or the process dies: the
//! next request, `POST /internal/<service>/relay` or a start goes on from the cursor. An event that a target keeps
//! refusing is parked (`parking`). Redis has a lane of its own: while it hangs, services are told all the same.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use edge::{Client, Context, Problem};
use store::{Appended, Db, Error, Event, Row, Timestamp, params};

use crate::CloudEvent;
use crate::redis::{REDIS, Redis};

/// Events per delivery.
const BATCH: i64 = 100;
/// Bytes of event data per delivery, so that a batch stays well under the 1 MiB that a receiver takes. A single
/// larger event goes alone.
const BATCH_BYTES: usize = 256 * 1024;
/// How long a drain waits for more events after it is wanted: a batch costs little more than an event.
const GATHER: Duration = Duration::from_millis(50);
/// A cursor is moved past events its target does not want once so many have come together.
const SKIP: i64 = 1000;
/// How far a look into the log goes: what waits is counted, and what is wanted looked for, among so many events.
pub(crate) const LOOK: i64 = 10_000;
/// The most targets a relay can have.
const MAX_TARGETS: usize = 5;
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
/// After so many tries (some 7 s) an event is parked that its target calls wrong.
const TRIES_REFUSED: i64 = 4;
/// After so many tries (some 5 min) an event is parked that its target fails at.
const TRIES_FAILED: i64 = 10;

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
    pub(crate) targets: &'static [Target],
    pub(crate) redis: Redis,
    /// For each [`Lane`], whether a drain runs or is wanted.
    states: [AtomicU8; 2],
    /// For each target, the place in the log up to which this instance found nothing it wants.
    seen: [AtomicI64; MAX_TARGETS],
}

/// Targets that are told one after the other. Lanes do not wait for each other.
#[derive(Clone, Copy)]
enum Lane {
    Services,
    Redis,
}

/// Why a batch was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The target cannot be asked now: no event's fault.
    Away,
    /// It answered this status.
    Refused(u16),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away => f.write_str("away"),
            Self::Refused(status) => write!(f, "refused with {status}"),
        }
    }
}

impl Failure {
    /// 401 to 404 and 429 are about us, 503 and 504 about the target, the rest about the events.
    fn of(status: u16) -> Self {
        match status {
            401..=404 | 408 | 429 | 502..=504 => Self::Away,
            _ => Self::Refused(status),
        }
    }

    /// Whether an event that failed so often, alone, is not tried again.
    fn is_final(self, tries: i64) -> bool {
        match self {
            Self::Away => false,
            Self::Refused(400..=499) => tries >= TRIES_REFUSED,
            Self::Refused(_) => tries >= TRIES_FAILED,
        }
    }
}

/// A target that has something to be told.
struct Waiting {
    target: &'static Target,
    /// The last event it was told.
    cursor: i64,
    /// The first that it wants, or none of those up to `looked`.
    first: Option<i64>,
    /// How far was looked.
    looked: i64,
    /// The end of the log.
    head: i64,
}

impl Relay {
    /// The relay of `db`'s log to `targets`.
    pub const fn new(db: &'static Db, client: &'static Client, targets: &'static [Target]) -> Self {
        assert!(targets.len() <= MAX_TARGETS);
        let seen = [const { AtomicI64::new(0) }; MAX_TARGETS];
        let states = [AtomicU8::new(IDLE), AtomicU8::new(IDLE)];
        Self { db, client, targets, redis: Redis::new(), states, seen }
    }

    /// The service whose log this is.
    pub fn service(&self) -> &'static str {
        self.db.service()
    }

    /// Drain after the response, without making anyone wait. Kicks during a drain make it go round once more.
    pub fn kick(&'static self) {
        self.kick_lane(Lane::Services);
        if !self.redis.is_off() {
            self.kick_lane(Lane::Redis);
        }
    }

    fn kick_lane(&'static self, lane: Lane) {
        let state = match (&self.states, lane) {
            ([services, _], Lane::Services) => services,
            ([_, redis], Lane::Redis) => redis,
        };
        if state.swap(WANTED, Ordering::AcqRel) == IDLE {
            spin_sdk::wasip3::spawn(async move {
                loop {
                    spin_sdk::time::sleep(GATHER).await;
                    state.store(RUNNING, Ordering::Release);
                    self.drain_lane(lane).await;
                    let done = state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
                    if done.is_ok() {
                        break;
                    }
                }
            });
        }
    }

    /// The database whose log this is.
    pub(crate) fn service_db(&self) -> &'static Db {
        self.db
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

    /// Deliver all that is waiting, as far as targets take it.
    pub async fn drain(&self) {
        self.drain_lane(Lane::Services).await;
        self.drain_lane(Lane::Redis).await;
    }

    /// Goes round until nothing is left: an event that was appended while a lease was held may have found it taken.
    async fn drain_lane(&self, lane: Lane) {
        loop {
            match self.round(lane).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return logline::log!("relay of {}: {error}", self.service()),
            }
        }
    }

    /// Deliver event `seq` to `target` now, for an answer that must show its effect. The cursor stays where it
    /// is: the target sees the event again later and drops it.
    ///
    /// # Errors
    /// 503 when the target does not take it; the relay will deliver it later.
    pub async fn deliver(&self, context: &Context, target: &str, seq: i64) -> Result<(), Problem> {
        let refused = |_| Problem::new(edge::Code::UNAVAILABLE, format!("{target} refused events"));
        self.deliver_again(context, target, seq).await.map_err(refused)
    }

    pub(crate) async fn deliver_again(
        &self,
        context: &Context,
        target: &str,
        seq: i64,
    ) -> Result<(), Failure> {
        let Some(target) = self.targets.iter().find(|t| t.service == target) else { return Ok(()) };
        let rows = self.events(seq.saturating_sub(1), 1).await.map_err(unreadable)?;
        self.send(context, target, &rows).await
    }

    /// Tell each target what it wants; whether any was told something.
    async fn round(&self, lane: Lane) -> Result<bool, Error> {
        let waiting = match lane {
            Lane::Services => self.waiting(self.targets).await?,
            Lane::Redis if self.redis.address().await.is_some() => self.waiting(&[REDIS]).await?,
            Lane::Redis => return Ok(false),
        };
        let mut told = false;
        for waiting in waiting {
            told |= match waiting.first {
                Some(first) => self.drain_target(waiting.target, first).await?,
                None => self.skip(&waiting).await?,
            };
        }
        Ok(told)
    }

    /// The targets that are behind, free and not backing off. Only reads: under load most drains find nothing.
    async fn waiting(&self, targets: &'static [Target]) -> Result<Vec<Waiting>, Error> {
        let sql = format!(
            "SELECT value AS target, coalesce(c.seq, 0) AS cursor, (SELECT coalesce(max(seq), 0) FROM {0}_events) AS head \
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
    async fn skip(&self, waiting: &Waiting) -> Result<bool, Error> {
        let Waiting { target, cursor, looked, head, .. } = *waiting;
        if looked.saturating_sub(cursor) >= SKIP {
            let sql = format!(
                "INSERT INTO {}_cursors (target, seq) VALUES (?1, ?2) ON CONFLICT (target) DO UPDATE SET seq = max(seq, ?2)",
                self.service()
            );
            self.db.execute(&sql, params![target.service, looked]).await?;
        }
        Ok(looked < head)
    }

    /// Tell `target` everything from the first event that it wants; false when someone else does, or it refuses.
    ///
    /// A batch that is refused is halved until the event is alone that is the reason.
    async fn drain_target(&self, target: &Target, first: i64) -> Result<bool, Error> {
        let Some((cursor, mut failures)) = self.claim(target).await? else { return Ok(false) };
        let (mut cursor, mut limit) = (cursor.max(first.saturating_sub(1)), BATCH);
        loop {
            let rows = self.events(cursor, limit).await?;
            let (Some(last), count) = (rows.last(), rows.len()) else { break };
            match self.send(&Context::background(), target, &rows).await {
                Ok(()) => (cursor, failures) = (last.int("seq")?, 0),
                Err(Failure::Refused(_)) if count > 1 => {
                    limit = i64::try_from(count / 2).unwrap_or(1);
                    continue;
                }
                Err(why) if why.is_final(failures.saturating_add(1)) => {
                    self.park(target, last, &why).await?;
                    cursor = last.int("seq")?;
                    self.advance(target, cursor, RELEASED).await?;
                    return Ok(true);
                }
                Err(why) => {
                    self.back_off(target, cursor, why).await?;
                    return Ok(false);
                }
            }
            if limit == BATCH && count < BATCH as usize {
                break;
            }
            limit = limit.saturating_mul(2).min(BATCH);
            self.advance(target, cursor, Timestamp::now().plus_seconds(LEASE_SECONDS).0).await?;
        }
        self.advance(target, cursor, RELEASED).await?;
        Ok(true)
    }

    /// Take the lease; the cursor and the failed tries when it was free.
    async fn claim(&self, target: &Target) -> Result<Option<(i64, i64)>, Error> {
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

    async fn events(&self, after: i64, limit: i64) -> Result<Vec<Row>, Error> {
        let sql = format!(
            "SELECT {} FROM {}_events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            CloudEvent::COLUMNS,
            self.service()
        );
        within_bytes(self.db.query(&sql, params![after, limit]).await?)
    }

    async fn send(&self, context: &Context, target: &Target, rows: &[Row]) -> Result<(), Failure> {
        let mut batch = Vec::with_capacity(rows.len());
        for row in rows {
            let kind = row.text("type").map_err(unreadable)?;
            if target.kinds.is_empty() || target.kinds.contains(&kind.as_str()) {
                let event = CloudEvent::from_row(self.service(), row, target.private);
                batch.push(event.map_err(unreadable)?);
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        if target.service == REDIS.service {
            self.publish(&batch).await
        } else {
            self.post(context, target, &batch).await
        }
    }

    async fn post(&self, context: &Context, target: &Target, batch: &[CloudEvent]) -> Result<(), Failure> {
        let reply = self.client.post(context, target.service, "events", &batch).await;
        let status = reply.map_err(|_| Failure::Away)?.status;
        if status.is_success() {
            Ok(())
        } else {
            logline::log!("relay {} to {}: {status}", self.service(), target.service);
            Err(Failure::of(status.as_u16()))
        }
    }

    async fn publish(&self, batch: &[CloudEvent]) -> Result<(), Failure> {
        let messages: Result<Vec<_>, _> = batch.iter().map(serde_json::to_string).collect();
        let channel = format!("jangteo.{}", self.service());
        let published = self.redis.publish(&channel, &messages.map_err(unreadable)?).await;
        published.map_err(|error| {
            logline::log!("relay {} to Redis: {error}", self.service());
            Failure::Away
        })
    }

    /// Remember how far the target has got, and hold the lease until then.
    async fn advance(&self, target: &Target, seq: i64, leased_until: i64) -> Result<(), Error> {
        let sql = format!(
            "UPDATE {}_cursors SET seq = max(seq, ?2), leased_until = ?3, failures = 0 WHERE target = ?1",
            self.service()
        );
        self.db.execute(&sql, params![target.service, seq, leased_until]).await
    }

    /// Try again later, from `cursor` on. What was delivered in between starts the counting of failures anew; of
    /// those that are no event's fault few are counted, so that an outage does not have events parked after it.
    async fn back_off(&self, target: &Target, cursor: i64, why: Failure) -> Result<(), Error> {
        let sql = format!(
            "UPDATE {}_cursors SET leased_until = 0, failures = min(failures * (seq >= ?5) + 1, ?6), seq = max(seq, ?5), \
             next_try = ?2 + min(?3 << min(failures * (seq >= ?5), 10), ?4) WHERE target = ?1",
            self.service()
        );
        let (first, most) = (BACKOFF_SECONDS * 1000, MAX_BACKOFF_SECONDS * 1000);
        let counted = if why == Failure::Away { COUNTED_AWAY } else { i64::MAX };
        let params = params![target.service, Timestamp::now().0, first, most, cursor, counted];
        self.db.execute(&sql, params).await
    }
}

/// Our own log cannot be read: no event's fault.
fn unreadable(error: impl std::fmt::Display) -> Failure {
    logline::log!("relay: {error}");
    Failure::Away
}

/// As many of the first rows as fit a delivery.
fn within_bytes(mut rows: Vec<Row>) -> Result<Vec<Row>, Error> {
    let (mut fitting, mut bytes) = (0usize, 0usize);
    for row in &rows {
        bytes = bytes.saturating_add(row.text("data")?.len());
        if fitting > 0 && bytes > BATCH_BYTES {
            break;
        }
        fitting = fitting.saturating_add(1);
    }
    rows.truncate(fitting);
    Ok(rows)
}
