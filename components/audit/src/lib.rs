//! The audit log: every event of every service, kept once, in the order of arrival, never altered, and provably so.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `POST /api/v1/audit/events` (`/api/audit/events`) | `audit:write`, services | `intake::from_outside` |
//! | `GET /api/v1/audit/events` (`/api/audit/events`) | `audit:read` | `read::list` |
//! | `GET /api/v1/audit/events/{id}` (`/api/audit/events/{id}`) | `audit:read` | `read::get` |
//! | `GET /api/v1/audit/verify` (`/api/audit/verify`) | `audit:read` | `verify::verify` |
//! | `GET /api/v1/audit/export` (`/api/audit/export`) | `audit:read` | `export::export` |
//! | `GET`, `POST /api/v1/audit/checkpoints` (`/api/audit/checkpoints`) | `audit:read` | `checkpoints::…` |
//! | `GET /api/v1/events` | `events:read` | `feed::list` |
//! | `GET /api/v1/events/parked` | `events:read` | `relays::parked` |
//! | `POST /api/v1/events/parked/redrive` · `POST /api/v1/events/relay` | `events:write` | `relays::…` |
//! | `POST /internal/audit/events` | services | `intake::from_relay` |
//! | `POST /internal/audit/sweep` | services | `checkpoints::sweep` |
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL. The log is the table `audit_log`; each entry is
//! chained to the one before (`shared/chain`). What happens here (checkpoints, refused permissions) is in
//! `audit_events`, and comes into the log as other services' events do: by the relay.

mod api;
mod domain;
mod error;
mod handlers;
mod settings;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use edge::Client;
use events::{Relay, Target};
use handlers::{checkpoints, export, feed, intake, read, relays, verify};
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
    let public = Router::new()
        .route("/events", get(read::list).post(intake::from_outside))
        .route("/events/{id}", get(read::get))
        .route("/verify", get(verify::verify))
        .route("/export", get(export::export))
        .route("/checkpoints", get(checkpoints::list).post(checkpoints::create));
    edge::router(
        Router::new()
            .route("/internal/audit/events", post(intake::from_relay))
            .route("/internal/audit/sweep", post(checkpoints::sweep))
            .route("/api/v1/events", get(feed::list))
            .route("/api/v1/events/parked", get(relays::parked))
            .route("/api/v1/events/parked/redrive", post(relays::redrive))
            .route("/api/v1/events/relay", post(relays::drain))
            .nest("/api/v1/audit", public.clone())
            .nest("/api/audit", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
