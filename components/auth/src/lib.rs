//! Accounts, sessions, roles: who may log in and what they may do.
//!
//! `operations` has the public routes, and what they are for. Other services use `/internal/auth/…`, here below.
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL, `record` the appends, `personal` what is encrypted or
//! hashed, `bootstrap` the first ADMIN, `mailer` the mails. A refresh token is never stored: it is computed from its
//! session and generation, and the log's `UNIQUE (stream, version)` lets each generation happen once. E-mails and names
//! are stored encrypted only.

mod api;
mod bootstrap;
mod domain;
mod error;
mod handlers;
mod mailer;
mod operations;
mod personal;
mod record;
mod settings;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{get, post},
};
use contract::auth::AuthEventKind as Kind;
use edge::Client;
use events::{Relay, Target};
use handlers::internal;
pub use operations::operations;
use spin_sdk::http::{IntoResponse, Request};

/// What shows in profiles.
const OF_PROFILES: [&str; 7] = [
    Kind::UserRegistered.into_str(),
    Kind::UserEmailChanged.into_str(),
    Kind::UserRolesChanged.into_str(),
    Kind::RoleRemoved.into_str(),
    Kind::UserDisabled.into_str(),
    Kind::UserEnabled.into_str(),
    Kind::UserErased.into_str(),
];
/// What says whether someone may still act.
const OF_PEOPLE: [&str; 3] =
    [Kind::UserDisabled.into_str(), Kind::UserEnabled.into_str(), Kind::UserErased.into_str()];
const TARGETS: [Target; 5] = [
    // E-mail and name are ciphertexts, for the same purpose and owner there.
    Target { service: "users", kinds: &OF_PROFILES, private: &["email", "emailHash", "name"] },
    Target { service: "orders", kinds: &OF_PEOPLE, private: &[] },
    Target { service: "products", kinds: &OF_PEOPLE, private: &[] },
    Target { service: "payments", kinds: &OF_PEOPLE, private: &[] },
    Target { service: "audit", kinds: &[], private: &[] },
];
static CLIENT: Client = Client::new("auth");
static RELAY: Relay = Relay::new(&store::DB, &CLIENT, &TARGETS);

/// Answer a request.
#[cfg_attr(target_family = "wasm", spin_sdk::http_service)]
pub async fn handle(request: Request) -> impl IntoResponse {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    RELAY.kick_once();
    mailer::go_on();
    edge::serve(ROUTER.get_or_init(routes), &[events::SETTINGS, settings::CHECKS], request).await
}

fn routes() -> Router {
    let internal = Router::new()
        .route("/internal/auth/accounts", post(internal::create))
        .route("/internal/auth/accounts/{id}/erasure", post(internal::erase))
        .route("/internal/auth/accounts/{id}/reach", get(internal::reach))
        .route("/internal/auth/accounts/{id}/sessions", get(internal::sessions))
        .route("/internal/auth/sweep", post(internal::sweep));
    edge::router(operations().into_router().merge(internal).merge(events::internal_routes(&RELAY)))
}
