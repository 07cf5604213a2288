//! All SQL of the service, and the events that its triggers fold.

use serde_json::json;
use store::{Db, Error, Event, NEXT, Row, Timestamp, params};
use uuid::Uuid;

use crate::domain::session::Session;

/// The tables, prefixed `auth_`.
pub static DB: Db = Db::new("auth", &[include_str!("../migrations/0001_auth.sql")]);

/// An account about to be made. Has no `Debug`: it is personal.
pub struct NewAccount {
    pub id: String,
    pub email: String,
    pub email_hash: String,
    pub name: String,
    pub password_hash: String,
    pub roles: Vec<&'static str>,
}

/// What a login needs to know of an account.
pub struct Credentials {
    pub account_id: String,
    pub password_hash: String,
    pub roles: Vec<String>,
}

/// How an account is addressed.
pub struct Identity {
    pub email: String,
    pub name: String,
}

/// The credentials of the account with this hash of its e-mail.
pub async fn credentials(email_hash: &str) -> Result<Option<Credentials>, Error> {
    let sql = "SELECT id, password_hash, (SELECT json_group_array(role) FROM auth_account_roles WHERE account_id = auth_accounts.id) \
               FROM auth_accounts WHERE email_hash = ?1";
    let row = DB.query_one(sql, params![email_hash]).await?;
    row.map(|row| {
        Ok(Credentials { account_id: row.text(0)?, password_hash: row.text(1)?, roles: row.json(2)? })
    })
    .transpose()
}

/// E-mail and name of an account, provided that `session` is one of its own that was not revoked.
pub async fn identity(account_id: &str, session: &str) -> Result<Option<Identity>, Error> {
    let sql = "SELECT email, name FROM auth_accounts WHERE id = ?1 AND EXISTS \
               (SELECT 1 FROM auth_sessions WHERE id = ?2 AND account_id = ?1 AND revoked_at IS NULL)";
    let row = DB.query_one(sql, params![account_id, session]).await?;
    row.map(|row| Ok(Identity { email: row.text(0)?, name: row.text(1)? })).transpose()
}

/// A session and the roles its account has now.
pub async fn session(id: &str) -> Result<Option<(Session, Vec<String>)>, Error> {
    let sql = "SELECT id, account_id, generation, token_hash, previous_hash, rotated_at, expires_at, \
               revoked_at IS NOT NULL, (SELECT json_group_array(role) FROM auth_account_roles AS roles \
               WHERE roles.account_id = auth_sessions.account_id) FROM auth_sessions WHERE id = ?1";
    let row = DB.query_one(sql, params![id]).await?;
    row.map(|row| {
        let session = Session {
            id: row.text(0)?,
            account_id: row.text(1)?,
            generation: row.int(2)?,
            token_hash: row.text(3)?,
            previous_hash: row.opt_text(4)?,
            rotated_at: moment(&row, 5)?,
            expires_at: moment(&row, 6)?,
            revoked: row.bool(7)?,
        };
        Ok((session, row.json(8)?))
    })
    .transpose()
}

fn moment(row: &Row, column: usize) -> Result<Timestamp, Error> {
    let text = row.text(column)?;
    Timestamp::parse(&text).ok_or_else(|| Error::Database(format!("column {column}: not a time")))
}

/// Whether a failed append means that the e-mail has an account.
pub fn is_email_taken(error: &Error) -> bool {
    error.is_unique("auth_accounts.email_hash")
}

/// Whether a failed append means that another request rotated or revoked the session first.
pub fn is_overtaken(error: &Error) -> bool {
    error.is_unique("auth_events.version")
}

/// Whether a failed append means that the session is revoked already.
pub fn is_revoked(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "already_revoked")
}

/// The event that makes `account`.
pub fn registered(account: &NewAccount, actor: &str) -> Event {
    let mut event = Event::new(&account.id, 1, "user.registered", actor, json!({ "roles": account.roles }));
    event.private = Some(json!({
        "email": account.email,
        "emailHash": account.email_hash,
        "name": account.name,
        "passwordHash": account.password_hash,
    }));
    event
}

/// The event that starts a session, with the hash of its first refresh token.
pub fn started(
    session: &str,
    account_id: &str,
    user_agent: Option<&str>,
    token_hash: &str,
    expires_at: Timestamp,
) -> Event {
    let mut data = json!({ "userId": account_id, "expiresAt": expires_at.to_string() });
    if let (Some(members), Some(agent)) = (data.as_object_mut(), user_agent) {
        members.insert("userAgent".to_owned(), agent.into());
    }
    let mut event = Event::new(session, 1, "session.started", account_id, data);
    event.private = Some(json!({ "tokenHash": token_hash }));
    event
}

/// The event that makes the next generation. Its version lets it happen once.
pub fn refreshed(session: &Session, token_hash: &str) -> Event {
    let generation = session.generation.saturating_add(1);
    let data = json!({ "userId": session.account_id, "generation": generation });
    let mut event = Event::new(&session.id, generation, "session.refreshed", &session.account_id, data);
    event.private = Some(json!({ "tokenHash": token_hash }));
    event
}

/// The event that ends a session.
pub fn revoked(session: &Session, reason: &str) -> Event {
    let data = json!({ "userId": session.account_id, "reason": reason });
    Event::new(&session.id, NEXT, "session.revoked", &session.account_id, data)
}

/// The event of a login that failed; on the account's stream when there is one.
pub fn login_failed(account_id: Option<&str>) -> Event {
    let (stream, data) = match account_id {
        Some(id) => (id.to_owned(), json!({ "reason": "wrong_password", "userId": id })),
        None => (Uuid::now_v7().to_string(), json!({ "reason": "unknown_account" })),
    };
    Event::new(stream, NEXT, "login.failed", "anonymous", data)
}
