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
