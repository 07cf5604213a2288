//! The front door: what there is, whether it works, how to call it, and the answer to unknown routes.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `GET /` | anyone | `index::get` |
//! | `GET /health` | anyone | `health::all` |
//! | `GET /health/{service}` | anyone | `health::one` |
//! | `GET /metrics` | anyone | `metrics::get` |
//! | `GET /openapi.json` | anyone | `docs::openapi` |
//! | `GET /docs` | anyone | `docs::page` |
//! | `GET /schemas/{type}.json` | anyone | `schemas::get` |
//! | `GET /.well-known/jwks.json` | anyone | `keys::get` |
//! | `POST /api/admin/sweep` | `system:sweep` | `sweep::sweep` |
//! | `/...`, all that no component has | anyone | 404, by `edge::router` |
//!
//! The public keys are those of its own identity plug-in: the same as in every service, whose tokens it checks by them.
//! `api` has the bodies, `catalogue` the description of all events; that of all services' routes is `shared/openapi`. It keeps nothing and has no tables.

mod api;
mod catalogue;
mod handlers;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use edge::Client;
use handlers::{docs, health, index, keys, metrics, schemas, sweep};
use spin_sdk::http::{IntoResponse, Request};

/// The services, as their components and internal routes are named.
const SERVICES: [&str; 6] = ["auth", "users", "products", "orders", "payments", "audit"];
static CLIENT: Client = Client::new("gateway");

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    edge::serve(ROUTER.get_or_init(routes), &[], request).await
}

fn routes() -> Router {
    edge::router(
        Router::new()
            .route("/", get(index::get))
            .route("/health", get(health::all))
            .route("/health/{service}", get(health::one))
            .route("/metrics", get(metrics::get))
            .route("/openapi.json", get(docs::openapi))
            .route("/docs", get(docs::page))
            .route("/schemas/{type}", get(schemas::get))
            .route("/.well-known/jwks.json", get(keys::get))
            .route("/api/admin/sweep", post(sweep::sweep)),
    )
}
