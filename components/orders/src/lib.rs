//! Orders, from placing to delivery or refund.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `POST /api/orders` (`/orders`) | `orders:create` | `place::place` |
//! | `GET /api/orders` (`/orders`) | `orders:read`: own, a seller's, or all with `orders:any` | `read::list` |
//! | `GET /api/orders/user/{userId}` (`/orders/user/{userId}`) | the user, their sellers, `orders:any` | `read::list_of` |
//! | `GET /api/orders/{id}` (`/orders/{id}`) | `orders:read`: own, a seller's, or any with `orders:any` | `read::get` |
//! | `PUT /api/orders/{id}` (`/orders/{id}`) | the buyer, `orders:any` | `change::change` |
//! | `DELETE /api/orders/{id}` (`/orders/{id}`) | the buyer, `orders:any` | `cancel::cancel` |
//! | `POST /api/orders/{id}/ship` (`/orders/{id}/ship`) | its sellers, `orders:any` | `fulfil::ship` |
//! | `POST /api/orders/{id}/deliver` (`/orders/{id}/deliver`) | its sellers, `orders:any` | `fulfil::deliver` |
//! | `GET /api/orders/{id}/events` (`/orders/{id}/events`) | as the order | `history::history` |
//! | `GET /internal/orders/orders/{id}` | services | `internal::get` |
//! | `GET /internal/orders/sold` | services | `internal::sold` |
//! | `GET /internal/orders/shipping` · `GET /internal/orders/buyers/{id}/orders` | services | `internal::…` |
//! | `POST /internal/orders/sweep` | services | `internal::sweep` |
//! | `POST /internal/orders/events` | services | `events::receive` |
//!
//! `api` has the bodies, `domain` the rules and the transition table, `store` the SQL, `record` what appends, `personal` the
//! encryption of addresses, `reservation` the stock that products holds, `settings` what the deployment may set. Every event carries
//! the exact version of its order: who comes second reads and decides anew.

mod api;
mod domain;
mod error;
mod handlers;
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
use handlers::{cancel, change, fulfil, history, internal, place, read};
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
    let public = Router::new()
        .route("/", post(place::place).get(read::list))
        .route("/user/{user_id}", get(read::list_of))
        .route("/{id}", get(read::get).put(change::change).delete(cancel::cancel))
        .route("/{id}/ship", post(fulfil::ship))
        .route("/{id}/deliver", post(fulfil::deliver))
        .route("/{id}/events", get(history::history));
    let internal = Router::new()
        .route("/internal/orders/orders/{id}", get(internal::get))
        .route("/internal/orders/sold", get(internal::sold))
        .route("/internal/orders/shipping", get(internal::shipping))
        .route("/internal/orders/buyers/{id}/orders", get(internal::bought))
        .route("/internal/orders/events", post(handlers::events::receive))
        .route("/internal/orders/sweep", post(internal::sweep));
    edge::router(
        internal
            .nest("/api/orders", public.clone())
            .nest("/orders", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
