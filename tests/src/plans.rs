//! How SQLite runs what the services say: no statement reads a table that grows from one end to the other.
//!
//! The embedded host tells of every statement that a component runs; each story's end asks EXPLAIN QUERY PLAN about
//! those of its app, with the triggers that they set off (`plans/judge.rs`). What was said is kept in
//! `target/statements-seen`, and `scripts/test` asks whether every text of SQL in the services' source was
//! (`plans/source.rs`).

mod judge;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use anyhow::{Context, Result};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sha2::{Digest, Sha256};

use crate::root;
use judge::{Schema, words};
pub use source::unseen;

/// What components said to a database, by its path: each text, and the most steps of SQLite's machine that it took
/// since somebody asked.
static SAID: Mutex<BTreeMap<PathBuf, BTreeMap<String, i32>>> = Mutex::new(BTreeMap::new());

fn said() -> MutexGuard<'static, BTreeMap<PathBuf, BTreeMap<String, i32>>> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Have every statement remembered from now on.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        host::on_statement(|database, sql, steps| {
            let mut said = said();
            let texts = match said.get_mut(database) {
                Some(texts) => texts,
                None => said.entry(database.to_owned()).or_default(),
            };
            match texts.get_mut(sql) {
                Some(most) => *most = steps.max(*most),
                None => _ = texts.insert(sql.to_owned(), steps),
            }
        });
    });
}

/// The statement of a database that took the most steps since this was asked before, and how many.
pub fn longest(database: &Path) -> (String, i32) {
    let mut said = said();
    let texts = said.get_mut(database).into_iter().flatten();
    let longest = texts.map(|(sql, steps)| (std::mem::take(steps), sql)).max();
    longest.map_or_else(Default::default, |(steps, sql)| (sql.clone(), steps))
}

/// What is wrong with the plans of what was said to `database`. The texts are kept for [`unseen`].
///
/// # Errors
/// When the database cannot be read.
pub fn faults(database: &Path) -> Result<Vec<String>> {
    let texts: BTreeSet<String> = said().remove(database).unwrap_or_default().into_keys().collect();
    remember(&texts)?;
    let texts: Vec<_> = texts.iter().filter(|sql| has_plan(sql) && !is_judged(sql)).collect();
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let db = Connection::open(database)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true)?;
    let schema = Schema::read(&db)?;
    let mut faults = Vec::new();
    for sql in texts {
        let found = match schema.faults(&db, sql) {
            // A story took the table away.
            Err(error) if error.to_string().starts_with("no such ") => continue,
            found => found.with_context(|| words(sql))?,
        };
        if found.is_empty() {
            judged().insert(sql.clone());
        }
        faults.extend(found.into_iter().map(|fault| format!("{fault}\n    in {}", words(sql))));
    }
    Ok(faults)
}

/// Texts that were found to be well: all stories' databases have the same tables.
fn judged() -> MutexGuard<'static, BTreeSet<String>> {
    static JUDGED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    JUDGED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_judged(sql: &str) -> bool {
    judged().contains(sql)
}

fn has_plan(sql: &str) -> bool {
    let first = sql.split_whitespace().next().unwrap_or_default().to_uppercase();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first.as_str())
}

fn folder() -> PathBuf {
    root().join("target/statements-seen")
}

/// A file per text: stories, and programs with tests, end at the same time.
fn remember(texts: &BTreeSet<String>) -> Result<()> {
    fs::create_dir_all(folder())?;
    for text in texts.iter().map(|sql| words(sql)) {
        let name = Sha256::digest(&text).iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
        let path = folder().join(name);
        if !path.exists() {
            fs::write(path, text)?;
        }
    }
    Ok(())
}
