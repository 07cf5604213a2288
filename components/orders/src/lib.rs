//! Orders, from placing to delivery or refund.
//!
//! `operations` has the public routes, and what they are for. Other services use `/internal/orders/…`, here below.
//!
//! `api` has the bodies, `domain` the rules and the transition table, `store` the SQL, `record` the appends, `personal`
//! the encryption of addresses, `reservation` the calls to products for stock, `settings` what the deployment may set.
//! Every event carries the exact version of its order: the second of two requests reads and decides anew.

mod api;
mod domain;
mod error;
mod handlers;
mod operations;
mod personal;
mod record;
mod reservation;
mod settings;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use contract::orders::OrderEventKind as Kind;
use edge::Client;
use events::{Relay, Target};
use handlers::internal;
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};

const TARGETS: [Target; 3] = [
    Target {
        service: "products",
        kinds: &[
            Kind::Paid.into_str(),
            Kind::Cancelled.into_str(),
            Kind::Expired.into_str(),
            Kind::Refunded.into_str(),
            Kind::RefundNoted.into_str(),
        ],
        private: &[],
    },
    Target {
        service: "payments",
        kinds: &[Kind::PaymentRejected.into_str(), Kind::Cancelled.into_str(), Kind::Expired.into_str()],
        private: &[],
    },
    Target { service: "audit", kinds: &[], private: &[] },
];
static CLIENT: Client = Client::new("orders");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    edge::serve(ROUTER.get_or_init(routes), &[events::SETTINGS, settings::CHECKS], request).await
}

fn routes() -> Router {
    let internal = Router::new()
        .route("/internal/orders/orders/{id}", get(internal::get))
        .route("/internal/orders/sold", get(internal::sold))
        .route("/internal/orders/shipping", get(internal::shipping))
        .route("/internal/orders/buyers/{id}/orders", get(internal::bought))
        .route("/internal/orders/events", post(handlers::events::receive))
        .route("/internal/orders/sweep", post(internal::sweep));
    edge::router(operations().into_router().merge(internal).merge(events::internal_routes(&RELAY)))
}
