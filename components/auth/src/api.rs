//! Bodies of requests and responses. Those with secrets have no `Debug`.

use clock::Timestamp;
use contract::{SessionId, UserId};
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::domain::account;
use crate::domain::role;

/// An account to be made.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signup {
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Email"))]
    pub email: String,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::NewPassword"))]
    pub password: String,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = account::MAX_NAME)))]
    pub name: String,
    #[cfg_attr(feature = "schema", schemars(extend("default" = "BUYER")))]
    #[serde(default)]
    pub role: OpenRole,
}

/// A role that anyone may take at signup.
#[derive(Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SignupRole"))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub id: UserId,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Email"))]
    pub email: String,
    pub name: String,
    pub role: String,
}

/// Who logs in.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    pub email: String,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Password"))]
    pub password: String,
}

/// Whose password is forgotten.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ForgottenPassword"))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Forgotten {
    pub email: String,
}

/// A new password, by the token for it.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PasswordReset"))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reset {
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub token: String,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::NewPassword"))]
    pub new_password: String,
}

/// A refresh token.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshToken {
    pub refresh_token: String,
}

/// What a login or a refresh gives.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: String,
    #[cfg_attr(feature = "schema", schemars(extend("const" = "Bearer")))]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    pub expires_in: u32,
}

/// The account, and what the token in use lets it do.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Me {
    pub id: UserId,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Email"))]
    pub email: String,
    pub name: String,
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
    pub session_id: SessionId,
}

/// One of the caller's sessions.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: SessionId,
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// When it ended, in exports: nobody can use it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A new password, by the one until now.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordChange {
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Password"))]
    pub current_password: String,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::NewPassword"))]
    pub new_password: String,
}

/// The next signing key.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SigningKey"))]
#[serde(rename_all = "camelCase")]
pub struct Key {
    pub kid: String,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["HS256", "EdDSA"])))]
    pub algorithm: String,
    /// Until then its predecessor signs.
    pub signs_from: Timestamp,
}

/// A role, and what it may do.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub name: String,
    pub permissions: Vec<String>,
    pub built_in: bool,
}

/// A role to be made.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRole {
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[A-Z][A-Z0-9_]{1,39}$")))]
    pub name: String,
    #[cfg_attr(feature = "schema", schemars(with = "Vec<edge::describe::Permission>"))]
    pub permissions: Vec<String>,
}

/// What a role is to permit.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleChange {
    #[cfg_attr(feature = "schema", schemars(with = "Vec<edge::describe::Permission>"))]
    pub permissions: Vec<String>,
}

/// Somebody's roles.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Roles {
    #[cfg_attr(feature = "schema", schemars(length(max = 20)))]
    pub roles: Vec<String>,
}

/// What is asked about: `permission`, or `resource` and `action`.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(extend("oneOf" = [
    { "required": ["permission"], "not": { "anyOf": [{ "required": ["resource"] }, { "required": ["action"] }] } },
    { "required": ["action", "resource"], "not": { "required": ["permission"] } },
])))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = role::MAX_PERMISSION)))]
    pub permission: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = role::MAX_PERMISSION)))]
    pub resource: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = role::MAX_PERMISSION)))]
    pub action: Option<String>,
    pub user_id: Option<UserId>,
}

/// Whether it is allowed, and why.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    pub allowed: bool,
    pub reason: String,
}

/// Who a user is: the e-mail for oneself and ADMIN, the name for a SELLER who sold to that user.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserInfo {
    pub id: UserId,
    /// The highest of the roles.
    pub role: String,
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Email>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Another e-mail.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailChange {
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Email"))]
    pub email: String,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Password"))]
    pub current_password: String,
}

/// Whether nobody can log in.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "UserStatus"))]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub disabled: bool,
}

/// A token for a new password.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IssuedReset {
    pub token: String,
    /// Seconds until it expires.
    pub expires_in: i64,
}

/// For whom another service asks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct By {
    pub user_id: UserId,
    pub session: SessionId,
}
