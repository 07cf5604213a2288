//! Bodies of requests and responses, and what other services send and get. None has `Debug`: they are personal.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `PUT /api/users/{id}`: replaces all three; what is left out becomes empty.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileUpdate {
    pub name: String,
    pub phone: Option<String>,
    #[serde(default)]
    pub addresses: Vec<Address>,
}

/// Where parcels go.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// What its owner calls it, such as "home".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    pub street: String,
    pub city: String,
    pub zip_code: String,
}

/// A profile as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    pub id: String,
    pub email: String,
    pub name: String,
    pub phone: Option<String>,
    pub addresses: Vec<Address>,
    pub roles: Vec<String>,
    /// Whether nobody can log in.
    pub disabled: bool,
    pub created_at: String,
    pub updated_at: String,
}

/// What a seller sees of somebody who bought from them: where the parcels go.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    pub id: String,
    pub name: String,
    /// Of their orders with that seller, the latest first, each once.
    pub shipping_addresses: Vec<Value>,
}

/// `GET /api/users`: what the list is narrowed to.
#[derive(Deserialize)]
pub struct Filter {
    /// An e-mail, an id, or words of the name.
    pub q: Option<String>,
    pub role: Option<String>,
}

/// `POST /api/users`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    pub email: String,
    pub password: String,
    pub name: String,
    /// One role, as at signup.
    pub role: Option<String>,
    /// Several.
    pub roles: Option<Vec<String>>,
}

/// `POST /internal/auth/accounts`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MakeAccount<'a> {
    pub email: &'a str,
    pub password: &'a str,
    pub name: &'a str,
    pub roles: &'a [String],
    /// The idempotency key that came with the request.
    pub key: Option<&'a str>,
    /// The hash of the request's body.
    pub request_hash: Option<&'a str>,
}

/// The account that auth made, and its event.
#[derive(Deserialize)]
pub struct MadeAccount {
    pub id: String,
    pub event: String,
    /// The event's place in auth's log.
    pub sequence: i64,
    #[serde(flatten)]
    pub registered: Registered,
}

/// The account that auth made for an earlier request with the same key.
#[derive(Deserialize)]
pub struct Earlier {
    pub id: String,
}

/// Auth's event of an erasure.
#[derive(Deserialize)]
pub struct Erased {
    pub event: String,
    /// Its place in auth's log.
    pub sequence: i64,
}

/// `DELETE /api/users/{id}`: of oneself it needs the password.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Erasure {
    pub current_password: Option<String>,
}

/// `POST /internal/auth/accounts/{id}/erasure`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EraseAccount<'a> {
    pub current_password: Option<&'a str>,
}

/// Auth's refusal.
#[derive(Deserialize)]
pub struct Refused {
    pub permission: Option<String>,
}

/// What auth tells of a new account; e-mail and name are ciphertexts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    pub email: String,
    pub email_hash: String,
    pub name: String,
    pub roles: Vec<String>,
}

/// What auth tells of another e-mail.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailChanged {
    /// Ciphertext.
    pub email: String,
    pub email_hash: String,
}

/// What auth tells of an account's roles.
#[derive(Deserialize)]
pub struct RolesChanged {
    pub roles: Vec<String>,
}

/// What auth tells of a role that there is no more.
#[derive(Deserialize)]
pub struct RoleRemoved {
    pub role: String,
}

/// A page of what another service holds of somebody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    pub items: Vec<Value>,
    pub next_cursor: Option<String>,
}

/// `GET /api/users/{id}/export`: all that the services hold of somebody.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    pub exported_at: String,
    pub profile: Profile,
    pub sessions: Vec<Value>,
    pub orders: Vec<Value>,
    pub payments: Vec<Value>,
}
