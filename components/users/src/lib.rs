//! Profiles of people: name, phone and addresses.
//!
//! `operations` has the public routes, and what they are for. Other services use `/internal/users/…`, here below.
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL; `personal` encrypts what is personal on its way into
//! the store. A profile comes from auth's `user.registered` event; its personal content is in events' private part
//! only.

mod api;
mod domain;
mod error;
mod handlers;
mod operations;
mod personal;
mod record;
mod store;

use std::sync::OnceLock;

use axum::{Router, routing::post};
use edge::Client;
use events::{Relay, Target};
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};

const TARGETS: [Target; 1] = [Target { service: "audit", kinds: &[], private: &[] }];
static CLIENT: Client = Client::new("users");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    edge::serve(ROUTER.get_or_init(routes), &[events::SETTINGS], request).await
}

fn routes() -> Router {
    let internal = Router::new().route("/internal/users/events", post(handlers::events::receive));
    edge::router(operations().into_router().merge(internal).merge(events::internal_routes(&RELAY)))
}
