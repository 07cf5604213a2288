//! The instance's connection. Opening one costs more than all that is asked of it: SQLite reads every table and
//! trigger of the database first. So there is no `await` here: of the requests that come together one opens it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use spin_sdk::sqlite::Value;
use spin_sdk::sqlite::wit::sqlite::Connection;
use store::{Error, Row};

/// The database label that services ask for, too.
const LABEL: &str = "default";

static CONNECTION: Mutex<Option<Connection>> = Mutex::new(None);

/// Run one statement. After a failure the next one gets a new connection: libSQL ends idle ones.
pub fn run<const N: usize>(sql: &str, params: [Value; N]) -> Result<Vec<Row>, Error> {
    let open = slot().take();
    let connection = match open {
        Some(open) => open,
        None => Connection::open(LABEL)?,
    };
    let rows = Row::all(connection.execute(sql, &params)?);
    *slot() = Some(connection);
    Ok(rows)
}

fn slot() -> MutexGuard<'static, Option<Connection>> {
    CONNECTION.lock().unwrap_or_else(PoisonError::into_inner)
}
