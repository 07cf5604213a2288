//! Custom roles and who has which.

use contract::UserId;
use serde_json::json;
use store::{Error, Row, params};

use super::{DB, is_refused};
use crate::domain::role::{self, Custom};

/// An account's roles and how it is addressed; e-mail and name are ciphertexts.
pub struct Holder {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub roles: Vec<String>,
    /// The permissions of those roles that are custom.
    pub custom: Vec<String>,
    /// Whether nobody can log in.
    pub disabled: bool,
}

impl Holder {
    /// What the account may do.
    pub fn permissions(&self) -> Vec<String> {
        role::effective(&self.roles, &self.custom)
    }
}

fn custom(row: &Row) -> Result<Custom, Error> {
    Ok(Custom { name: row.text("name")?, permissions: row.json("permissions")? })
}

/// The custom roles by name, from behind `after` on.
pub async fn list(after: Option<&str>, limit: i64) -> Result<Vec<Custom>, Error> {
    let sql = "SELECT name, permissions FROM auth_roles WHERE name > ?1 ORDER BY name LIMIT ?2";
    DB.query(sql, params![after.unwrap_or_default(), limit]).await?.iter().map(custom).collect()
}

/// The custom role of this name, and its revision: the version of its stream, which goes on when a role is made anew.
pub async fn find(name: &str) -> Result<Option<(Custom, i64)>, Error> {
    let sql = "SELECT name, permissions, (SELECT max(version) FROM auth_events WHERE stream = 'role:' || name) \
               AS revision FROM auth_roles WHERE name = ?1";
    let row = DB.query_one(sql, params![name]).await?;
    row.map(|row| Ok((custom(&row)?, row.int("revision")?))).transpose()
}

/// The last revision of the role of this name, be it there or not.
pub async fn revision(name: &str) -> Result<i64, Error> {
    let sql = "SELECT coalesce(max(version), 0) AS revision FROM auth_events WHERE stream = 'role:' || ?1";
    DB.query_one(sql, params![name]).await?.map_or(Ok(0), |row| row.int("revision"))
}

/// The permissions that these custom roles have together, with doubles.
pub async fn permissions_of(roles: &[String]) -> Result<Vec<String>, Error> {
    let sql = "SELECT json_group_array(permission.value) AS permissions FROM auth_roles, \
               json_each(auth_roles.permissions) AS permission WHERE name IN (SELECT value FROM json_each(?1))";
    let row = DB.query_one(sql, params![json!(roles).to_string()]).await?;
    row.map_or_else(|| Ok(Vec::new()), |row| row.json("permissions"))
}

/// The account with this id.
pub async fn holder(id: UserId) -> Result<Option<Holder>, Error> {
    let sql = "SELECT account.id, account.email, account.name, \
        (SELECT json_group_array(role) FROM auth_account_roles WHERE account_id = account.id) AS roles, \
        (SELECT json_group_array(permission.value) FROM auth_account_roles AS has JOIN auth_roles ON name = has.role, \
         json_each(auth_roles.permissions) AS permission WHERE has.account_id = account.id) AS custom, \
        account.disabled_at IS NOT NULL AS disabled \
        FROM auth_accounts AS account WHERE account.id = ?1";
    let row = DB.query_one(sql, params![id.to_string()]).await?;
    row.map(|row| {
        Ok(Holder {
            id: row.parsed("id")?,
            email: row.text("email")?,
            name: row.text("name")?,
            roles: row.json("roles")?,
            custom: row.json("custom")?,
            disabled: row.bool("disabled")?,
        })
    })
    .transpose()
}

/// Whether a failed append means that a role of this name exists.
pub fn is_taken(error: &Error) -> bool {
    error.is_unique("auth_roles.name")
}

/// Whether a failed append means that there is no such custom role.
pub fn is_unknown(error: &Error) -> bool {
    is_refused(error, "no_such_role")
}

/// Whether a failed append means that there is no such account.
pub fn is_unknown_user(error: &Error) -> bool {
    is_refused(error, "no_such_user")
}

/// Whether a failed append means that nobody would be ADMIN any more.
pub fn is_last_admin(error: &Error) -> bool {
    is_refused(error, "last_admin")
}
