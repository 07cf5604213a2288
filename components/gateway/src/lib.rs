//! The front door: what there is, whether it works, how to call it, and the answer to unknown routes.
//!
//! `operations` has the public routes, and what they are for; all that no component has is a 404, by `edge::router`.
//!
//! The public keys are those of its own identity plug-in: the same as in every service, whose tokens it checks by them.
//! `api` has the bodies, `catalogue` the description of all events; the description of all routes is `shared/openapi`.
//! The gateway has no tables.

mod api;
mod catalogue;
mod handlers;
mod operations;

use std::sync::OnceLock;

use axum::Router;
use edge::Client;
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};

/// Answered also while a setting cannot be used.
const LIVE: &str = "/health/live";
static CLIENT: Client = Client::new("gateway");

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let router = ROUTER.get_or_init(routes);
    if request.uri().path() == LIVE {
        return edge::serve_static(router, request).await;
    }
    edge::serve(router, &[], request).await
}

fn routes() -> Router {
    edge::router(operations().into_router())
}
