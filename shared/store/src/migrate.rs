//! Brings a service's tables up to date when an instance opens its connection.
//!
//! Scripts of tables run once, oldest first. Triggers and views are the fold: when this version's number is higher than
//! the database's, all of them are made anew. Both happen in one transaction. An older version refuses a database that
//! a newer one has migrated, and changes nothing. While two versions run side by side, the older one keeps the
//! connections that it has, and works with the newer one's triggers.

use crate::script::{Scripts, statements};
use crate::{Error, Row};

/// Runs one statement.
type Run<'a> = &'a dyn Fn(&str) -> Result<Vec<Row>, Error>;

/// What a database has, or a version of the service knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Numbers {
    /// How many scripts of tables.
    migrations: i64,
    /// The fold's number.
    fold: i64,
}

/// Bring the tables up to date. Runs before the connection is shared, so that this one transaction cannot swallow
/// another request's statement.
///
/// # Errors
/// [`Error::Newer`] and [`Error::Unreleased`] when the database is not for this version.
pub(crate) fn up(run: Run<'_>, scripts: &Scripts) -> Result<(), Error> {
    let known = known(scripts)?;
    if is_done(found(run, scripts)?, known, scripts)? {
        return Ok(());
    }
    run("BEGIN IMMEDIATE")?;
    match apply(run, scripts, known) {
        Ok(()) => run("COMMIT").map(drop),
        Err(error) => {
            _ = run("ROLLBACK");
            Err(error)
        }
    }
}

fn known(scripts: &Scripts) -> Result<Numbers, Error> {
    let migrations = i64::try_from(scripts.tables().count()).unwrap_or(i64::MAX);
    Ok(Numbers { migrations, fold: scripts.fold_number()? })
}

/// Nothing, in an empty database.
fn found(run: Run<'_>, scripts: &Scripts) -> Result<Numbers, Error> {
    let service = scripts.service;
    let found = if_there(run(&format!("SELECT migrations, fold FROM {service}_schema")))?;
    if let Some(row) = found.as_deref().and_then(<[Row]>::first) {
        return Ok(Numbers { migrations: row.int("migrations")?, fold: row.int("fold")? });
    }
    match if_there(run(&format!("SELECT 1 FROM {service}_migrations LIMIT 1")))? {
        Some(_) => Err(Error::Unreleased { service: service.to_owned() }),
        None => Ok(Numbers::default()),
    }
}

/// None where there is no such table.
fn if_there(answer: Result<Vec<Row>, Error>) -> Result<Option<Vec<Row>>, Error> {
    match answer {
        Err(Error::Database(text)) if text.contains("no such table") => Ok(None),
        other => other.map(Some),
    }
}

/// Whether there is nothing to do.
///
/// # Errors
/// When a newer version has migrated the database: this one does not know its changes, and could write what no longer
/// fits.
fn is_done(found: Numbers, known: Numbers, scripts: &Scripts) -> Result<bool, Error> {
    let both = [("migration", found.migrations, known.migrations), ("fold", found.fold, known.fold)];
    match both.into_iter().find(|(_, found, known)| found > known) {
        Some((what, found, known)) => {
            Err(Error::Newer { service: scripts.service.to_owned(), what, found, known })
        }
        None => Ok(found == known),
    }
}

/// Within the transaction: another instance may have been faster, or be of a newer version.
fn apply(run: Run<'_>, scripts: &Scripts, known: Numbers) -> Result<(), Error> {
    let found = found(run, scripts)?;
    if is_done(found, known, scripts)? {
        return Ok(());
    }
    let anew = found.fold < known.fold;
    // Before the tables change, so that no old trigger refuses or folds what a migration does.
    if anew {
        drop_fold(run, scripts.service)?;
    }
    let applied = usize::try_from(found.migrations).unwrap_or(usize::MAX);
    for script in scripts.tables().skip(applied) {
        run_script(run, &script)?;
    }
    for script in scripts.folds().iter().filter(|_| anew) {
        run_script(run, script)?;
    }
    remember(run, scripts.service, known)
}

/// Every trigger and view that is named after the service.
fn drop_fold(run: Run<'_>, service: &str) -> Result<(), Error> {
    let made = format!(
        "SELECT type || ' ' || name AS made FROM sqlite_schema \
         WHERE type IN ('trigger', 'view') AND name GLOB '{service}_*'"
    );
    for row in run(&made)? {
        run(&format!("DROP {}", row.text("made")?))?;
    }
    Ok(())
}

/// Run a script until it needs a module that the store was built without (FTS5): a virtual table of it or, in a fold, a
/// SELECT from such a table. The rest of the script depends on that table, so the service works without it.
fn run_script(run: Run<'_>, script: &str) -> Result<(), Error> {
    for statement in statements(script) {
        match run(statement) {
            Err(Error::Database(text)) if is_lacking(statement, &text) => break,
            other => other?,
        };
    }
    Ok(())
}

fn is_lacking(statement: &str, error: &str) -> bool {
    error.contains("no such module") || (statement.starts_with("SELECT ") && error.contains("no such table"))
}

fn remember(run: Run<'_>, service: &str, Numbers { migrations, fold }: Numbers) -> Result<(), Error> {
    let sql = format!(
        "INSERT INTO {service}_schema VALUES (1, {migrations}, {fold}) \
         ON CONFLICT (one) DO UPDATE SET migrations = {migrations}, fold = {fold}"
    );
    run(&sql).map(drop)
}

#[cfg(test)]
mod tests;
