//! The internal routes every service has: `relay` and `health`; and the reading of delivered batches.

use axum::{Json, Router, routing};
use edge::{Problem, ServiceCaller, vault};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{CloudEvent, Relay};

/// `POST /internal/<service>/relay` drains the log now; `GET /internal/<service>/health` asks the database.
/// Both demand a service token and say how many events wait for each target.
pub fn internal_routes(relay: &'static Relay) -> Router {
    let base = format!("/internal/{}", relay.service());
    Router::new()
        .route(&format!("{base}/relay"), routing::post(move |caller| drain(relay, caller)))
        .route(&format!("{base}/health"), routing::get(move |caller| report(relay, caller)))
}

type Report = Result<(StatusCode, Json<Value>), Problem>;

async fn drain(relay: &'static Relay, caller: ServiceCaller) -> Report {
    relay.drain().await;
    report(relay, caller).await
}

/// 503 with the reason when a setting makes the service useless: a person has to mend it.
async fn report(relay: &'static Relay, _: ServiceCaller) -> Report {
    let lag = relay.lag().await.map_err(Problem::internal)?;
    match vault::unfit().await {
        None => Ok((StatusCode::OK, Json(json!({ "status": "UP", "relay": lag })))),
        Some(reason) => {
            let body = json!({ "status": "DOWN", "relay": lag, "reason": reason });
            Ok((StatusCode::SERVICE_UNAVAILABLE, Json(body)))
        }
    }
}

/// The data of `event` as `T`; `None` when it is of another shape, which a receiver must not choke on.
pub fn intake<T: serde::de::DeserializeOwned>(event: &CloudEvent) -> Option<T> {
    let data = serde_json::from_value(event.data.clone());
    data.inspect_err(|error| eprintln!("event {} {}: {error}", event.kind, event.id)).ok()
}
