//! Payments of orders by way of a provider plug-in.
//!
//! `operations` has the public routes, and what they are for. Other services use `/internal/payments/…`, here below.
//!
//! `api` has the bodies, `card` the card data, `domain` the states and rules, `provider` the calls to plug-ins,
//! `breaker` the circuit breakers, `store` the SQL, `record` the appends and the fault points of tests. The attempt is
//! in the log before the provider is called, under the id that the provider gets as its idempotency key. What is cut
//! off after that is PENDING until the provider is asked (`handlers/outcomes`), and never charged again.

mod api;
mod breaker;
mod card;
mod domain;
mod error;
mod handlers;
mod operations;
mod provider;
mod record;
mod settings;
mod store;

use std::alloc::System;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::{
    Router,
    routing::{get, post},
};
use contract::payments::PaymentEventKind as Kind;
use edge::{Client, Context};
use events::{Relay, Target};
use handlers::{health, internal, outcomes};
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};
use zeroizing_alloc::ZeroAlloc;

/// Overwrites all memory it takes back: card data is in request bodies, JSON buffers and call arguments too,
/// where no type of ours could.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

const TARGETS: [Target; 2] = [
    Target {
        service: "orders",
        kinds: &[
            Kind::Captured.into_str(),
            Kind::Refunded.into_str(),
            // A payment that is open keeps its order from being paid otherwise.
            Kind::Deferred.into_str(),
            Kind::Authorized.into_str(),
            Kind::Conflicted.into_str(),
            Kind::Declined.into_str(),
            Kind::Failed.into_str(),
            Kind::Cancelled.into_str(),
            Kind::Resolved.into_str(),
        ],
        private: &[],
    },
    Target { service: "audit", kinds: &[], private: &[] },
];
static CLIENT: Client = Client::new("payments");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    reconcile_once();
    edge::serve(ROUTER.get_or_init(routes), &[events::SETTINGS, settings::CHECKS], request).await
}

/// At an instance's first call: ask about what an earlier process left open.
fn reconcile_once() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.swap(true, Ordering::Relaxed) {
        spin_sdk::wasip3::spawn(async {
            if let Err(error) = outcomes::round(&Context::background()).await {
                logline::log!("reconciliation: {error}");
            }
        });
    }
}

fn routes() -> Router {
    let internal = Router::new()
        .route("/internal/payments/buyers/{id}/payments", get(internal::paid_by))
        .route("/internal/payments/reconcile", post(internal::reconcile))
        .route("/internal/payments/events", post(handlers::events::receive))
        .route("/internal/payments/ready", get(internal::ready))
        .route("/internal/payments/health", get(health::get));
    edge::router(operations().into_router().merge(internal).merge(events::relay_route(&RELAY)))
}
