//! The API's description, for programs and for people.

use axum::response::{Html, IntoResponse};
use http::header;

/// Five minutes: a deployment changes it, a request does not.
pub const CACHE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// The page may load nothing but the description, from here.
const POLICY: &str = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; \
                      style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /openapi.json`: OpenAPI 3.1. Open to other origins, so that tools can load it.
pub async fn openapi() -> impl IntoResponse {
    let json = (header::CONTENT_TYPE, "application/json");
    ([json, CACHE, (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], openapi::document())
}

/// `GET /docs`: the same as a page.
pub async fn page() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY), CACHE], Html(include_str!("../../docs.html")))
}
