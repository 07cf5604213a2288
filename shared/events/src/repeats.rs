//! Events that anyone may cause as often as they like. The first one within a minute is appended at once; the others
//! are counted, and the next event or the sweep appends their number. So nobody can fill the log.
//!
//! `repeated` of an event is how many more like it happened since the one before, so the sum of 1 + `repeated` is the
//! number of all. One statement counts them in `<service>_repeats`; a trigger of the log subtracts what an event
//! reports, so that nothing is reported twice, or lost when the process dies.

use contract::auth::AuthEventKind;
use contract::every::ServiceEventKind;
use contract::users::ProfileEventKind;
use serde_json::{Value, json};
use store::{Error, Event, NEXT, Row, Timestamp, params};
use uuid::Uuid;

use crate::Relay;

/// The kinds of events that are folded.
const KINDS: [&str; 3] = [
    ServiceEventKind::PermissionRefused.into_str(),
    AuthEventKind::LoginFailed.into_str(),
    ProfileEventKind::Exported.into_str(),
];
/// How long one event stands for all like it.
const WINDOW_MS: i64 = 60_000;
/// How long one instance has to report a minute that has ended.
const TELLING_MS: i64 = 5_000;
/// Ended minutes that are reported when another one begins: more than one, so that the table shrinks.
const TOLD_ASIDE: i64 = 4;
/// Ended minutes that a sweep reports at a time.
const TOLD_AT_ONCE: i64 = 100;
/// The most turns of a sweep: the next one goes on.
const TURNS: usize = 20;

impl Relay {
    /// Record `event`, of one of the folded kinds; or count it, if one of the same stream and kind was recorded within
    /// the minute. This happens after the response, so that its duration tells the caller nothing.
    pub fn note(&'static self, event: Event) {
        spin_sdk::wasip3::spawn(async move {
            let (kind, stream) = (event.kind, event.stream.clone());
            if let Err(error) = self.noted(event).await {
                logline::log!("{kind} of {stream} is not recorded: {error}");
            }
        });
    }

    /// As [`note`](Self::note), for a response that must not be given before it is recorded.
    pub async fn noted(&'static self, event: Event) -> Result<(), Error> {
        let sql = format!(
            "INSERT INTO {}_repeats (stream, type, actor, data, opener, until, untold) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6 + ?7, 1) \
             ON CONFLICT (stream, type) DO UPDATE SET actor = ?3, data = ?4, untold = untold + 1, \
               opener = CASE WHEN until <= ?6 THEN ?5 ELSE opener END, \
               until = CASE WHEN until <= ?6 THEN ?6 + ?7 ELSE until END \
             RETURNING untold, opener = ?5 AS opened",
            self.service()
        );
        let opener = Uuid::now_v7().to_string();
        let params = params![
            event.stream.as_str(),
            event.kind,
            event.actor.as_str(),
            event.data.to_string(),
            opener,
            Timestamp::now().0,
            WINDOW_MS,
        ];
        let row = self.db.query_one(&sql, params).await?;
        let told = |row: Row| Ok::<_, Error>((row.int("untold")?, row.bool("opened")?));
        let (untold, opened) = row.map_or(Ok((1, true)), told)?;
        if opened {
            self.db.append(telling(event, untold)).await?;
            self.tell_ended(TOLD_ASIDE).await?;
            self.kick();
        }
        Ok(())
    }

    /// Report all minutes that have ended, as far as one sweep goes.
    pub(crate) async fn tell_repeats(&self) -> Result<(), Error> {
        for _ in 0..TURNS {
            if self.tell_ended(TOLD_AT_ONCE).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Report some minutes that have ended, and forget those that are reported in full; how many there were.
    async fn tell_ended(&self, limit: i64) -> Result<usize, Error> {
        let (table, now) = (format!("{}_repeats", self.service()), Timestamp::now().0);
        // An instance that takes a row has some seconds to report it before another one may.
        let take = format!(
            "UPDATE {table} SET until = ?1 + ?2 WHERE untold > 0 AND (stream, type) IN \
               (SELECT stream, type FROM {table} WHERE until <= ?1 ORDER BY until LIMIT ?3) \
             RETURNING stream, type, actor, data, untold"
        );
        let ended = self.db.query(&take, params![now, TELLING_MS, limit]).await?;
        for row in &ended {
            if let Some((event, untold)) = taken(row)? {
                self.db.append(telling(event, untold)).await?;
            }
        }
        let forget = format!(
            "DELETE FROM {table} WHERE untold = 0 AND (stream, type) IN \
               (SELECT stream, type FROM {table} WHERE until <= ?1 ORDER BY until LIMIT ?2) RETURNING stream"
        );
        let forgotten = self.db.query(&forget, params![now, limit]).await?;
        Ok(ended.len().saturating_add(forgotten.len()))
    }
}

/// `event`, which reports all that are `untold`, itself included.
fn telling(mut event: Event, untold: i64) -> Event {
    if let Some(data) = event.data.as_object_mut() {
        data.insert("repeated".to_owned(), json!(untold.saturating_sub(1)));
    }
    event
}

/// The last of the events that a row counts, and how many are untold.
fn taken(row: &Row) -> Result<Option<(Event, i64)>, Error> {
    let kind = row.text("type")?;
    let Some(kind) = KINDS.into_iter().find(|known| *known == kind) else { return Ok(None) };
    let data: Value = row.json("data")?;
    let event = Event::kept(row.text("stream")?, NEXT, row.text("actor")?, kind, data);
    Ok(Some((event, row.int("untold")?)))
}
