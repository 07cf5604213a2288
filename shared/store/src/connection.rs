//! The connection that all requests of one instance share.
//!
//! A fresh connection per request costs 40 % of the read rate and 70 % of the write rate (measured,
//! `ARCHITECTURE.md`). Every write is one statement, so sharing needs no transaction and no lock.
//!
//! Statements go through `execute`, not `execute-async`: its answer comes in one piece, where the other makes a
//! stream and a future per statement, which cost more than most statements do (measured: orders placed 3 × as fast).

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use spin_sdk::sqlite::wit::sqlite::Connection;
use spin_sdk::sqlite::{Error as SqliteError, Value};
use variables::{Variable, read};

use crate::{Error, Row, health::Probe, migrate, script::Scripts};

/// The database label every service asks for; what it stands for is the deployment's choice.
const LABEL: &str = "default";

/// How long a statement tries to get the write lock: Spin's own busy timeout.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between tries. Waiting here lets the instance's other requests go on; SQLite's own waiting
/// stops them all, and grows to 100 ms a pause.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// A checkpoint per so many events: some 30 MB of write-ahead log. SQLite's own rule (every commit beyond 1,000
/// pages) makes each commit wait for two fsyncs once readers keep the log from starting over.
const CHECKPOINT_EVERY: i64 = 1000;

/// How long an erasure tries to empty the write-ahead log before it leaves that to the next checkpoint: readers are
/// seldom there for longer than a moment each.
const SCRUB_FOR: Duration = Duration::from_secs(5);
/// The pause between tries: a try costs little once the log is written back.
const SCRUB_PAUSE: Duration = Duration::from_millis(10);

/// `secure_delete`: what is erased is overwritten, not left in free space.
const PRAGMAS: [&str; 3] =
    ["PRAGMA wal_autocheckpoint = 0", "PRAGMA busy_timeout = 0", "PRAGMA secure_delete = ON"];

/// SQLite's words when a statement does not fit the schema that it has read. Our own refusals do not use them.
const UNPREPARED: [&str; 6] = [
    "no such table: ",
    "no such column: ",
    "no such index: ",
    " has no column named ",
    "vtable constructor failed: ",
    "database schema has changed",
];
/// When a commit is durable: with `normal` it survives a killed process, with `full` a power cut, too.
pub static SYNCHRONOUS: Variable<&str> = Variable::new("sqlite_synchronous", "normal", |text| {
    read::choice(text, &[("normal", "PRAGMA synchronous = NORMAL"), ("full", "PRAGMA synchronous = FULL")])
});

/// One service's tables: a prefix, the scripts that make them, and the instance's connection.
pub struct Db {
    scripts: Scripts,
    connection: Mutex<Option<Arc<Connection>>>,
    pub(crate) append_sql: OnceLock<(String, String)>,
    pub(crate) probe: Probe,
}

impl Db {
    /// The tables of `service` (all named `<service>_…`), made by `migrations`, oldest first, and by `fold`: all
    /// triggers and views, as they are now, under the number in its first line.
    pub const fn new(service: &'static str, migrations: &'static [&'static str], fold: &'static str) -> Self {
        Self {
            scripts: Scripts { service, migrations, fold },
            connection: Mutex::new(None),
            append_sql: OnceLock::new(),
            probe: Probe::new(),
        }
    }

    /// The service's name and table prefix.
    pub fn service(&self) -> &'static str {
        self.scripts.service
    }

    /// Run one statement and return all its rows. A statement that returns many needs a `LIMIT`.
    ///
    /// # Errors
    /// Constraint violations and trigger refusals as their own cases, see [`Error`].
    pub async fn query(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Error> {
        let mut connection = self.connection().await?;
        let (start, mut unprepared) = (Instant::now(), 0u8);
        loop {
            // A statement that failed in one of these three ways has not run, so it may be run again.
            match connection.execute(sql, &params) {
                Ok(answer) => return Ok(Row::all(answer)),
                Err(error) if is_busy(&error) && start.elapsed() < BUSY_TIMEOUT => {
                    spin_sdk::time::sleep(BUSY_PAUSE).await;
                }
                Err(error) if is_gone(&error) && start.elapsed() < BUSY_TIMEOUT => {
                    self.forget(&connection);
                    connection = self.connection().await?;
                }
                // Trying has the connection read the schema anew. If that is not for this version any more, a fresh
                // connection says so.
                Err(error) if unprepared < 2 && is_unprepared(&error) => {
                    unprepared += 1;
                    if unprepared == 2 {
                        self.forget(&connection);
                        connection = self.connection().await?;
                    }
                }
                Err(error) => return Err(error.into()),
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

    /// To be told of every row that the service's log gets: now and then, one of them brings a checkpoint, which
    /// runs after the response.
    pub fn logged(&'static self, seq: i64) {
        if seq % CHECKPOINT_EVERY == 0 {
            spin_sdk::wasip3::spawn(async move {
                if let Ok(connection) = self.connection().await {
                    checkpoint(&connection);
                }
            });
        }
    }

    /// To be told of every erasure: the write-ahead log, where pages are as they were before, is emptied after the
    /// response. (In the database itself `secure_delete` has overwritten them.)
    pub(crate) fn scrub(&'static self) {
        spin_sdk::wasip3::spawn(async move {
            let start = Instant::now();
            while start.elapsed() < SCRUB_FOR {
                match self.query_one("PRAGMA wal_checkpoint(TRUNCATE)", Vec::new()).await {
                    Ok(Some(row)) if row.bool("busy").unwrap_or_default() => {
                        spin_sdk::time::sleep(SCRUB_PAUSE).await;
                    }
                    // Done; or a store without such a log (libSQL).
                    _ => return,
                }
            }
            logline::log!("{}: what was erased stays in the log until its next checkpoint", self.service());
        });
    }

    /// The instance's connection, opened and migrated by the first request that needs it.
    ///
    /// A new instance gets up to 16 requests at once. There is no `await` from the second look on, so that only one of
    /// them opens: SQLite reads the whole schema then, 1 to 3 ms of a core (reads of orders 1.1 × as fast).
    async fn connection(&self) -> Result<Arc<Connection>, Error> {
        if let Some(open) = self.slot().clone() {
            return Ok(open);
        }
        let synchronous = *SYNCHRONOUS.get().await.map_err(|unfit| Error::Database(unfit.to_string()))?;
        if let Some(open) = self.slot().clone() {
            return Ok(open);
        }
        let fresh = Connection::open(LABEL)?;
        // WAL lets readers go on beside the one writer. The file remembers it, but can refuse it to all of those who
        // start together.
        _ = run(&fresh, "PRAGMA journal_mode = WAL");
        migrate::up(&|sql| run(&fresh, sql), &self.scripts)?;
        // libSQL refuses these, which is fine: it has its own ways.
        for pragma in [synchronous].iter().chain(&PRAGMAS) {
            _ = run(&fresh, pragma);
        }
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

/// Run one statement without parameters.
pub(crate) fn run(connection: &Connection, sql: &str) -> Result<Vec<Row>, Error> {
    Ok(Row::all(connection.execute(sql, &[])?))
}

/// Write the log back and let it start over, empty: nothing erased outlives a process that died before it could scrub.
/// That needs a moment without readers, which is waited for here; were it not, the log of a busy service would only
/// ever grow. (Nothing else of the instance runs between the three.)
fn checkpoint(connection: &Connection) {
    for pragma in ["PRAGMA busy_timeout = 1000", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA busy_timeout = 0"]
    {
        _ = run(connection, pragma);
    }
}

fn is_busy(error: &SqliteError) -> bool {
    matches!(error, SqliteError::Io(text) if text.contains("database is locked"))
}

/// SQLite could not prepare the statement, so it has not run: its connection's copy of the schema is not the
/// database's, as after a migration by another instance. SQLite reads the schema anew by itself, but fails when it
/// finds that out while it connects to a full-text table behind a trigger (seen with 3.49.1: the first product after a
/// start).
fn is_unprepared(error: &SqliteError) -> bool {
    let SqliteError::Io(text) = error else { return false };
    UNPREPARED.iter().any(|part| text.contains(part))
}

/// libSQL ends idle streams; the next statement on one fails with this text before it runs.
fn is_gone(error: &SqliteError) -> bool {
    match error {
        SqliteError::InvalidConnection => true,
        SqliteError::Io(text) => text.contains("STREAM_EXPIRED"),
        _ => false,
    }
}
