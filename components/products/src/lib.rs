//! The catalogue and its stock.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `POST /api/products` (`/products`) | `products:write` | `products::create` |
//! | `GET /api/products` (`/products`) | anyone | `products::list` |
//! | `GET /api/products/category/{category}` (`/products/category/{category}`) | anyone | `products::list_category` |
//! | `GET /api/products/{id}` (`/products/{id}`) | anyone | `products::get` |
//! | `PUT /api/products/{id}` (`/products/{id}`) | the seller, ADMIN | `products::replace` |
//! | `DELETE /api/products/{id}` (`/products/{id}`) | the seller, ADMIN | `products::withdraw` |
//! | `GET /api/products/{id}/stock` (`/products/{id}/stock`) | the seller, ADMIN | `stock::movements` |
//! | `POST /api/products/{id}/stock` (`/products/{id}/stock`) | the seller, ADMIN | `stock::adjust` |
//! | `POST /internal/products/reservations` | services | `reservations::reserve` |
//! | `PUT /internal/products/reservations/{orderId}` | services | `reservations::replace` |
//! | `POST /internal/products/reservations/{orderId}/release` | services | `reservations::release` |
//! | `POST /internal/products/events` | services | `events::receive` |
//! | `POST /internal/products/sweep` | services | `reservations::sweep` |
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL, `record` what appends. Stock is `on_hand` and, of it, `reserved`; the
//! database's `out_of_stock` constraint decides every race.

mod api;
mod domain;
mod error;
mod handlers;
mod record;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post, put},
};
use edge::Client;
use events::{Relay, Target};
use handlers::{products, reservations, stock};
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
    let public = Router::new()
        .route("/", post(products::create).get(products::list))
        .route("/category/{category}", get(products::list_category))
        .route("/{id}", get(products::get).put(products::replace).delete(products::withdraw))
        .route("/{id}/stock", post(stock::adjust).get(stock::movements));
    let internal = Router::new()
        .route("/internal/products/reservations", post(reservations::reserve))
        .route("/internal/products/reservations/{order_id}", put(reservations::replace))
        .route("/internal/products/reservations/{order_id}/release", post(reservations::release))
        .route("/internal/products/sweep", post(reservations::sweep))
        .route("/internal/products/events", post(handlers::events::receive));
    edge::router(
        internal
            .nest("/api/products", public.clone())
            .nest("/products", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
