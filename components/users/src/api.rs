//! Bodies of requests and responses, and what other services send and get. None has `Debug`: they are personal.

use clock::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::Address;

/// `PUT /api/users/{id}`: replaces all three; what is left out becomes empty.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileUpdate {
    pub name: String,
    pub phone: Option<String>,
    #[serde(default)]
    pub addresses: Vec<Address>,
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
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
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

/// `DELETE /api/users/{id}`: of oneself it needs the password.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Erasure {
    pub current_password: Option<String>,
}

/// Auth's refusal.
#[derive(Deserialize)]
pub struct Refused {
    pub permission: Option<String>,
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
    pub exported_at: Timestamp,
    pub profile: Profile,
    pub sessions: Vec<Value>,
    pub orders: Vec<Value>,
    pub payments: Vec<Value>,
}
