//! The audit log: every event of every service, kept once, in the order of arrival, never altered, and provably so.
//!
//! `operations` has the public routes, and what they are for. Other services use `/internal/audit/…`, here below.
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL, `record` the appends. The log is the table `audit_log`;
//! each entry is chained to the one before (`shared/chain`). What happens here (checkpoints, refused permissions) is in
//! `audit_events`, and comes into the log as other services' events do: by the relay.

mod api;
mod domain;
mod error;
mod handlers;
mod operations;
mod record;
mod settings;
mod store;

use std::sync::OnceLock;

use axum::{Router, routing::post};
use edge::Client;
use events::{Relay, Target};
use handlers::{checkpoints, internal};
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};

const TARGETS: [Target; 1] = [Target { service: "audit", kinds: &[], private: &[] }];
static CLIENT: Client = Client::new("audit");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    checkpoints::retain();
    edge::serve(ROUTER.get_or_init(routes), &[events::SETTINGS, settings::CHECKS], request).await
}

fn routes() -> Router {
    let internal = Router::new()
        .route("/internal/audit/events", post(handlers::events::from_relay))
        .route("/internal/audit/sweep", post(internal::sweep));
    edge::router(operations().into_router().merge(internal).merge(events::internal_routes(&RELAY)))
}
