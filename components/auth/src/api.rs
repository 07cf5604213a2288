//! Bodies of requests and responses. Those with secrets have no `Debug`.

use serde::{Deserialize, Serialize};

use crate::domain::role;

/// `POST /api/auth/signup`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signup {
    pub email: String,
    pub password: String,
    pub name: String,
    #[serde(default)]
    pub role: OpenRole,
}

/// A role that anyone may take at signup.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OpenRole {
    #[default]
    Buyer,
    Seller,
}

impl OpenRole {
    /// Its name in the role table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Buyer => role::BUYER,
            Self::Seller => role::SELLER,
        }
    }
}

/// A new account as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub id: String,
    pub email: String,
    pub name: String,
    pub role: String,
}

/// `POST /api/auth/login`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    pub email: String,
    pub password: String,
}

/// `POST /api/auth/password/forgot`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Forgotten {
    pub email: String,
}

/// `POST /api/auth/password/reset`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reset {
    pub token: String,
    pub new_password: String,
}

/// `POST /api/auth/refresh` and `/logout`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshToken {
    pub refresh_token: String,
}

/// What a login or a refresh gives.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: String,
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    pub expires_in: u32,
}

/// `GET /api/auth/me`: the account, and what the token in use lets it do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    pub id: String,
    pub email: String,
    pub name: String,
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
    pub session_id: String,
}

/// `GET /api/auth/sessions`: one of the caller's sessions.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: String,
    pub created_at: String,
    /// When it was last refreshed.
    pub last_used_at: String,
    /// When it ended, in exports: nobody can use it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// `POST /api/auth/password`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordChange {
    pub current_password: String,
    pub new_password: String,
}

/// `POST /api/auth/keys/rotate`: the next signing key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    pub kid: String,
    pub algorithm: String,
    /// Until then its predecessor signs.
    pub signs_from: String,
}

/// A role, and what it may do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub name: String,
    pub permissions: Vec<String>,
    pub built_in: bool,
}

/// `POST /api/auth/roles`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRole {
    pub name: String,
    pub permissions: Vec<String>,
}

/// `PUT /api/auth/roles/{role}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleChange {
    pub permissions: Vec<String>,
}

/// `PUT /api/auth/users/{id}/roles`, and its answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Roles {
    pub roles: Vec<String>,
}

/// `POST /api/auth/check-permission`: `permission`, or `resource` and `action`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    pub permission: Option<String>,
    pub resource: Option<String>,
    pub action: Option<String>,
    #[serde(default, deserialize_with = "edge::lower_id_if_any")]
    pub user_id: Option<String>,
}

/// Whether it is allowed, and why.
#[derive(Serialize)]
pub struct Verdict {
    pub allowed: bool,
    pub reason: String,
}

/// `GET /auth/user/{userId}`: the e-mail for oneself and ADMIN, the name for a SELLER who sold to that user.
#[derive(Serialize)]
pub struct UserInfo {
    pub id: String,
    /// The highest of the roles.
    pub role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `PUT /api/users/{id}/email`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailChange {
    pub email: String,
    pub current_password: String,
}

/// `PUT /api/users/{id}/status`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub disabled: bool,
}

/// For whom another service asks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct By {
    pub user_id: String,
    pub session: String,
}
