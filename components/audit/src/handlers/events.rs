//! Events from the services' relays, and from outside.

use axum::Json;
use contract::permissions::AuditWrite;
use edge::{Caller, Message, Raw, ServiceCaller};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::checkpoints;
use crate::domain::{SUBMITTED_BY, Sender, binding, check};
use crate::error::Error;
use crate::{api, record};

type Recorded = (StatusCode, Json<api::Recorded>);

/// `POST /internal/audit/events`: 202 once the batch is durable. One bad event refuses the whole batch, so
/// that a source's order is never broken; what came before is counted as a duplicate.
///
/// The events are kept as they are, with every attribute, also those that other versions and systems add.
pub async fn from_relay(
    caller: ServiceCaller,
    Message(batch): Message<Vec<Value>>,
) -> Result<Recorded, Error> {
    check(&batch, Sender::Service(&caller.subject))?;
    record_all(batch).await
}

/// `POST /api/v1/audit/events`: the same for anyone with `audit:write` and for services. Nobody writes in another's
/// name, and who submitted an event is recorded in it.
pub async fn from_outside(caller: Caller, headers: HeaderMap, Raw(body): Raw) -> Result<Recorded, Error> {
    caller.require(AuditWrite)?;
    let mut batch = binding::read(&headers, &body)?;
    let subject = &caller.subject;
    check(&batch, if caller.is_service() { Sender::Service(subject) } else { Sender::Person(subject) })?;
    for event in batch.iter_mut().filter_map(Value::as_object_mut) {
        event.insert(SUBMITTED_BY.to_owned(), Value::from(caller.actor()));
    }
    record_all(batch).await
}

async fn record_all(batch: Vec<Value>) -> Result<Recorded, Error> {
    let sent = batch.len();
    let recorded = record::events(batch).await?;
    checkpoints::after(recorded);
    let accepted = recorded.accepted;
    let answer = api::Recorded { accepted, duplicates: sent.saturating_sub(accepted) };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
