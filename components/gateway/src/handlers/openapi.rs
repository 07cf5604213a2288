//! The API's description, for programs.

use axum::response::IntoResponse;
use http::header;

/// Five minutes: a deployment changes it, a request does not.
pub const CACHE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// `GET /openapi.json`: OpenAPI 3.1. Open to other origins, so that tools can load it.
pub async fn get() -> impl IntoResponse {
    let json = (header::CONTENT_TYPE, "application/json");
    ([json, CACHE, (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], openapi::document())
}
