//! Forward-only migrations, applied when an instance opens its connection.

use spin_sdk::sqlite::wit::sqlite::Connection;

use crate::{Error, connection::run};

/// What every service has: its event log, which is its outbox too, and the relay's cursors.
const LOG: &str = include_str!("log.sql");

/// Bring the tables of `service` up to date. Runs before the connection is shared, so that this one
/// transaction cannot swallow another request's statement.
pub(crate) fn up(connection: &Connection, service: &str, migrations: &[&str]) -> Result<(), Error> {
    let wanted = migrations.len() + 1;
    if applied(connection, service)? >= wanted {
        return Ok(());
    }
    // WAL lets readers go on beside the one writer. The file remembers it; libSQL refuses, which is fine.
    _ = run(connection, "PRAGMA journal_mode = WAL");
    run(connection, "BEGIN IMMEDIATE")?;
    match apply(connection, service, migrations) {
        Ok(()) => run(connection, "COMMIT").map(drop),
        Err(error) => {
            _ = run(connection, "ROLLBACK");
            Err(error)
        }
    }
}

fn apply(connection: &Connection, service: &str, migrations: &[&str]) -> Result<(), Error> {
    let log = LOG.replace("{service}", service);
    let all = std::iter::once(log.as_str()).chain(migrations.iter().copied());
    for (done, script) in all.enumerate().skip(applied(connection, service)?) {
        for statement in statements(script) {
            run(connection, statement)?;
        }
        let number = done + 1;
        run(connection, &format!("INSERT INTO {service}_migrations VALUES ({number})"))?;
    }
    Ok(())
}

/// How many migrations were applied: 0 when the table that says so is not there yet.
fn applied(connection: &Connection, service: &str) -> Result<usize, Error> {
    let sql = format!("SELECT coalesce(max(number), 0) FROM {service}_migrations");
    match run(connection, &sql) {
        Ok(rows) => {
            let number = rows.first().map_or(Ok(0), |row| row.int(0))?;
            Ok(usize::try_from(number).unwrap_or(0))
        }
        Err(Error::Database(text)) if text.contains("no such table") => Ok(0),
        Err(error) => Err(error),
    }
}

/// Split a script: a statement ends with `;` at the end of a line before an empty line or the end.
/// (Spin runs only the first statement of a text; a trigger's body has `;` inside, but no empty line.)
fn statements(script: &str) -> impl Iterator<Item = &str> {
    script.split(";\n\n").map(|s| s.trim().trim_end_matches(';')).filter(|s| !s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn a_trigger_is_one_statement() {
        let script =
            "CREATE TABLE t(a);\n\nCREATE TRIGGER x AFTER INSERT ON t BEGIN\n SELECT 1;\n SELECT 2;\nEND;\n";
        let all: Vec<_> = statements(script).collect();
        assert_eq!(all.len(), 2);
        assert!(all[1].ends_with("SELECT 2;\nEND"));
    }
}
