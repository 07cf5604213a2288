//! Accounts, sessions, roles: who may log in and what they may do.
//!
//! | route | who | handler |
//! |---|---|---|
//! | `POST /api/auth/signup` (`/auth/signup`, `/api/users/register`) | anyone | `accounts::signup` |
//! | `GET /api/auth/me` (`/auth/me`) | any token | `accounts::me` |
//! | `POST /api/auth/login` (`/auth/login`) | anyone | `login::login` |
//! | `POST /api/auth/refresh` (`/auth/refresh`) | a refresh token | `login::refresh` |
//! | `POST /api/auth/logout` (`/auth/logout`) | a refresh token | `login::logout` |
//! | `GET`, `DELETE /api/auth/sessions` · `DELETE /api/auth/sessions/{id}` | owner | `sessions::…` |
//! | `POST /api/auth/password` | owner | `passwords::change` |
//! | `POST /api/auth/password/forgot`, `/reset` · `POST /api/users/{id}/password-reset` | anyone · `users:any` | `resets::…` |
//! | `POST /api/auth/keys/rotate` | `keys:rotate` | `keys::rotate` |
//! | `GET /api/auth/roles` | `roles:read` | `roles::list` |
//! | `GET /api/auth/roles/{role}` | `roles:read` | `roles::get` |
//! | `POST /api/auth/roles` · `PUT`, `DELETE /api/auth/roles/{role}` | `roles:write` | `roles::…` |
//! | `PUT /api/auth/users/{id}/roles` | `roles:write` | `roles::assign` |
//! | `POST /api/v1/auth/check-permission` (`/api/auth/check-permission`) | any token | `permissions::check` |
//! | `GET /auth/user/{userId}` | self, `users:any`, its seller | `permissions::user_info` |
//! | `PUT /api/users/{id}/email` | owner | `lifecycle::change_email` |
//! | `PUT /api/users/{id}/status` | `users:any` | `lifecycle::switch` |
//! | `POST /internal/auth/accounts[/{id}/erasure]` · `GET …/{id}/sessions`, `…/{id}/reach` | services | `internal::…` |
//! | `POST /internal/auth/sweep` | services | `resets::sweep` |
//!
//! `api` has the bodies, `domain` the rules, `store` the SQL, `bootstrap` the first ADMIN. A refresh token is
//! never stored: it is computed from its session and generation, and the log's `UNIQUE (stream, version)` lets
//! each generation come about once. E-mails and names are stored encrypted only.

mod api;
mod bootstrap;
mod domain;
mod error;
mod handlers;
mod mailer;
mod record;
mod settings;
mod store;

use std::sync::OnceLock;

use axum::{
    Router,
    routing::{delete, get, post, put},
};
use contract::auth::AuthEventKind as Kind;
use edge::Client;
use events::{Relay, Target};
use handlers::{accounts, internal, keys, lifecycle, login, passwords, permissions, resets, roles, sessions};
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
    let public = Router::new()
        .route("/signup", post(accounts::signup))
        .route("/me", get(accounts::me))
        .route("/login", post(login::login))
        .route("/refresh", post(login::refresh))
        .route("/logout", post(login::logout));
    let canonical = Router::new()
        .route("/sessions", get(sessions::list).delete(sessions::end_all))
        .route("/sessions/{id}", delete(sessions::end))
        .route("/password", post(passwords::change))
        .route("/password/forgot", post(resets::forgot))
        .route("/password/reset", post(resets::reset))
        .route("/keys/rotate", post(keys::rotate))
        .route("/check-permission", post(permissions::check))
        .route("/roles", get(roles::list).post(roles::create))
        .route("/roles/{role}", get(roles::get).put(roles::change).delete(roles::remove))
        .route("/users/{id}/roles", put(roles::assign));
    let internal = Router::new()
        .route("/internal/auth/accounts", post(internal::create))
        .route("/internal/auth/accounts/{id}/erasure", post(internal::erase))
        .route("/internal/auth/accounts/{id}/reach", get(internal::reach))
        .route("/internal/auth/accounts/{id}/sessions", get(internal::sessions))
        .route("/internal/auth/sweep", post(resets::sweep));
    edge::router(
        internal
            .route("/api/users/register", post(accounts::signup))
            .route("/api/users/{id}/email", put(lifecycle::change_email))
            .route("/api/users/{id}/status", put(lifecycle::switch))
            .route("/api/users/{id}/password-reset", post(resets::issue))
            .route("/api/v1/auth/check-permission", post(permissions::check))
            .route("/auth/user/{userId}", get(permissions::user_info))
            .nest("/api/auth", public.clone().merge(canonical))
            .nest("/auth", public)
            .merge(events::internal_routes(&RELAY)),
    )
}
