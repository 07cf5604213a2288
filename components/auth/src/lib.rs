//! Accounts, sessions, roles: who may log in and what they may do.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `POST /api/auth/signup` (`/auth/signup`, `/api/users/register`) | anyone | `accounts::signup` |
//! | `GET /api/auth/me` (`/auth/me`) | any token | `accounts::me` |
//! | `POST /api/auth/login` (`/auth/login`) | anyone | `sessions::login` |
//! | `POST /api/auth/refresh` (`/auth/refresh`) | a refresh token | `sessions::refresh` |
//! | `POST /api/auth/logout` (`/auth/logout`) | a refresh token | `sessions::logout` |
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL, `bootstrap` the first ADMIN. A refresh token is
//! never stored: it is computed from its session and generation, and the log's `UNIQUE (stream, version)` lets
//! each generation come about once.

mod api;
mod bootstrap;
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
use handlers::{accounts, sessions};
use spin_sdk::http::{IntoResponse, Request};

const TARGETS: [Target; 2] = [
    Target { service: "users", kinds: &["user.registered"], private: &["email", "name"] },
    Target { service: "audit", kinds: &[], private: &[] },
];
static CLIENT: Client = Client::new("auth");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    edge::serve(ROUTER.get_or_init(routes), request).await
}

fn routes() -> Router {
    let public = Router::new()
        .route("/signup", post(accounts::signup))
        .route("/me", get(accounts::me))
        .route("/login", post(sessions::login))
        .route("/refresh", post(sessions::refresh))
        .route("/logout", post(sessions::logout));
    edge::router(
        Router::new()
            .route("/api/users/register", post(accounts::signup))
            .nest("/api/auth", public.clone())
            .nest("/auth", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
