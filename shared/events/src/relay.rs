//! The relay delivers the log to each target: in order, at least once, one drain at a time. This file has the loop,
//! `cursors` how far each target has got, `delivery` one batch.
//!
//! A failing target holds back only its own cursor. Nothing is lost when a target or the process dies: the
//! next request, `POST /internal/<service>/relay` or a start goes on from the cursor. An event that a target keeps
//! refusing is parked (`parking`). Redis has a lane of its own: while it hangs, deliveries to services go on.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use edge::{Client, Context, Problem};
use store::{Db, Error};

use crate::redis::{REDIS, Redis};
use crate::undelivered::Undelivered;

/// How long a drain waits for more events after it is wanted: a batch costs little more than an event.
const GATHER: Duration = Duration::from_millis(50);
/// Events per delivery.
const BATCH: i64 = 100;
/// The most targets a relay can have.
pub(crate) const MAX_TARGETS: usize = 5;

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
    pub(crate) db: &'static Db,
    pub(crate) client: &'static Client,
    pub(crate) targets: &'static [Target],
    pub(crate) redis: Redis,
    /// For each [`Lane`], whether a drain runs or is wanted.
    states: [AtomicU8; 2],
    /// For each target, the place in the log up to which this instance found nothing it wants.
    pub(crate) seen: [AtomicI64; MAX_TARGETS],
}

/// Targets that get their events one after the other. Lanes do not wait for each other.
#[derive(Clone, Copy)]
enum Lane {
    Services,
    Redis,
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

    /// As [`kick`](Self::kick), but only at an instance's first call, to finish what an earlier process left. From then
    /// on refused permissions are recorded as events.
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

    /// Deliver to each target what it wants; whether anything was delivered.
    async fn round(&self, lane: Lane) -> Result<bool, Error> {
        let waiting = match lane {
            Lane::Services => self.waiting(self.targets).await?,
            Lane::Redis if self.redis.address().await.is_some() => self.waiting(&[REDIS]).await?,
            Lane::Redis => return Ok(false),
        };
        let mut told = false;
        for waiting in waiting {
            let went_on = match waiting.first {
                Some(first) => self.drain_target(waiting.target, first).await?,
                None => self.skip(&waiting).await?,
            };
            told = told || went_on;
        }
        Ok(told)
    }

    /// Deliver everything to `target` from the first event that it wants; false when another instance does, or it
    /// refuses.
    ///
    /// A refused batch is halved until only the event that causes the refusal is left.
    async fn drain_target(&self, target: &Target, first: i64) -> Result<bool, Error> {
        let Some((cursor, mut failures)) = self.claim(target).await? else { return Ok(false) };
        let (mut cursor, mut limit) = (cursor.max(first.saturating_sub(1)), BATCH);
        loop {
            let rows = self.events(cursor, limit).await?;
            let (Some(last), count) = (rows.last(), rows.len()) else { break };
            match self.send(&Context::background(), target, &rows).await {
                Ok(()) => (cursor, failures) = (last.int("seq")?, 0),
                Err(Undelivered::Refused(_)) if count > 1 => {
                    limit = i64::try_from(count / 2).unwrap_or(1);
                    continue;
                }
                Err(why) if why.is_final(failures.saturating_add(1)) => {
                    self.park(target, last, &why).await?;
                    cursor = last.int("seq")?;
                    self.release(target, cursor).await?;
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
            self.advance(target, cursor).await?;
        }
        self.release(target, cursor).await?;
        Ok(true)
    }
}
