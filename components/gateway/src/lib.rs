//! The front door: what there is, whether it works, how to call it, and the answer to unknown routes.
//!
//! `operations` has the public routes, and what they are for; all that no component has is a 404, by `edge::router`.
//!
//! The public keys are those of its own identity plug-in: the same as in every service, whose tokens it checks by them.
//! `api` has the bodies, `catalogue` the description of all events; the description of all routes is `shared/openapi`.
//!
//! Services that run elsewhere register here: `domain` has the rules, `store` the SQL, `record` the appends, `registry`
//! what is known of them now.

mod api;
mod catalogue;
mod domain;
mod error;
mod handlers;
mod operations;
mod record;
mod registry;
mod settings;
mod snapshot;
mod store;

use std::sync::OnceLock;

use axum::{Router, routing::post};
use edge::Client;
use events::{Relay, Target};
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};

/// Answered also while a setting cannot be used.
const LIVE: &str = "/health/live";
const TARGETS: [Target; 1] = [Target { service: "audit", kinds: &[], private: &[] }];
static CLIENT: Client = Client::new("gateway");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let router = ROUTER.get_or_init(routes);
    if request.uri().path() == LIVE {
        return edge::serve_static(router, request).await;
    }
    RELAY.kick_once();
    edge::serve(router, &[events::SETTINGS, settings::CHECKS], request).await
}

fn routes() -> Router {
    let internal = Router::new().route("/internal/gateway/sweep", post(handlers::discovery::sweep));
    edge::router(operations().into_router().merge(internal).merge(events::internal_routes(&RELAY)))
}
