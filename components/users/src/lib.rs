//! Profiles of people: name, phone and addresses.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `GET /api/users/{id}` (`/users/{id}`) | oneself, `users:any` | `profiles::get` |
//! | `PUT /api/users/{id}` (`/users/{id}`) | oneself, `users:any` | `profiles::update` |
//! | `POST /internal/users/events` | services | `profiles::on_events` |
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL. A profile comes from auth's `user.registered`
//! event; its personal content is in events' private part only.

mod api;
mod domain;
mod error;
mod handlers;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use edge::Client;
use events::{Relay, Target};
use handlers::profiles;
use spin_sdk::http::{IntoResponse, Request};

const TARGETS: [Target; 1] = [Target { service: "audit", kinds: &[], private: &[] }];
static CLIENT: Client = Client::new("users");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    edge::serve(ROUTER.get_or_init(routes), request).await
}

fn routes() -> Router {
    let public = Router::new().route("/{id}", get(profiles::get).put(profiles::update));
    edge::router(
        Router::new()
            .route("/internal/users/events", post(profiles::on_events))
            .nest("/api/users", public.clone())
            .nest("/users", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
