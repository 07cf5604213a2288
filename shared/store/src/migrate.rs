//! Forward-only migrations, applied when an instance opens its connection.

use spin_sdk::sqlite::wit::sqlite::Connection;

use crate::{Error, Row, connection::run};

/// What every service has: its event log, which is its outbox too, and the relay's cursors.
const LOG: &str = include_str!("log.sql");

/// Runs one statement.
type Run<'a> = &'a dyn Fn(&str) -> Result<Vec<Row>, Error>;

/// Bring the tables of `service` up to date. Runs before the connection is shared, so that this one
/// transaction cannot swallow another request's statement.
pub(crate) fn up(connection: &Connection, service: &str, migrations: &[&str]) -> Result<(), Error> {
    let run = |sql: &str| run(connection, sql);
    if is_done(applied(&run, service)?, service, migrations)? {
        return Ok(());
    }
    run("BEGIN IMMEDIATE")?;
    match apply(&run, service, migrations) {
        Ok(()) => run("COMMIT").map(drop),
        Err(error) => {
            _ = run("ROLLBACK");
            Err(error)
        }
    }
}

/// Whether there is nothing to migrate.
///
/// # Errors
/// When a newer version was here: what it changed, this one does not know, and would write what no longer fits.
fn is_done(applied: usize, service: &str, migrations: &[&str]) -> Result<bool, Error> {
    let known = migrations.len().saturating_add(1);
    match applied > known {
        true => Err(Error::Newer { service: service.to_owned(), applied, known }),
        false => Ok(applied == known),
    }
}

fn apply(run: Run<'_>, service: &str, migrations: &[&str]) -> Result<(), Error> {
    let log = LOG.replace("{service}", service);
    let all = std::iter::once(log.as_str()).chain(migrations.iter().copied());
    for (done, script) in all.enumerate().skip(applied(run, service)?) {
        for statement in statements(script) {
            match run(statement) {
                // The store was built without a module (FTS5): the rest of the script builds on it, and the service
                // does without. Such a script has to begin with its virtual table.
                Err(Error::Database(text)) if text.contains("no such module") => break,
                other => other?,
            };
        }
        let number = done + 1;
        run(&format!("INSERT INTO {service}_migrations VALUES ({number})"))?;
    }
    Ok(())
}

/// How many migrations were applied: 0 when the table that says so is not there yet.
fn applied(run: Run<'_>, service: &str) -> Result<usize, Error> {
    let sql = format!("SELECT coalesce(max(number), 0) FROM {service}_migrations");
    match run(&sql) {
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
    use spin_sdk::sqlite::{RowResult, Value};

    use super::{Error, Row, applied, apply, is_done, statements};

    fn run(db: &rusqlite::Connection, sql: &str) -> Result<Vec<Row>, Error> {
        let error = |error: rusqlite::Error| Error::Database(error.to_string());
        let mut statement = db.prepare(sql).map_err(error)?;
        let rows = statement
            .query_map([], |row| Ok(Row::new(RowResult { values: vec![Value::Integer(row.get(0)?)] })));
        rows.map_err(error)?.collect::<Result<_, _>>().map_err(error)
    }

    #[test]
    fn a_script_whose_module_the_store_lacks_is_skipped_and_the_next_are_not() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        let run = |sql: &str| run(&db, sql);
        let lacking =
            "CREATE VIRTUAL TABLE shop_search USING fts99 (text);\n\nINSERT INTO shop_search VALUES ('x');\n";
        let scripts = ["CREATE TABLE shop_a (a);\n", lacking, "CREATE TABLE shop_b (b);\n"];
        run("BEGIN").unwrap();
        apply(&run, "shop", &scripts).unwrap();
        run("COMMIT").unwrap();
        assert_eq!(applied(&run, "shop").unwrap(), 4, "the log and three scripts");
        run("SELECT count(*) FROM shop_a, shop_b").unwrap();
        assert!(run("SELECT 1 FROM shop_search").is_err());
    }

    #[test]
    fn a_database_of_a_newer_version_is_refused() {
        let scripts = ["CREATE TABLE shop_a (a);\n"];
        assert!(!is_done(0, "shop", &scripts).unwrap() && is_done(2, "shop", &scripts).unwrap());
        let refused = is_done(3, "shop", &scripts).unwrap_err();
        assert!(matches!(refused, Error::Newer { applied: 3, known: 2, .. }), "{refused}");
    }

    #[test]
    fn any_other_failure_is_one() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        assert!(apply(&|sql| run(&db, sql), "shop", &["CREATE NONSENSE;\n"]).is_err());
    }

    #[test]
    fn a_trigger_is_one_statement() {
        let script =
            "CREATE TABLE t(a);\n\nCREATE TRIGGER x AFTER INSERT ON t BEGIN\n SELECT 1;\n SELECT 2;\nEND;\n";
        let all: Vec<_> = statements(script).collect();
        assert_eq!(all.len(), 2);
        assert!(all[1].ends_with("SELECT 2;\nEND"));
    }
}
