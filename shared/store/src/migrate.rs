//! Brings a service's tables up to date when an instance opens its connection.
//!
//! Scripts of tables run once, oldest first. Triggers and views are the fold: where this version's has a higher number
//! than the database's, all of them are made anew. Both happen in one transaction. A version that knows less than the
//! database has refuses it and changes nothing: while two versions run side by side, the older one goes on with the
//! connections that it has, by the newer one's triggers.

use crate::script::{Scripts, statements};
use crate::{Error, Row};

/// Runs one statement.
type Run<'a> = &'a dyn Fn(&str) -> Result<Vec<Row>, Error>;

/// What a database has, or a version of the service knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
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

fn known(scripts: &Scripts) -> Result<State, Error> {
    let migrations = i64::try_from(scripts.tables().count()).unwrap_or(i64::MAX);
    Ok(State { migrations, fold: scripts.fold_number()? })
}

/// Nothing, in an empty database.
fn found(run: Run<'_>, scripts: &Scripts) -> Result<State, Error> {
    let service = scripts.service;
    let found = if_there(run(&format!("SELECT migrations, fold FROM {service}_schema")))?;
    if let Some(row) = found.as_deref().and_then(<[Row]>::first) {
        return Ok(State { migrations: row.int("migrations")?, fold: row.int("fold")? });
    }
    match if_there(run(&format!("SELECT 1 FROM {service}_migrations LIMIT 1")))? {
        Some(_) => Err(Error::Unreleased { service: service.to_owned() }),
        None => Ok(State::default()),
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
/// When a newer version was here: what it changed, this one does not know, and would write what no longer fits.
fn is_done(found: State, known: State, scripts: &Scripts) -> Result<bool, Error> {
    let both = [("migration", found.migrations, known.migrations), ("fold", found.fold, known.fold)];
    match both.into_iter().find(|(_, found, known)| found > known) {
        Some((what, found, known)) => {
            Err(Error::Newer { service: scripts.service.to_owned(), what, found, known })
        }
        None => Ok(found == known),
    }
}

/// Within the transaction: another instance may have been faster, or be of a newer version.
fn apply(run: Run<'_>, scripts: &Scripts, known: State) -> Result<(), Error> {
    let found = found(run, scripts)?;
    if is_done(found, known, scripts)? {
        return Ok(());
    }
    let anew = found.fold < known.fold;
    // Before the tables change: no trigger of old refuses or folds what a migration does.
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
        "SELECT type || ' ' || name AS made FROM sqlite_schema WHERE type IN ('trigger', 'view') AND name GLOB '{service}_*'"
    );
    for row in run(&made)? {
        run(&format!("DROP {}", row.text("made")?))?;
    }
    Ok(())
}

/// Run a script, up to where it needs what the store was built without (FTS5): a virtual table of a module that is not
/// there, or, in a fold, a SELECT from such a table. What follows builds on it, and the service does without.
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

fn remember(run: Run<'_>, service: &str, State { migrations, fold }: State) -> Result<(), Error> {
    let sql = format!(
        "INSERT INTO {service}_schema VALUES (1, {migrations}, {fold}) \
         ON CONFLICT (one) DO UPDATE SET migrations = {migrations}, fold = {fold}"
    );
    run(&sql).map(drop)
}

#[cfg(test)]
mod tests;
