//! The intake: events from the services' relays.

use axum::Json as Reply;
use edge::{Json, ServiceCaller};
use http::StatusCode;
use serde_json::Value;

use crate::domain::check;
use crate::error::Error;
use crate::{api, store as log};

/// `POST /internal/audit/events`: 202 once the batch is durable. One bad event refuses the whole batch, so
/// that a source's order is never broken; what came before is counted as a duplicate.
///
/// The events are taken as they are, with every attribute: what other versions and other systems add counts too.
pub async fn record(
    _: ServiceCaller,
    Json(batch): Json<Vec<Value>>,
) -> Result<(StatusCode, Reply<api::Recorded>), Error> {
    check(&batch)?;
    let sent = batch.len();
    let accepted = log::record(Value::Array(batch).to_string()).await?;
    let recorded = api::Recorded { accepted, duplicates: sent.saturating_sub(accepted) };
    Ok((StatusCode::ACCEPTED, Reply(recorded)))
}
