//! Replaying: a service's log, folded once more into an empty database, must give the tables that are read.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::root;

/// The services whose tables are all made from their logs.
pub const REPLAYED: [&str; 3] = ["orders", "products", "payments"];

/// Tables that are not made from the log: itself, how far others have got with it, what of it is parked or repeated,
/// and what may vanish at any time (which provider answers, whether it is to be asked).
const NOT_FOLDED: [&str; 8] =
    ["events", "cursors", "schema", "parked", "repeats", "limits", "breakers", "hints"];

/// Columns that are not state either: when a request may ask the provider again is a lease, as a cursor's is.
const LEASES: [(&str, &str); 3] =
    [("payments_payments", "ask_after"), ("payments_refunds", "ask_after"), ("payments_refunds", "retry_at")];

/// A table, compared.
#[derive(Debug)]
pub struct Compared {
    pub table: String,
    pub rows: usize,
    /// The first row that differs, as it is and as the replay made it.
    pub difference: Option<String>,
}

/// Fold the log of `service` in `database` (which may be in use) anew, and compare each table with the replay's.
pub fn replay(database: &Path, service: &str) -> Result<Vec<Compared>> {
    let db = Connection::open_in_memory()?;
    // What Spin's connections have.
    db.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON")?;
    db.execute_batch(&script(service)?)?;
    let path = database.to_str().context("a path in UTF-8")?;
    db.execute("ATTACH ?1 AS live", [path])?;
    // One moment of the live database, however long this takes.
    db.execute_batch("BEGIN")?;
    fold(&db, service)?;
    tables(&db, service)?.into_iter().map(|table| compare(&db, table)).collect()
}

/// What makes the tables of `service` in an empty database: the log's scripts, its own in `migrations/`, and its fold.
///
/// # Errors
/// When it has none.
pub fn script(service: &str) -> Result<String> {
    let folder = root().join(format!("components/{service}/migrations"));
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    let scripts: Vec<_> = paths.iter().map(std::fs::read_to_string).collect::<Result<_, _>>()?;
    // `fold.sql` sorts after the numbers of the others.
    let (fold, migrations) = scripts.split_last().context("a fold")?;
    let migrations: Vec<_> = migrations.iter().map(String::as_str).collect();
    Ok(store::script(service, &migrations, fold))
}

fn fold(db: &Connection, service: &str) -> Result<()> {
    let mut seqs = db.prepare(&format!("SELECT seq FROM live.{service}_events ORDER BY seq"))?;
    let mut one = db.prepare(&format!(
        "INSERT INTO main.{service}_events SELECT * FROM live.{service}_events WHERE seq = ?1"
    ))?;
    for seq in seqs.query_map([], |row| row.get::<_, i64>(0))? {
        let seq = seq?;
        one.execute(params![seq]).with_context(|| format!("event {seq} of {service}"))?;
    }
    Ok(())
}

/// The tables that are read, of the live database and of the replay; not the parts of a search index.
fn tables(db: &Connection, service: &str) -> Result<Vec<String>> {
    let mut found = db.prepare(
        "SELECT DISTINCT name FROM pragma_table_list WHERE type IN ('table', 'virtual') AND name GLOB ?1 ORDER BY name",
    )?;
    let names = found.query_map([format!("{service}_*")], |row| row.get::<_, String>(0))?;
    let mut names = names.collect::<Result<Vec<_>, _>>()?;
    names.retain(|name| !NOT_FOLDED.iter().any(|rest| *name == format!("{service}_{rest}")));
    Ok(names)
}

fn compare(db: &Connection, table: String) -> Result<Compared> {
    let (live, again) = (rows(db, "live", &table)?, rows(db, "main", &table)?);
    let differs = |at: &usize| live.get(*at) != again.get(*at);
    let first = (0..live.len().max(again.len())).find(differs);
    let difference = first.map(|at| format!("{:?}\n  replayed: {:?}", live.get(at), again.get(at)));
    Ok(Compared { table, rows: live.len(), difference })
}

/// All rows, by all of their columns; the values with their types.
fn rows(db: &Connection, schema: &str, table: &str) -> Result<Vec<Vec<Value>>> {
    let columns = db
        .prepare(&format!("SELECT * FROM {schema}.{table} LIMIT 0"))?
        .column_names()
        .into_iter()
        .filter(|column| !LEASES.contains(&(table, column)))
        .map(|column| format!("\"{column}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let mut all = db.prepare(&format!("SELECT {columns} FROM {schema}.{table} ORDER BY {columns}"))?;
    let width = all.column_count();
    let rows =
        all.query_map([], |row| (0..width).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>())?;
    Ok(rows.collect::<Result<_, _>>()?)
}
