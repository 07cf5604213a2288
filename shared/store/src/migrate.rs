//! Forward-only migrations, applied when an instance opens its connection.

use spin_sdk::sqlite::wit::sqlite::Connection;

use crate::{Error, Row, connection::run};

/// What every service has: its event log, which is its outbox too, and the relay's cursors.
const LOG: &str = include_str!("log.sql");

/// What all services got later. Numbered -1, -2 …, so that the services' own scripts keep their numbers.
const SHARED: [&str; 1] = [include_str!("side.sql")];

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
fn is_done(applied: Applied, service: &str, migrations: &[&str]) -> Result<bool, Error> {
    let known = Applied { own: migrations.len().saturating_add(1), shared: SHARED.len() };
    for (applied, known) in [(applied.own, known.own), (applied.shared, known.shared)] {
        if applied > known {
            return Err(Error::Newer { service: service.to_owned(), applied, known });
        }
    }
    Ok(applied == known)
}

fn apply(run: Run<'_>, service: &str, migrations: &[&str]) -> Result<(), Error> {
    let done = applied(run, service)?;
    let first = LOG.replace("{service}", service);
    let shared = SHARED.map(|script| script.replace("{service}", service));
    let own = std::iter::once(first.as_str()).chain(migrations.iter().copied()).zip(1..).skip(done.own);
    for (script, number) in own {
        apply_one(run, service, script, number)?;
    }
    for (script, number) in shared.iter().zip(1..).skip(done.shared) {
        apply_one(run, service, script, -number)?;
    }
    Ok(())
}

fn apply_one(run: Run<'_>, service: &str, script: &str, number: i64) -> Result<(), Error> {
    for statement in statements(script) {
        match run(statement) {
            // The store was built without a module (FTS5): the rest of the script builds on it, and the service
            // does without. Such a script has to begin with its virtual table.
            Err(Error::Database(text)) if text.contains("no such module") => break,
            other => other?,
        };
    }
    run(&format!("INSERT INTO {service}_migrations VALUES ({number})")).map(drop)
}

/// How many migrations were applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Applied {
    /// The log's first script and the service's own.
    own: usize,
    /// Those of [`SHARED`].
    shared: usize,
}

/// None when the table that says so is not there yet.
fn applied(run: Run<'_>, service: &str) -> Result<Applied, Error> {
    let sql = format!(
        "SELECT coalesce(max(number), 0), min(0, coalesce(min(number), 0)) FROM {service}_migrations"
    );
    match run(&sql) {
        Ok(rows) => {
            let count = |column| {
                let number = rows.first().map_or(Ok(0), |row| row.int(column))?;
                Ok::<_, Error>(usize::try_from(number.unsigned_abs()).unwrap_or(0))
            };
            Ok(Applied { own: count(0)?, shared: count(1)? })
        }
        Err(Error::Database(text)) if text.contains("no such table") => Ok(Applied::default()),
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

    use super::{Applied, Error, LOG, Row, SHARED, applied, apply, is_done, statements};

    fn run(db: &rusqlite::Connection, sql: &str) -> Result<Vec<Row>, Error> {
        let error = |error: rusqlite::Error| Error::Database(error.to_string());
        let mut statement = db.prepare(sql).map_err(error)?;
        let width = statement.column_count();
        let values = |row: &rusqlite::Row<'_>| {
            (0..width).map(|at| row.get(at).map(Value::Integer)).collect::<rusqlite::Result<Vec<_>>>()
        };
        let rows = statement.query_map([], |row| Ok(Row::new(RowResult { values: values(row)? })));
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
        let all = Applied { own: 4, shared: 1 };
        assert_eq!(applied(&run, "shop").unwrap(), all, "the log, three scripts, and what all share");
        run("SELECT count(*) FROM shop_a, shop_b").unwrap();
        assert!(run("SELECT 1 FROM shop_search").is_err());
    }

    #[test]
    fn a_database_of_a_newer_version_is_refused() {
        let scripts = ["CREATE TABLE shop_a (a);\n"];
        let done = |own, shared| is_done(Applied { own, shared }, "shop", &scripts);
        assert!(!done(0, 0).unwrap() && !done(2, 0).unwrap() && done(2, SHARED.len()).unwrap());
        let refused = done(3, 0).unwrap_err();
        assert!(matches!(refused, Error::Newer { applied: 3, known: 2, .. }), "{refused}");
        assert!(matches!(done(2, SHARED.len() + 1).unwrap_err(), Error::Newer { .. }));
    }

    #[test]
    fn a_database_of_an_earlier_build_gets_what_all_services_got_later() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(&LOG.replace("{service}", "shop")).unwrap();
        let parked = |stream, version, kind| {
            let sql = "INSERT INTO shop_events (id, stream, version, type, data, actor, time) \
                       VALUES (1, ?1, ?2, ?3, '{\"target\":\"audit\"}', 'x', 'now')";
            db.execute(sql, (stream, version, kind)).unwrap();
        };
        parked("delivery:audit:1", 1, "delivery.parked");
        parked("delivery:audit:2", 1, "delivery.parked");
        parked("delivery:audit:2", 2, "delivery.redriven");
        db.execute_batch("INSERT INTO shop_migrations VALUES (1)").unwrap();
        let run = |sql: &str| run(&db, sql);
        for _ in 0..2 {
            apply(&run, "shop", &["CREATE TABLE IF NOT EXISTS shop_a (a);\n"]).unwrap();
        }
        assert_eq!(applied(&run, "shop").unwrap(), Applied { own: 2, shared: 1 });
        assert_eq!(run("SELECT seq FROM shop_parked").unwrap().len(), 1);
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
