//! The catalogue and its stock.
//!
//! `operations` has the public routes, and what they are for. Other services use `/internal/products/…`, here below.
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL, `record` the appends. Stock is `on_hand` and, of it,
//! `reserved`; the database's `out_of_stock` constraint decides every race.

mod api;
mod domain;
mod error;
mod handlers;
mod operations;
mod record;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{post, put},
};
use edge::Client;
use events::{Relay, Target};
use handlers::internal;
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};

const TARGETS: [Target; 1] = [Target { service: "audit", kinds: &[], private: &[] }];
static CLIENT: Client = Client::new("products");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    edge::serve(ROUTER.get_or_init(routes), &[events::SETTINGS], request).await
}

fn routes() -> Router {
    let internal = Router::new()
        .route("/internal/products/reservations", post(internal::reserve))
        .route("/internal/products/reservations/{order_id}", put(internal::replace))
        .route("/internal/products/reservations/{order_id}/release", post(internal::release))
        .route("/internal/products/sweep", post(internal::sweep))
        .route("/internal/products/events", post(handlers::events::receive));
    edge::router(operations().into_router().merge(internal).merge(events::internal_routes(&RELAY)))
}
