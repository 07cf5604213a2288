//! All SQL of the service, and the events that its triggers fold. `store/search.rs` makes lists.

mod search;

use serde_json::{Value, json};
use store::{Db, Error, Event, NEXT, params};

use crate::api::{EmailChanged, Registered};
use crate::domain::Profile;

pub use search::{Narrowed, list};

/// The tables, prefixed `users_`.
pub static DB: Db = Db::new("users", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_tables.sql")];
const FOLD: &str = include_str!("../migrations/fold.sql");

/// A profile as it is stored: e-mail, name, phone and addresses are ciphertexts.
pub struct Row {
    pub id: String,
    pub email: String,
    pub name: String,
    pub phone: Option<String>,
    pub addresses: Option<String>,
    pub roles: Vec<String>,
    pub disabled: bool,
    pub revision: i64,
    pub created_at: String,
    pub updated_at: String,
}

/// Details as they are stored: ciphertexts, and fingerprints of the name's words.
pub struct Hidden {
    pub name: String,
    pub phone: Option<String>,
    pub addresses: Option<String>,
    pub words: Vec<String>,
}

const COLUMNS: &str = "id, email, name, phone, addresses, \
    (SELECT json_group_array(role) FROM users_roles WHERE user_id = profile.id) AS roles, \
    disabled, revision, created_at, updated_at";

fn read(row: &store::Row) -> Result<Row, Error> {
    Ok(Row {
        id: row.text("id")?,
        email: row.text("email")?,
        name: row.text("name")?,
        phone: row.opt_text("phone")?,
        addresses: row.opt_text("addresses")?,
        roles: row.json("roles")?,
        disabled: row.bool("disabled")?,
        revision: row.int("revision")?,
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
    })
}

/// The profile of the user with this id.
pub async fn find(id: &str) -> Result<Option<Row>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM users_profiles AS profile WHERE id = ?1");
    DB.query_one(&sql, params![id]).await?.as_ref().map(read).transpose()
}

/// Whether a failed append means that its cause was answered before, or the profile exists already.
pub fn is_answered(error: &Error) -> bool {
    error.is_unique("users_events.cause") || error.is_unique("users_profiles.id")
}

/// Whether a failed append means that another request changed the profile first.
pub fn is_overtaken(error: &Error) -> bool {
    error.is_unique("users_events.version")
}

/// Whether a failed append means that the profile was erased.
pub fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "no_such_profile")
}

/// The event that makes the profile of a new account; `words` are fingerprints of those of its name. Like all that auth
/// tells, it says by its `sequence` where it stands in auth's log.
pub fn created(
    user_id: &str,
    registered: &Registered,
    sequence: i64,
    words: &[String],
    actor: String,
) -> Event {
    let data = json!({ "roles": registered.roles });
    let mut event = told(user_id, "profile.created", data, sequence, actor);
    event.private = Some(json!({
        "email": registered.email,
        "emailHash": registered.email_hash,
        "name": registered.name,
        "words": words,
    }));
    event
}

/// The event that replaces a profile's details. Its version lets it happen once.
pub fn updated(profile: &Profile, hidden: &Hidden, changed: &[&str], actor: String) -> Event {
    let version = profile.revision.saturating_add(1);
    let mut event = Event::new(&profile.id, version, "profile.updated", actor, json!({ "changed": changed }));
    event.private = Some(json!({
        "name": hidden.name,
        "phone": hidden.phone,
        "addresses": hidden.addresses,
        "words": hidden.words,
    }));
    event
}

/// The event that shows another e-mail.
pub fn email_changed(user_id: &str, email: &EmailChanged, sequence: i64, actor: String) -> Event {
    let mut event = told(user_id, "profile.email_changed", json!({}), sequence, actor);
    event.private = Some(json!({ "email": email.email, "emailHash": email.email_hash }));
    event
}

/// The event of what auth told at this place of its log.
pub fn told(stream: &str, kind: &'static str, mut data: Value, sequence: i64, actor: String) -> Event {
    if let Some(data) = data.as_object_mut() {
        data.insert("sequence".to_owned(), json!(sequence));
    }
    Event::new(stream, NEXT, kind, actor, data)
}

/// The event of an export: not of the profile's stream, for it changes nothing in it, but of one per person and reader.
pub fn exported(user_id: &str, actor: String) -> Event {
    let stream = format!("export:{user_id}:{actor}");
    Event::new(stream, NEXT, "profile.exported", actor, json!({ "userId": user_id }))
}
