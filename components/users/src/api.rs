//! Bodies of requests and responses, and what other services send and get. None has `Debug`: they are personal.

use clock::Timestamp;
use contract::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(feature = "schema")]
use crate::domain;
use crate::domain::Address;

/// What a profile is to be; what is left out becomes empty.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileUpdate {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = domain::MAX_NAME)))]
    pub name: String,
    #[cfg_attr(
        feature = "schema",
        schemars(length(max = domain::MAX_PHONE), regex(pattern = r"^\+?[ ().-]*([0-9][ ().-]*){3,15}$"))
    )]
    pub phone: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(max = domain::MAX_ADDRESSES)))]
    #[serde(default)]
    pub addresses: Vec<Address>,
}

/// A profile as it is shown.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    pub id: UserId,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Email"))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    pub id: UserId,
    pub name: String,
    /// Of their orders with that seller, the latest first, each once.
    #[cfg_attr(feature = "schema", schemars(extend("items" = { "$ref": "#/components/schemas/ShippingAddress" })))]
    pub shipping_addresses: Vec<Value>,
}

edge::shape! {
    /// What one sees of somebody: a profile, or as a seller a customer.
    UserView(generator) {
        "anyOf": [generator.subschema_for::<Profile>(), generator.subschema_for::<Customer>()],
    }
}

/// `GET /api/users`: what the list is narrowed to.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Filter {
    /// An e-mail, an id, or words that the name has all of. Whole ones: what is encrypted cannot be searched for parts.
    pub q: Option<String>,
    /// Who has this role.
    pub role: Option<String>,
}

/// An account for somebody else.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("not" = { "required": ["role", "roles"] }))
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::Email"))]
    pub email: String,
    #[cfg_attr(feature = "schema", schemars(with = "edge::describe::NewPassword"))]
    pub password: String,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = domain::MAX_NAME)))]
    pub name: String,
    /// One role, as at signup.
    #[cfg_attr(feature = "schema", schemars(extend("default" = "BUYER")))]
    pub role: Option<String>,
    /// Several.
    #[cfg_attr(feature = "schema", schemars(length(max = 20)))]
    pub roles: Option<Vec<String>>,
}

/// Who erases themselves shows that they know the password.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Erasure {
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Password>"))]
    pub current_password: Option<String>,
}

/// Auth's refusal.
#[derive(Deserialize)]
pub struct Lacking {
    pub permission: Option<String>,
}

/// A page of what another service holds of somebody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Items {
    pub items: Vec<Value>,
    pub next_cursor: Option<String>,
}

/// All that the services hold of somebody.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "UserExport"))]
#[serde(rename_all = "camelCase")]
pub struct Export {
    pub exported_at: Timestamp,
    pub profile: Profile,
    #[cfg_attr(feature = "schema", schemars(extend("items" = { "$ref": "#/components/schemas/Session" })))]
    pub sessions: Vec<Value>,
    #[cfg_attr(feature = "schema", schemars(extend("items" = { "$ref": "#/components/schemas/Order" })))]
    pub orders: Vec<Value>,
    #[cfg_attr(feature = "schema", schemars(extend("items" = { "$ref": "#/components/schemas/Payment" })))]
    pub payments: Vec<Value>,
}
