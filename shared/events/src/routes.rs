//! The internal routes every service has: `relay` and `health`; and the reading of delivered batches.

use axum::{Json, Router, routing};
use edge::{Problem, ServiceCaller};
use serde_json::{Value, json};

use crate::{CloudEvent, Relay, parking};

/// `POST /internal/<service>/relay` tells of what was repeated and drains the log now; `GET /internal/<service>/health` asks the database: both say
/// how many events wait for each target. `GET /internal/<service>/parked` lists events that a target kept refusing,
/// `POST …/parked/redrive` delivers one again. All demand a service token.
pub fn internal_routes(relay: &'static Relay) -> Router {
    let health = format!("/internal/{}/health", relay.service());
    relay_route(relay).route(&health, routing::get(move |caller| report(relay, caller)))
}

/// As [`internal_routes`] but for health, of a service whose health says more than [`health`].
pub fn relay_route(relay: &'static Relay) -> Router {
    let base = format!("/internal/{}", relay.service());
    Router::new()
        .route(&format!("{base}/relay"), routing::post(move |caller| drain(relay, caller)))
        .route(&format!("{base}/parked"), routing::get(parking::list).with_state(relay))
        .route(&format!("{base}/parked/redrive"), routing::post(parking::redrive).with_state(relay))
}

/// What every service's health says; an error when its database does not answer.
pub async fn health(relay: &'static Relay) -> Result<Value, Problem> {
    let lag = relay.lag().await.map_err(Problem::internal)?;
    Ok(json!({ "status": "UP", "relay": lag }))
}

async fn drain(relay: &'static Relay, caller: ServiceCaller) -> Result<Json<Value>, Problem> {
    relay.settle_repeats().await.map_err(Problem::internal)?;
    relay.drain().await;
    report(relay, caller).await
}

async fn report(relay: &'static Relay, _: ServiceCaller) -> Result<Json<Value>, Problem> {
    health(relay).await.map(Json)
}

/// The data of `event` as `T`; `None` when it is of another shape, which a receiver must not choke on.
pub fn intake<T: serde::de::DeserializeOwned>(event: &CloudEvent) -> Option<T> {
    let data = serde_json::from_value(event.data.clone());
    data.inspect_err(|error| eprintln!("event {} {}: {error}", event.kind, event.id)).ok()
}
