//! Profiles of people: name, phone and addresses.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `GET /api/users` (`/users`) | `users:any` | `accounts::list` |
//! | `POST /api/users` (`/users`) | `users:any` | `accounts::create` |
//! | `GET /api/users/{id}` (`/users/{id}`) | oneself, `users:any`, a seller who sold to them | `profiles::get` |
//! | `PUT /api/users/{id}` (`/users/{id}`) | oneself, `users:any` | `profiles::update` |
//! | `DELETE /api/users/{id}` (`/users/{id}`) | oneself, `users:any` | `accounts::erase` |
//! | `GET /api/users/{id}/export` | oneself, `users:any` | `export::export` |
//! | `POST /internal/users/events` | services | `events::receive` |
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL; `personal` encrypts what is personal on its way into
//! the store. A profile comes from auth's `user.registered` event; its personal content is in events' private part
//! only.

mod api;
mod domain;
mod error;
mod handlers;
mod personal;
mod record;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use edge::Client;
use events::{Relay, Target};
use handlers::{accounts, export, profiles};
use spin_sdk::http::{IntoResponse, Request};

const TARGETS: [Target; 1] = [Target { service: "audit", kinds: &[], private: &[] }];
static CLIENT: Client = Client::new("users");
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
        .route("/", get(accounts::list).post(accounts::create))
        .route("/{id}", get(profiles::get).put(profiles::update).delete(accounts::erase));
    edge::router(
        Router::new()
            .route("/internal/users/events", post(handlers::events::receive))
            .route("/api/users/{id}/export", get(export::export))
            .nest("/api/users", public.clone())
            .nest("/users", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
