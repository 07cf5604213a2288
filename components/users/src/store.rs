//! All SQL of the service, and the events that its triggers fold.

use serde_json::json;
use store::{Db, Error, Event, Row, params};

use crate::api::Registered;
use crate::domain::{Details, Profile};

/// The tables, prefixed `users_`.
pub static DB: Db = Db::new("users", &[include_str!("../migrations/0001_users.sql")]);

fn profile(row: &Row) -> Result<Profile, Error> {
    Ok(Profile {
        id: row.text(0)?,
        email: row.text(1)?,
        details: Details { name: row.text(2)?, phone: row.opt_text(3)?, addresses: row.json(4)? },
        revision: row.int(5)?,
        created_at: row.text(6)?,
        updated_at: row.text(7)?,
    })
}

/// The profile of the user with this id.
pub async fn find(id: &str) -> Result<Option<Profile>, Error> {
    let sql = "SELECT id, email, name, phone, addresses, revision, created_at, updated_at \
               FROM users_profiles WHERE id = ?1";
    DB.query_one(sql, params![id]).await?.as_ref().map(profile).transpose()
}

/// Whether a failed append means that the profile exists already.
pub fn is_created(error: &Error) -> bool {
    error.is_unique("users_events.cause") || is_overtaken(error)
}

/// Whether a failed append means that another request changed the profile first.
pub fn is_overtaken(error: &Error) -> bool {
    error.is_unique("users_events.version")
}

/// The event that makes the profile of a new account; `cause` is the event that tells of it.
pub fn created(user_id: &str, registered: &Registered, cause: &str, actor: String) -> Event {
    let mut event = Event::new(user_id, 1, "profile.created", actor, json!({}));
    event.private = Some(json!({ "email": registered.email, "name": registered.name }));
    event.cause = Some(cause.to_owned());
    event
}

/// The event that replaces a profile's details. Its version lets it happen once.
pub fn updated(profile: &Profile, details: &Details, changed: &[&str], actor: String) -> Event {
    let version = profile.revision.saturating_add(1);
    let mut event = Event::new(&profile.id, version, "profile.updated", actor, json!({ "changed": changed }));
    event.private =
        Some(json!({ "name": details.name, "phone": details.phone, "addresses": details.addresses }));
    event
}
