//! The intake: events from the services' relays.

use axum::Json as Reply;
use edge::{Json, Refusal, ServiceCaller};
use http::StatusCode;
use serde_json::{Value, json};
use store::Timestamp;
use uuid::Uuid;

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

/// A permission that this service refused, as the other services' relays tell of theirs. Runs after the response.
pub fn record_refusal(refusal: Refusal) {
    let event = json!([{
        "specversion": "1.0",
        "id": Uuid::now_v7().to_string(),
        "source": "/jangteo/audit",
        "type": "jangteo.permission.refused.v1",
        "subject": Uuid::now_v7().to_string(),
        "time": Timestamp::now().to_string(),
        "datacontenttype": "application/json",
        "traceparent": refusal.traceparent,
        "actor": refusal.actor,
        "data": { "permission": refusal.permission, "path": refusal.path, "requestId": refusal.request_id },
    }]);
    spin_sdk::wasip3::spawn(async move {
        if let Err(error) = log::record(event.to_string()).await {
            eprintln!("request {} refusal: {error}", refusal.request_id);
        }
    });
}
