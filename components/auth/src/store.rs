//! All SQL of the service: here of accounts and sessions, below of the rest.

pub mod authority;
pub mod mails;
pub mod resets;
pub mod roles;
pub mod signups;
pub mod throttle;

use contract::{SessionId, UserId};
use store::{Db, Error, Row, Timestamp, params, upper_bound};

use crate::domain::session::Session;

/// The tables, prefixed `auth_`.
pub static DB: Db = Db::new("auth", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] = &[store::sql!("../migrations/0001_tables.sql")];
const FOLD: &str = store::sql!("../migrations/fold.sql");

/// An account about to be made; e-mail and name are ciphertexts.
pub struct NewAccount {
    pub id: UserId,
    pub email: String,
    pub email_hash: String,
    pub name: String,
    pub password_hash: String,
    pub roles: Vec<String>,
}

/// What a login needs to know of an account.
pub struct Credentials {
    pub account_id: UserId,
    pub password_hash: String,
    pub roles: Vec<String>,
    /// The permissions of those roles that are custom.
    pub custom: Vec<String>,
    /// Counts the changes of the password.
    pub credential: i64,
    /// Whether nobody can log in.
    pub disabled: bool,
}

/// How an account is addressed; both are ciphertexts.
pub struct Identity {
    pub email: String,
    pub name: String,
}

/// The credentials of the account with this hash of its e-mail.
pub async fn credentials(email_hash: &str) -> Result<Option<Credentials>, Error> {
    let sql = format!("SELECT {CREDENTIALS} FROM auth_accounts AS account WHERE email_hash = ?1");
    DB.query_one(&sql, params![email_hash]).await?.as_ref().map(credentials_of).transpose()
}

/// The credentials of the account with this id, and the ciphertext of its e-mail.
pub async fn credentials_by_id(id: UserId) -> Result<Option<(Credentials, String)>, Error> {
    let sql = format!("SELECT {CREDENTIALS}, email FROM auth_accounts AS account WHERE id = ?1");
    let row = DB.query_one(&sql, params![id.to_string()]).await?;
    row.map(|row| Ok((credentials_of(&row)?, row.text("email")?))).transpose()
}

const CREDENTIALS: &str = "account.id, account.password_hash, account.credential, \
    (SELECT json_group_array(role) FROM auth_account_roles WHERE account_id = account.id) AS roles, \
    (SELECT json_group_array(permission.value) FROM auth_account_roles AS has JOIN auth_roles ON name = has.role, \
     json_each(auth_roles.permissions) AS permission WHERE has.account_id = account.id) AS custom, \
    account.disabled_at IS NOT NULL AS disabled";

fn credentials_of(row: &Row) -> Result<Credentials, Error> {
    Ok(Credentials {
        account_id: row.parsed("id")?,
        password_hash: row.text("password_hash")?,
        credential: row.int("credential")?,
        roles: row.json("roles")?,
        custom: row.json("custom")?,
        disabled: row.bool("disabled")?,
    })
}

/// E-mail and name of an account, provided that `session` is one of its own that was not revoked.
pub async fn identity(account_id: UserId, session: SessionId) -> Result<Option<Identity>, Error> {
    let sql = "SELECT email, name FROM auth_accounts WHERE id = ?1 AND EXISTS \
               (SELECT 1 FROM auth_sessions WHERE id = ?2 AND account_id = ?1 AND revoked_at IS NULL)";
    let row = DB.query_one(sql, params![account_id.to_string(), session.to_string()]).await?;
    row.map(|row| Ok(Identity { email: row.text("email")?, name: row.text("name")? })).transpose()
}

/// A session as its owner sees it.
pub struct OwnSession {
    pub id: SessionId,
    pub started_at: Timestamp,
    pub used_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub user_agent: Option<String>,
}

const OWN_SESSION: &str = "id, started_at, rotated_at, revoked_at, user_agent";

fn own_session(row: &Row) -> Result<OwnSession, Error> {
    Ok(OwnSession {
        id: row.parsed("id")?,
        started_at: row.parsed("started_at")?,
        used_at: row.parsed("rotated_at")?,
        ended_at: row.opt_parsed("revoked_at")?,
        user_agent: row.opt_text("user_agent")?,
    })
}

/// The sessions of an account that are alive, newest first, from before `after` on.
pub async fn live_sessions(
    account_id: UserId,
    after: Option<SessionId>,
    limit: i64,
) -> Result<Vec<OwnSession>, Error> {
    let sql = format!(
        "SELECT {OWN_SESSION} FROM auth_sessions WHERE account_id = ?1 AND revoked_at IS NULL AND expires_at > ?2 \
         AND id < ?3 ORDER BY id DESC LIMIT ?4"
    );
    let params = params![account_id.to_string(), Timestamp::now().to_string(), upper_bound(after), limit];
    DB.query(&sql, params).await?.iter().map(own_session).collect()
}

/// All sessions of an account, also those that have ended, oldest first, from behind `after` on.
pub async fn all_sessions(
    account_id: UserId,
    after: Option<SessionId>,
    limit: i64,
) -> Result<Vec<OwnSession>, Error> {
    let sql = format!(
        "SELECT {OWN_SESSION} FROM auth_sessions WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let after = after.map(String::from).unwrap_or_default();
    let rows = DB.query(&sql, params![account_id.to_string(), after, limit]).await?;
    rows.iter().map(own_session).collect()
}

/// A session, and the roles and custom permissions its account has now.
pub async fn session(id: SessionId) -> Result<Option<(Session, Vec<String>, Vec<String>)>, Error> {
    let sql = "SELECT id, account_id, generation, token_hash, previous_hash, rotated_at, expires_at, \
               revoked_at IS NOT NULL AS revoked, (SELECT json_group_array(role) FROM auth_account_roles AS has \
               WHERE has.account_id = auth_sessions.account_id) AS roles, \
               (SELECT json_group_array(permission.value) FROM auth_account_roles AS has \
               JOIN auth_roles ON name = has.role, json_each(auth_roles.permissions) AS permission \
               WHERE has.account_id = auth_sessions.account_id) AS custom \
               FROM auth_sessions WHERE id = ?1";
    let row = DB.query_one(sql, params![id.to_string()]).await?;
    row.map(|row| {
        let session = Session {
            id: row.parsed("id")?,
            account_id: row.parsed("account_id")?,
            generation: row.int("generation")?,
            token_hash: row.text("token_hash")?,
            previous_hash: row.opt_text("previous_hash")?,
            rotated_at: row.parsed("rotated_at")?,
            expires_at: row.parsed("expires_at")?,
            revoked: row.bool("revoked")?,
        };
        Ok((session, row.json("roles")?, row.json("custom")?))
    })
    .transpose()
}

/// Whether a failed append means that the e-mail has an account.
pub fn is_email_taken(error: &Error) -> bool {
    error.is_unique("auth_accounts.email_hash")
}

/// Whether a failed append means that another request wrote the stream's version or ended the session first.
pub fn is_overtaken(error: &Error) -> bool {
    error.is_unique("auth_events.version") || is_refused(error, "session_ended")
}

/// Whether a failed append means that the password was changed after it was checked, or the account is gone.
pub fn is_stale(error: &Error) -> bool {
    is_refused(error, "stale_credential")
}

/// Whether the fold refused an append with this code.
pub fn is_refused(error: &Error, wanted: &str) -> bool {
    matches!(error, Error::Refused { code, .. } if code == wanted)
}

/// Whether a failed append means that the session is revoked already.
pub fn is_revoked(error: &Error) -> bool {
    is_refused(error, "already_revoked")
}
