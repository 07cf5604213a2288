//! The index: where to go from here.

use axum::Json;
use contract::SERVICES;

use crate::api;

/// `GET /`
pub async fn get() -> Json<api::Index> {
    let links = [
        ("self", "/"),
        ("health", "/health"),
        ("openapi", "/openapi.json"),
        ("docs", "/docs"),
        ("signup", "/api/auth/signup"),
        ("login", "/api/auth/login"),
        ("products", "/api/products"),
        ("orders", "/api/orders"),
        ("payments", "/api/payments"),
        ("audit", "/api/v1/audit/events"),
    ];
    let services =
        SERVICES.map(|name| api::IndexedService { name, health: format!("/health/{name}") }).into();
    Json(api::Index {
        name: "jangteo",
        version: env!("CARGO_PKG_VERSION"),
        description: "Orders and payments as serverless WebAssembly functions",
        links: links.into(),
        services,
    })
}
