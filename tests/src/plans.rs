//! How SQLite would run what the services say: no statement reads a table that grows from one end to the other.
//!
//! The embedded host tells every statement that a component runs; each story's end asks EXPLAIN QUERY PLAN about those
//! of its app, the triggers that they set off included.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

/// What the components have said, by database.
static SAID: Mutex<BTreeMap<PathBuf, BTreeSet<String>>> = Mutex::new(BTreeMap::new());

/// Tables that do not grow: a row per service, key, provider or rule.
const SMALL: [&str; 8] = [
    "_migrations",
    "_cursors",
    "_transitions",
    "_breakers",
    "audit_head",
    "identity_data_key",
    "identity_keys",
    "auth_roles",
];

/// Have every statement remembered from now on.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        host::on_statement(|database, sql| {
            let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
            let said = said.entry(database.to_owned()).or_default();
            if !said.contains(sql) {
                said.insert(sql.to_owned());
            }
        });
    });
}

/// What is wrong with the plans of what was said to `database`.
pub fn faults(database: &Path) -> anyhow::Result<Vec<String>> {
    let said = SAID.lock().unwrap_or_else(PoisonError::into_inner).remove(database).unwrap_or_default();
    let db = Connection::open(database)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true)?;
    let schema = Schema::read(&db)?;
    let mut faults = Vec::new();
    for sql in said.iter().filter(|sql| has_plan(sql)) {
        for line in schema.bad_lines(&db, sql)? {
            faults.push(format!("{line}\n    in {sql}"));
        }
    }
    Ok(faults)
}

fn has_plan(sql: &str) -> bool {
    let first = sql.split_whitespace().next().unwrap_or_default().to_uppercase();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first.as_str())
}

/// The names in a database.
struct Schema {
    tables: BTreeSet<String>,
    /// The text of all triggers: their tables have aliases, too.
    triggers: String,
    /// Partial indexes and their conditions.
    partial: BTreeMap<String, String>,
}

impl Schema {
    fn read(db: &Connection) -> anyhow::Result<Self> {
        let mut rows = db.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")?;
        let mut rows = rows.query([])?;
        let mut this = Self { tables: BTreeSet::new(), triggers: String::new(), partial: BTreeMap::new() };
        while let Some(row) = rows.next()? {
            let (kind, name, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            match (kind.as_str(), sql.rsplit_once("WHERE ")) {
                ("table", _) => _ = this.tables.insert(name),
                ("trigger", _) => this.triggers.push_str(&sql),
                ("index", Some((_, condition))) => _ = this.partial.insert(name, words(condition)),
                _ => {}
            }
        }
        Ok(this)
    }

    fn bad_lines(&self, db: &Connection, sql: &str) -> anyhow::Result<Vec<String>> {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let lines = statement.query_map([], |row| row.get::<_, String>(3))?;
        let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
        let offset = sql.contains(" OFFSET ").then(|| "an offset".to_owned());
        // A parameter that may be NULL gives every row to be looked at: a scan in disguise.
        let disguised = is_disguised(&words(sql)).then(|| "a condition that may be none".to_owned());
        let scans = lines.into_iter().filter(|line| self.is_scan(line, sql));
        Ok(scans.chain(offset).chain(disguised).collect())
    }

    /// Whether a line of a plan says that a table which grows is read to its end.
    fn is_scan(&self, line: &str, sql: &str) -> bool {
        let Some(rest) = line.strip_prefix("SCAN ") else { return false };
        let name = rest.split(' ').next().unwrap_or_default();
        let text = format!("{sql} {}", self.triggers);
        let Some(table) = self.table(name, &text) else { return false };
        if let Some((_, how)) = rest.split_once("VIRTUAL TABLE INDEX ") {
            return how == "0:";
        }
        if SMALL.iter().any(|small| table.ends_with(small)) || table.ends_with("_search") {
            return false;
        }
        let index = rest.split("INDEX ").nth(1).and_then(|rest| rest.split(' ').next());
        // As many as wait for a person, however many there ever were.
        if index == Some("payments_disputes_open") {
            return false;
        }
        let condition = index.and_then(|index| self.partial.get(index));
        !is_page(&words(&text), table, condition)
    }

    /// The table that `name` stands for; none when it is a part of the statement.
    fn table(&self, name: &str, text: &str) -> Option<&str> {
        if let Some(table) = self.tables.get(name) {
            return Some(table);
        }
        let words: Vec<&str> =
            text.split([' ', '\n', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
        let named = words.windows(3).find(|words| matches!(words, [_, "AS", alias] if *alias == name))?;
        self.tables.get(*named.first()?).map(String::as_str)
    }
}

/// Whether `table` is read in its order, or a partial index's, up to a LIMIT and with nothing else to look at.
fn is_page(text: &str, table: &str, condition: Option<&String>) -> bool {
    let from = format!("FROM {table} ");
    text.split(&from).skip(1).any(|rest| {
        let part = rest.split(')').next().unwrap_or_default();
        let (looked_at, limited) =
            (part.split("ORDER BY ").next().unwrap_or_default(), part.contains("LIMIT "));
        let only = match looked_at.split_once("WHERE ") {
            None => true,
            Some((_, conditions)) => condition.is_some_and(|condition| conditions.trim() == condition.trim()),
        };
        limited && only
    })
}

/// Whether a parameter decides if a condition holds at all, as in `?1 IS NULL OR …`.
fn is_disguised(text: &str) -> bool {
    let is_parameter = |word: &str| word.trim_start_matches('(').starts_with('?');
    let mut before = text.split(" IS NULL OR ").collect::<Vec<_>>();
    before.pop();
    before.iter().any(|before| before.rsplit(' ').next().is_some_and(is_parameter))
}

/// `text` with single spaces.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
