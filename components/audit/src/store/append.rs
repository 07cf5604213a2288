//! Adding to the chain: one statement per batch.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use chain::Link;
use serde_json::{Value, json};
use store::{Error, Timestamp, params};

use super::{DB, headless};
use crate::domain::Attributes;

/// How often a batch is tried that others are faster than: each time someone's batch was recorded.
const TRIES: usize = 100;

/// The end of the chain as this instance last saw it. An old one is refused by the database.
static HEAD: Mutex<Option<(i64, String)>> = Mutex::new(None);

/// An event on its way into the log.
struct Incoming {
    attributes: Attributes,
    /// Canonical JSON.
    text: String,
}

/// What became of a batch.
#[derive(Clone, Copy, Default)]
pub struct Recorded {
    /// Events that are new in the log.
    pub accepted: usize,
    /// The last one's place; 0 when none is new.
    pub last: i64,
}

/// Put a batch of CloudEvents into the log, in its order, each once.
///
/// One statement in the usual case: it is on the path of every event of the system. The batch is in the log or
/// it is not. That an event was there before, or that another instance was faster, is the database's to say.
pub async fn record(batch: Vec<Value>) -> Result<Recorded, Error> {
    let now = Timestamp::now().to_string();
    let mut seen = HashSet::new();
    let mut batch: Vec<_> = batch.iter().filter_map(|event| incoming(event, &now)).collect();
    batch.retain(|event| seen.insert((event.attributes.source.clone(), event.attributes.id.clone())));
    for _ in 0..TRIES {
        if batch.is_empty() {
            return Ok(Recorded::default());
        }
        match append(&batch, &now).await {
            Ok(last) => return Ok(Recorded { accepted: batch.len(), last }),
            Err(Error::Refused { code, .. }) if code == "behind" => remember(None),
            Err(error) if error.is_unique("audit_log.id") => batch = new_of(batch).await?,
            Err(error) => return Err(error),
        }
    }
    Err(Error::Database("others were always faster".to_owned()))
}

fn incoming(event: &Value, now: &str) -> Option<Incoming> {
    let attributes = Attributes::of(event.as_object()?, now)?;
    Some(Incoming { attributes, text: event.to_string() })
}

/// Chain the batch to the head; the last entry's place.
async fn append(batch: &[Incoming], now: &str) -> Result<i64, Error> {
    const SQL: &str = "INSERT INTO audit_log (seq, source, id, type, subject, actor, time, hash, event, received_at) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
          value ->> 7, value ->> 8, ?2 FROM json_each(?1)";
    let (mut seq, mut hash) = head().await?;
    let mut rows = Vec::with_capacity(batch.len());
    for Incoming { attributes: a, text } in batch {
        seq = seq.saturating_add(1);
        hash = Link { sequence: seq, received_at: now, event: text, prev_hash: &hash }.hash();
        rows.push(json!([seq, a.source, a.id, a.kind, a.subject, a.actor, a.time, hash, text]));
    }
    DB.execute(SQL, params![Value::Array(rows).to_string(), now]).await?;
    remember(Some((seq, hash)));
    Ok(seq)
}

/// Those events of the batch that are not in the log.
async fn new_of(mut batch: Vec<Incoming>) -> Result<Vec<Incoming>, Error> {
    const SQL: &str = "SELECT value ->> 1 AS source, value ->> 0 AS id FROM json_each(?1) \
        WHERE EXISTS (SELECT 1 FROM audit_log WHERE id = value ->> 0 AND source = value ->> 1) LIMIT 100000";
    let ids: Vec<_> =
        batch.iter().map(|event| json!([event.attributes.id, event.attributes.source])).collect();
    let rows = DB.query(SQL, params![Value::Array(ids).to_string()]).await?;
    let known: HashSet<_> =
        rows.iter().map(|row| Ok((row.text("source")?, row.text("id")?))).collect::<Result<_, Error>>()?;
    batch.retain(|event| !known.contains(&(event.attributes.source.clone(), event.attributes.id.clone())));
    Ok(batch)
}

async fn head() -> Result<(i64, String), Error> {
    let known = HEAD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(head) = known {
        return Ok(head);
    }
    let row = DB.query_one("SELECT seq, hash FROM audit_head", params![]).await?.ok_or_else(headless)?;
    Ok((row.int("seq")?, row.text("hash")?))
}

fn remember(head: Option<(i64, String)>) {
    *HEAD.lock().unwrap_or_else(PoisonError::into_inner) = head;
}
