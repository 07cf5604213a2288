//! Orders: placed, paid, cancelled, expired.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `POST /api/orders` (`/orders`) | `orders:create` | `place::place` |
//! | `GET /api/orders` (`/orders`) | `orders:read`: own, a seller's, or all with `orders:any` | `read::list` |
//! | `GET /api/orders/{id}` (`/orders/{id}`) | the same | `read::get` |
//! | `GET /api/orders/{id}/events` (`/orders/{id}/events`) | the same | `read::history` |
//! | `DELETE /api/orders/{id}` (`/orders/{id}`) | the buyer, `orders:any` | `cancel::cancel` |
//! | `GET /internal/orders/orders/{id}` | services | `internal::get` |
//! | `GET /internal/orders/sold` | services | `internal::sold` |
//! | `GET /internal/orders/shipping` · `GET /internal/orders/buyers/{id}/orders` | services | `people::…` |
//! | `POST /internal/orders/events` | services | `internal::on_events` |
//!
//! `api` has the bodies, `domain` the rules and the transition table, `store` the SQL, `personal` the encryption of addresses, `reservation` the stock that
//! products holds. Every event carries the exact version of its order: who comes second reads and decides anew.

mod api;
mod domain;
mod error;
mod handlers;
mod personal;
mod reservation;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use edge::Client;
use events::{Relay, Target};
use handlers::{cancel, internal, people, place, read};
use spin_sdk::http::{IntoResponse, Request};

const TARGETS: [Target; 3] = [
    Target { service: "products", kinds: &["order.paid", "order.cancelled", "order.expired"], private: &[] },
    Target { service: "payments", kinds: &["order.payment_rejected"], private: &[] },
    Target { service: "audit", kinds: &[], private: &[] },
];
static CLIENT: Client = Client::new("orders");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    edge::serve(ROUTER.get_or_init(routes), request).await
}

fn routes() -> Router {
    let public = Router::new()
        .route("/", post(place::place).get(read::list))
        .route("/{id}", get(read::get).delete(cancel::cancel))
        .route("/{id}/events", get(read::history));
    let internal = Router::new()
        .route("/internal/orders/orders/{id}", get(internal::get))
        .route("/internal/orders/sold", get(internal::sold))
        .route("/internal/orders/shipping", get(people::shipping))
        .route("/internal/orders/buyers/{id}/orders", get(people::bought))
        .route("/internal/orders/events", post(internal::on_events));
    edge::router(
        internal
            .nest("/api/orders", public.clone())
            .nest("/orders", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
