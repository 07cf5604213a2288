//! Bodies of requests and responses, and what other services send.

use serde::{Deserialize, Serialize};

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
    pub created_at: String,
    pub updated_at: String,
}

/// What auth tells of a new account.
#[derive(Deserialize)]
pub struct Registered {
    pub email: String,
    pub name: String,
}
