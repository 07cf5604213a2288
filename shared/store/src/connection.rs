//! The connection that all requests of one instance share.
//!
//! A fresh connection per request costs 40 % of the read rate and 70 % of the write rate (measured,
//! `ARCHITECTURE.md`). Every write is one statement, so sharing needs no transaction and no lock.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use spin_sdk::sqlite::{Connection, Error as SqliteError, Value};

use crate::{Error, Row, migrate};

/// The database label every service asks for; what it stands for is the deployment's choice.
const LABEL: &str = "default";

/// Set once per connection. WAL lets readers go on beside the one writer; NORMAL survives a killed
/// process (a power cut may lose the last moments; set `sqlite_synchronous=full` for that). libSQL refuses both,
/// which is fine: it has its own.
const PRAGMAS: [&str; 2] = ["PRAGMA journal_mode = WAL", "PRAGMA temp_store = MEMORY"];

/// One service's tables: a prefix, its migrations and the instance's connection.
pub struct Db {
    service: &'static str,
    migrations: &'static [&'static str],
    connection: Mutex<Option<Arc<Connection>>>,
    pub(crate) append_sql: OnceLock<String>,
}

impl Db {
    /// The tables of `service` (all named `<service>_…`), made by `migrations`, oldest first.
    pub const fn new(service: &'static str, migrations: &'static [&'static str]) -> Self {
        Self { service, migrations, connection: Mutex::new(None), append_sql: OnceLock::new() }
    }

    /// The service's name and table prefix.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// Run one statement and return all its rows. A statement that returns many needs a `LIMIT`.
    ///
    /// # Errors
    /// Constraint violations and trigger refusals as their own cases, see [`Error`].
    pub async fn query(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        let connection = self.connection().await?;
        let answer = match connection.execute(sql, params.iter().map(copy)).await {
            // The host no longer knows the connection: the statement cannot have run, so run it anew.
            Err(SqliteError::InvalidConnection) => {
                self.forget(&connection);
                self.connection().await?.execute(sql, params).await?
            }
            other => other?,
        };
        match answer.collect().await {
            Ok(rows) => Ok(rows.into_iter().map(Row::new).collect()),
            Err(error) => {
                if is_gone(&error) {
                    self.forget(&connection);
                }
                Err(error.into())
            }
        }
    }

    /// As [`query`](Self::query), for a statement of which at most one row is wanted.
    pub async fn query_one(&self, sql: &str, params: Vec<Value>) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// As [`query`](Self::query), for a statement whose rows are of no interest.
    pub async fn execute(&self, sql: &str, params: Vec<Value>) -> Result<(), Error> {
        self.query(sql, params).await.map(drop)
    }

    /// The instance's connection, opened and migrated by the first request that needs it.
    ///
    /// Requests that come together may each open one; the last is kept. Waiting for each other would
    /// need wake-ups across component tasks, which the SDK's runtime does not have.
    async fn connection(&self) -> Result<Arc<Connection>, Error> {
        if let Some(open) = self.slot().clone() {
            return Ok(open);
        }
        let fresh = Connection::open(LABEL).await?;
        for pragma in PRAGMAS {
            _ = run(&fresh, pragma).await;
        }
        _ = run(&fresh, synchronous().await).await;
        migrate::up(&fresh, self.service, self.migrations).await?;
        let fresh = Arc::new(fresh);
        *self.slot() = Some(fresh.clone());
        Ok(fresh)
    }

    fn forget(&self, connection: &Arc<Connection>) {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(|open| Arc::ptr_eq(open, connection)) {
            *slot = None;
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<Connection>>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Run one statement without parameters to its end; success of `execute` alone is not success.
pub(crate) async fn run(connection: &Connection, sql: &str) -> Result<Vec<Row>, Error> {
    let rows = connection.execute(sql, []).await?.collect().await?;
    Ok(rows.into_iter().map(Row::new).collect())
}

async fn synchronous() -> &'static str {
    match spin_sdk::variables::get("sqlite_synchronous").await.as_deref() {
        Ok("full") => "PRAGMA synchronous = FULL",
        _ => "PRAGMA synchronous = NORMAL",
    }
}

/// libSQL ends idle streams; the next statement on one fails with this text before it runs.
fn is_gone(error: &SqliteError) -> bool {
    match error {
        SqliteError::InvalidConnection => true,
        SqliteError::Io(text) => text.contains("STREAM_EXPIRED"),
        _ => false,
    }
}

fn copy(value: &Value) -> Value {
    match value {
        Value::Integer(v) => Value::Integer(*v),
        Value::Real(v) => Value::Real(*v),
        Value::Text(v) => Value::Text(v.clone()),
        Value::Blob(v) => Value::Blob(v.clone()),
        Value::Null => Value::Null,
    }
}
