//! The internal routes every service has: `relay` and `health`.

use axum::{Json, Router, routing};
use edge::{Code, Problem, ServiceCaller};
use serde_json::{Value, json};
use store::Error;

use crate::{Relay, parking};

/// `POST /internal/<service>/relay` reports repeated events and drains the log now; `GET /internal/<service>/health`
/// writes to the database as a test. Both answer how many events wait for each target. `GET /internal/<service>/parked`
/// lists events that a target kept refusing, `POST …/parked/redrive` delivers one again. All demand a service token.
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

/// What every service's health says; an error when its database cannot be written or read.
pub async fn health(relay: &'static Relay) -> Result<Value, Problem> {
    relay.db.probe().await.map_err(unwritable)?;
    let lag = relay.lag().await.map_err(Problem::internal)?;
    Ok(json!({ "status": "UP", "relay": lag }))
}

/// Why the database cannot be written, in words that anyone may see.
fn unwritable(error: Error) -> Problem {
    let Error::Database(text) = &error else { return Problem::internal(error) };
    let known = [
        ("full", "the disk is full"),
        ("readonly", "it is read-only"),
        ("is locked", "something else keeps it locked"),
    ];
    let why = known.iter().find(|(part, _)| text.contains(part)).map_or("see the log", |(_, why)| why);
    logline::log!("the database cannot be written: {text}");
    Problem::new(Code::UNAVAILABLE, format!("Its database cannot be written: {why}"))
}

async fn drain(relay: &'static Relay, caller: ServiceCaller) -> Result<Json<Value>, Problem> {
    relay.tell_repeats().await.map_err(Problem::internal)?;
    relay.drain().await;
    report(relay, caller).await
}

async fn report(relay: &'static Relay, _: ServiceCaller) -> Result<Json<Value>, Problem> {
    health(relay).await.map(Json)
}
