//! The one place that appends: checkpoints to this service's own log, everybody's events to the audit log.

use std::collections::HashSet;

use ::chain::Checkpoint;
use contract::audit::AuditEvent;
use edge::{Answer, Context, Once};
use serde_json::Value;
use store::{Event, NEXT, Timestamp};

use crate::RELAY;
use crate::domain::Attributes;
use crate::error::Error;
use crate::store::DB;
use crate::store::chain::{self, Incoming};

/// All checkpoints are events of this stream.
const STREAM: &str = "checkpoints";
/// How often a batch is tried when other instances are faster. Each time another batch was recorded, so work goes on.
const TRIES: usize = 100;

/// Whether a checkpoint also removes what it speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    No,
    Yes,
}

/// Append that `checkpoint` was signed; it is kept, and what it speaks of removed if it cuts.
pub async fn signed(context: &Context, checkpoint: &Checkpoint, cut: Cut, actor: &str) -> Result<(), Error> {
    append(context, event(checkpoint, cut, actor)).await
}

/// As [`signed`], without a cut, with the `answer` to be given again to the same key.
pub async fn signed_once(
    context: &Context,
    checkpoint: &Checkpoint,
    actor: &str,
    once: &Once,
    answer: &Answer,
) -> Result<(), Error> {
    append(context, once.keep(event(checkpoint, Cut::No, actor), answer).await?).await
}

fn event(checkpoint: &Checkpoint, cut: Cut, actor: &str) -> Event {
    let Checkpoint { sequence, hash, time, public_key, signature } = checkpoint.clone();
    let cut = cut == Cut::Yes;
    let signed = AuditEvent::CheckpointSigned { sequence, hash, time, public_key, signature, cut };
    Event::new(STREAM, NEXT, actor, &signed)
}

async fn append(context: &Context, mut event: Event) -> Result<(), Error> {
    event.traceparent.clone_from(&context.traceparent);
    DB.append(event).await?;
    RELAY.kick();
    Ok(())
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
/// One statement in the usual case, because every event of the system comes here. The whole batch is recorded, or
/// nothing. The database says whether an event was there before, or another instance was faster.
pub async fn events(batch: Vec<Value>) -> Result<Recorded, Error> {
    let now = Timestamp::now().to_string();
    let mut seen = HashSet::new();
    let mut batch: Vec<_> = batch.iter().filter_map(|event| incoming(event, &now)).collect();
    batch.retain(|event| seen.insert((event.attributes.source.clone(), event.attributes.id.clone())));
    for _ in 0..TRIES {
        if batch.is_empty() {
            return Ok(Recorded::default());
        }
        match chain::append(&batch, &now).await {
            Ok(last) => {
                DB.logged(last);
                return Ok(Recorded { accepted: batch.len(), last });
            }
            Err(error) if chain::is_behind(&error) => {}
            Err(error) if chain::is_there(&error) => batch = chain::new_of(batch).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(store::Error::Database("others were always faster".to_owned()).into())
}

fn incoming(event: &Value, now: &str) -> Option<Incoming> {
    let attributes = Attributes::of(event.as_object()?, now)?;
    Some(Incoming { attributes, text: event.to_string() })
}
