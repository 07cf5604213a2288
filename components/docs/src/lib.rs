//! The API's description as a page: Swagger UI, which reads `/openapi.json` and sends requests.
//!
//! `operations` has the routes, `files` what they answer. `assets/` has the content: `page.html` and `start.js` are
//! ours, `assets/make` makes the folder `swagger-ui`. The component has no settings, keeps nothing and calls nobody.

mod files;
mod handlers;
mod operations;

use std::sync::OnceLock;

use axum::Router;
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    edge::serve_static(ROUTER.get_or_init(routes), request).await
}

fn routes() -> Router {
    edge::router(operations().into_router())
}
