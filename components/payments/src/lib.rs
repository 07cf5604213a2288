//! Payments of orders by way of a provider plug-in.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `POST /api/payments` (`/payments`) | `payments:create`, the order's buyer | `pay::create` |
//! | `GET /api/payments` (`/payments`) | `payments:read`: own; `payments:any`: all | `payments::list` |
//! | `GET /api/payments/{id}` (`/payments/{id}`) | `payments:read`: own; `payments:any`: all | `payments::get` |
//! | `GET /api/payments/history` (`/payments/history`) | the same | `history::list` |
//! | `GET /api/payments/{id}/refunds` (`/payments/{id}/refunds`) | the same, and the order's seller | `refunds::list` |
//! | `POST /api/payments/{id}/refunds` (`/payments/{id}/refunds`) | `payments:refund`: the order's seller; `payments:any`: all; never the buyer | `refunds::create` |
//! | `POST /api/payments/{id}/refunds/{refundId}/retry` (`/payments/…`) | as above | `refunds::retry` |
//! | `POST /api/payments/{id}/resolve` (`/payments/{id}/resolve`) | `payments:any`, but never the buyer | `conflicts::resolve` |
//! | `GET /api/payments/{id}/disputes` (`/payments/{id}/disputes`) | `payments:any` | `disputes::list` |
//! | `POST /api/payments/webhooks/{provider}` (`/payments/webhooks/{provider}`) | the provider's signature | `webhooks::receive` |
//! | `GET`, `POST /api/payments/sandbox/3ds/{id}` | who pays with the sandbox | `three_d_secure::…` |
//! | `GET /internal/payments/buyers/{id}/payments` | services | `payments::paid_by` |
//! | `POST /internal/payments/reconcile` | services | `settle::reconcile_due` |
//! | `POST /internal/payments/events` | services | `events::receive` |
//! | `GET /internal/payments/health`, `/ready` | services | `health::…` |
//!
//! `api` has the bodies, `card` the card data, `domain` the states and rules, `provider` the calls to plug-ins, `breaker`
//! keeps them from a provider that is down, `faults` has the places where tests kill the host, `store` the SQL, `record` what
//! appends. The attempt is in the log before the provider is called, under the id the provider gets as its key: what is cut
//! off after that is PENDING until the provider is asked (`settle`), and never charged anew.

mod api;
mod breaker;
mod card;
mod domain;
mod error;
mod faults;
mod handlers;
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
use handlers::{
    conflicts, disputes, health, history, pay, payments, refunds, settle, three_d_secure, webhooks,
};
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
            if let Err(error) = settle::round(&Context::background()).await {
                logline::log!("reconciliation: {error}");
            }
        });
    }
}

fn routes() -> Router {
    let public = Router::new()
        .route("/", post(pay::create).get(payments::list))
        .route("/history", get(history::list))
        .route("/webhooks/{provider}", post(webhooks::receive))
        .route("/sandbox/3ds/{id}", get(three_d_secure::page).post(three_d_secure::choose))
        .route("/{id}", get(payments::get))
        .route("/{id}/disputes", get(disputes::list))
        .route("/{id}/resolve", post(conflicts::resolve))
        .route("/{id}/refunds", post(refunds::create).get(refunds::list))
        .route("/{id}/refunds/{refund_id}/retry", post(refunds::retry));
    let internal = Router::new()
        .route("/internal/payments/buyers/{id}/payments", get(payments::paid_by))
        .route("/internal/payments/reconcile", post(settle::reconcile_due))
        .route("/internal/payments/events", post(handlers::events::receive))
        .route("/internal/payments/ready", get(health::ready))
        .route("/internal/payments/health", get(health::get));
    edge::router(
        internal
            .nest("/api/payments", public.clone())
            .nest("/payments", public)
            .merge(events::relay_route(&RELAY)),
    )
}
