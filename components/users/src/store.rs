//! All SQL of the service, and the events that its triggers fold. `store/search.rs` makes lists.

mod search;

use clock::Timestamp;
use contract::UserId;
use store::{Db, Error, params};

pub use search::{Narrowed, list};

/// The tables, prefixed `users_`.
pub static DB: Db = Db::new("users", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] = &[store::sql!("../migrations/0001_tables.sql")];
const FOLD: &str = store::sql!("../migrations/fold.sql");

/// A profile as it is stored: e-mail, name, phone and addresses are ciphertexts.
pub struct Row {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub phone: Option<String>,
    pub addresses: Option<String>,
    pub roles: Vec<String>,
    pub disabled: bool,
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, email, name, phone, addresses, \
    (SELECT json_group_array(role) FROM users_roles WHERE user_id = profile.id) AS roles, \
    disabled, revision, created_at, updated_at";

fn read(row: &store::Row) -> Result<Row, Error> {
    Ok(Row {
        id: row.parsed("id")?,
        email: row.text("email")?,
        name: row.text("name")?,
        phone: row.opt_text("phone")?,
        addresses: row.opt_text("addresses")?,
        roles: row.json("roles")?,
        disabled: row.bool("disabled")?,
        revision: row.int("revision")?,
        created_at: row.parsed("created_at")?,
        updated_at: row.parsed("updated_at")?,
    })
}

/// The profile of the user with this id.
pub async fn find(id: UserId) -> Result<Option<Row>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM users_profiles AS profile WHERE id = ?1");
    DB.query_one(&sql, params![id.to_string()]).await?.as_ref().map(read).transpose()
}

/// Whether a failed append means that its cause was answered before, or the profile exists already.
pub fn is_answered(error: &Error) -> bool {
    DB.is_answered(error) || error.is_unique("users_profiles.id")
}

/// Whether a failed append means that another request changed the profile first.
pub fn is_overtaken(error: &Error) -> bool {
    error.is_unique("users_events.version")
}

/// Whether a failed append means that the profile was erased.
pub fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "no_such_profile")
}
