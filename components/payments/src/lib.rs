//! Payments of orders by way of a provider plug-in.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `POST /api/payments` (`/payments`) | `payments:create`, the order's buyer | `pay::create` |
//! | `GET /api/payments` (`/payments`) | `payments:read`: own; `payments:any`: all | `payments::list` |
//! | `GET /api/payments/{id}` (`/payments/{id}`) | `payments:read`: own; `payments:any`: all | `payments::get` |
//! | `GET /internal/payments/buyers/{id}/payments` | services | `payments::paid_by` |
//! | `POST /internal/payments/reconcile` | services | `settle::reconcile_due` |
//! | `POST /internal/payments/events` | services | `settle::on_events` |
//!
//! `api` has the bodies, `card` the card data, `domain` the states and rules, `provider` the plug-in, `store` the
//! SQL. The attempt is in the log before the provider is called, under the id the provider gets as its key: what
//! is cut off after that is PENDING until the provider is asked (`settle`), and never charged anew.

mod api;
mod card;
mod domain;
mod error;
mod handlers;
mod provider;
mod store;

use std::alloc::System;
use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use edge::Client;
use events::{Relay, Target};
use handlers::{pay, payments, settle};
use spin_sdk::http::{IntoResponse, Request};
use zeroizing_alloc::ZeroAlloc;

/// Overwrites all memory it takes back: card data is in request bodies, JSON buffers and call arguments too,
/// where no type of ours could.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

const TARGETS: [Target; 2] = [
    Target { service: "orders", kinds: &["payment.captured"], private: &[] },
    Target { service: "audit", kinds: &[], private: &[] },
];
static CLIENT: Client = Client::new("payments");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    edge::serve(ROUTER.get_or_init(routes), request).await
}

fn routes() -> Router {
    let public =
        Router::new().route("/", post(pay::create).get(payments::list)).route("/{id}", get(payments::get));
    let internal = Router::new()
        .route("/internal/payments/buyers/{id}/payments", get(payments::paid_by))
        .route("/internal/payments/reconcile", post(settle::reconcile_due))
        .route("/internal/payments/events", post(settle::on_events));
    edge::router(
        internal
            .nest("/api/payments", public.clone())
            .nest("/payments", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
