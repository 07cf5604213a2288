//! The audit log: every event of every service, kept once, in the order of arrival, never altered.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `GET /api/v1/audit/events` (`/api/audit/events`) | `audit:read` | `read::list` |
//! | `GET /api/v1/audit/events/{id}` (`/api/audit/events/{id}`) | `audit:read` | `read::get` |
//! | `POST /internal/audit/events` | services | `intake::record` |
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL. The log is the table `audit_log`; the only
//! events of its own are the permissions it refused, which it records as it does those of others.

mod api;
mod domain;
mod error;
mod handlers;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use edge::Client;
use events::Relay;
use handlers::{intake, read};
use spin_sdk::http::{IntoResponse, Request};

static CLIENT: Client = Client::new("audit");
/// Without targets: it only answers for the database's health.
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &[]);

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    edge::on_refusal(intake::record_refusal);
    edge::serve(ROUTER.get_or_init(routes), request).await
}

fn routes() -> Router {
    let public = Router::new().route("/", get(read::list)).route("/{id}", get(read::get));
    edge::router(
        Router::new()
            .route("/internal/audit/events", post(intake::record))
            .nest("/api/v1/audit/events", public.clone())
            .nest("/api/audit/events", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
