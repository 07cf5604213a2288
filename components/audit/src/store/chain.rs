//! Adding to the chain: one statement per batch.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use chain::Link;
use serde_json::{Value, json};
use store::{Error, params};

use super::{DB, headless};
use crate::domain::Attributes;

/// The end of the chain as this instance last saw it. An old one is refused by the database.
static HEAD: Mutex<Option<(i64, String)>> = Mutex::new(None);

/// An event on its way into the log.
pub struct Incoming {
    pub attributes: Attributes,
    /// Canonical JSON.
    pub text: String,
}

/// Chain the batch to the head, and return the last entry's place. After [`is_behind`] the head is read anew.
pub async fn append(batch: &[Incoming], now: &str) -> Result<i64, Error> {
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
    let appended = DB.execute(SQL, params![Value::Array(rows).to_string(), now]).await;
    if appended.as_ref().is_err_and(is_behind) {
        remember(None);
    }
    appended?;
    remember(Some((seq, hash)));
    Ok(seq)
}

/// Those events of the batch that are not in the log.
pub async fn new_of(mut batch: Vec<Incoming>) -> Result<Vec<Incoming>, Error> {
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

/// Whether a failed append means that another instance has moved the end of the chain.
pub fn is_behind(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "behind")
}

/// Whether a failed append means that an event was in the log before.
pub fn is_there(error: &Error) -> bool {
    error.is_unique("audit_log.id")
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
