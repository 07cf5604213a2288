//! What a plan says, judged by the tables that grow.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use rusqlite::Connection;

/// Tables that may be read as a whole, with what keeps them small. A name that begins with `_` is of every service.
const SMALL: &[(&str, &str)] = &[
    ("_schema", "one row"),
    ("_cursors", "a row per target of the relay"),
    ("audit_head", "one row"),
    ("auth_bootstrap", "one row"),
    ("auth_roles", "a row per role that an ADMIN made"),
    ("gateway_heartbeats", "a row per instance"),
    ("gateway_instances", "at most 256 rows, see its fold"),
    ("identity_canary", "a row per data key that was ever right"),
    ("identity_data_key", "one row"),
    ("identity_keys", "a row per key that verifies still"),
    ("identity_secret", "one row"),
    ("orders_transitions", "a row per rule"),
    ("payments_breakers", "a row per provider"),
    ("payments_disputes_open", "an index: as many as wait for a person"),
    ("payments_conflicts", "an index: as many as wait for a person"),
    ("payments_due_back", "an index: as many as ended and are not all back yet"),
    ("payments_refunds_owed", "an index: as many as failed and are asked for again"),
];

/// The names of a database.
pub struct Schema {
    tables: BTreeSet<String>,
    /// The texts of all triggers and views: tables have aliases there, too.
    triggers: String,
    /// Partial indexes and their conditions.
    partial: BTreeMap<String, String>,
}

impl Schema {
    pub fn read(db: &Connection) -> Result<Self> {
        let mut this = Self { tables: BTreeSet::new(), triggers: String::new(), partial: BTreeMap::new() };
        let mut rows = db.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, name, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            match (kind.as_str(), sql.rsplit_once("WHERE ")) {
                ("table", _) => _ = this.tables.insert(name),
                ("trigger" | "view", _) => this.triggers.push_str(&(words(&sql) + " ; ")),
                ("index", Some((_, condition))) => _ = this.partial.insert(name, words(condition)),
                _ => {}
            }
        }
        Ok(this)
    }

    /// What is wrong with the plan of `sql` and of the triggers that it sets off.
    pub fn faults(&self, db: &Connection, sql: &str) -> Result<Vec<String>> {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let (mut rows, mut lines) = (statement.raw_query(), Vec::new());
        while let Some(row) = rows.next()? {
            lines.push(row.get::<_, String>(3)?);
        }
        let sql = words(sql);
        let mut faults = disguised(&sql);
        let mut scans = BTreeMap::<&str, Vec<String>>::new();
        for line in lines {
            if let Some(table) = self.scanned(&line, &sql) {
                scans.entry(table).or_default().push(line);
            }
        }
        for (table, lines) in scans {
            // Each of them must be a page.
            if lines.len() > self.pages(&sql, table, &lines) {
                faults.extend(lines);
            }
        }
        Ok(faults)
    }

    /// The table that grows and that a line of a plan reads from one end on; none when it does no such thing.
    fn scanned(&self, line: &str, sql: &str) -> Option<&str> {
        let (verb, rest) = line.split_once(' ').unwrap_or_default();
        let name = rest.split(' ').next().unwrap_or_default();
        if !(verb == "SCAN" || line.contains(" USING AUTOMATIC "))
            || name == "CONSTANT"
            || name.starts_with('(')
        {
            return None;
        }
        if let Some((_, how)) = rest.split_once("VIRTUAL TABLE INDEX ") {
            // `0:`: neither words to match nor a document to take apart.
            return if how == "0:" { self.tables.get(name).map(String::as_str) } else { None };
        }
        let table = self.table(name, sql)?;
        let index = rest.split("INDEX ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or(table);
        let is_small = |(small, _): &(&str, &str)| {
            if small.starts_with('_') {
                table.split_once('_').is_some_and(|(_, own)| small.strip_prefix('_') == Some(own))
            } else {
                table == *small || index == *small
            }
        };
        if SMALL.iter().any(is_small) { None } else { Some(table) }
    }

    /// The table that `name` stands for, with or without `AS`; none when it is a part of the statement, such as
    /// `WITH name AS (…)`.
    fn table(&self, name: &str, sql: &str) -> Option<&str> {
        let is_part = |c: char| c.is_whitespace() || ['(', ')', ',', ';'].contains(&c);
        let named = |text: &str| {
            let all: Vec<&str> =
                text.split(is_part).filter(|word| !word.is_empty() && *word != "AS").collect();
            let mut pairs = all.windows(2).filter(|pair| pair.last() == Some(&name));
            pairs.find_map(|pair| self.tables.get(*pair.first()?)).map(String::as_str)
        };
        self.tables.get(name).map(String::as_str).or_else(|| named(sql)).or_else(|| named(&self.triggers))
    }

    /// How many parts of a statement, or of a trigger, read `table` in its order, or that of an index, up to a LIMIT
    /// and with nothing else to look at.
    fn pages(&self, sql: &str, table: &str, lines: &[String]) -> usize {
        let from = format!("FROM {table} ");
        let parts = [sql, &self.triggers].into_iter().flat_map(|text| text.split(&from).skip(1));
        let conditions: Vec<_> = lines
            .iter()
            .filter_map(|line| self.partial.get(line.split("INDEX ").nth(1)?.split(' ').next()?))
            .collect();
        parts.filter(|part| is_page(part, &conditions)).count()
    }
}

/// Whether a part of a statement, from behind the name of its table on, has no condition but that of a partial index.
fn is_page(part: &str, conditions: &[&String]) -> bool {
    let part = own(part);
    let looked_at = part.split("ORDER BY ").next().unwrap_or_default();
    let only = match looked_at.split_once("WHERE ") {
        None => !looked_at.contains("JOIN ") && !looked_at.contains("GROUP BY "),
        Some((_, all)) => all.trim() == "true" || conditions.iter().any(|one| all.trim() == one.trim()),
    };
    part.contains("LIMIT ") && only
}

/// `part` up to where its SELECT ends.
fn own(part: &str) -> &str {
    let mut depth = 0;
    let end = part.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0 || c == ';'
    });
    part.get(..end.unwrap_or(part.len())).unwrap_or_default()
}

/// What is a scan though no plan says so: an offset that is asked for, and a condition that a parameter switches off,
/// as in `?1 IS NULL OR …`: no index serves it.
fn disguised(sql: &str) -> Vec<String> {
    let is_parameter = |word: &str| word.trim_start_matches('(').starts_with('?');
    let offset = sql.split(" OFFSET ").skip(1).any(is_parameter).then_some("an offset");
    let parts: Vec<_> = sql.split(" IS NULL OR ").collect();
    let switch = parts.windows(2).any(|pair| match pair {
        // A question about another table decides nothing about the rows of this one.
        [before, after] => {
            before.rsplit(' ').next().is_some_and(is_parameter) && !after.starts_with("EXISTS ")
        }
        _ => false,
    });
    offset.into_iter().chain(switch.then_some("a condition that may be none")).map(str::to_owned).collect()
}

/// `text` with single spaces.
pub fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(sql: &str) -> Vec<String> {
        let db = Connection::open_in_memory().unwrap();
        db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true).unwrap();
        db.execute_batch(
            "CREATE TABLE shop_events (seq INTEGER PRIMARY KEY, type, stream);
             CREATE TABLE shop_items (id INTEGER PRIMARY KEY, kind, name, active);
             CREATE INDEX shop_names ON shop_items (name) WHERE active;
             CREATE TABLE shop_cursors (target TEXT PRIMARY KEY, seq);
             CREATE VIRTUAL TABLE shop_search USING fts5 (text);
             CREATE TRIGGER shop_well AFTER INSERT ON shop_events BEGIN
               UPDATE shop_items SET name = NEW.type WHERE id = NEW.stream; END;",
        )
        .unwrap();
        if sql.contains("shop_badly") {
            let bad = "CREATE TRIGGER shop_badly AFTER INSERT ON shop_events BEGIN
                SELECT RAISE(ABORT, 'x') FROM shop_items AS thing WHERE kind = NEW.type; END;";
            db.execute_batch(bad).unwrap();
        }
        Schema::read(&db).unwrap().faults(&db, sql).unwrap()
    }

    #[test]
    fn what_reads_a_whole_table_that_grows_is_a_fault() {
        for bad in [
            "SELECT * FROM shop_items WHERE kind = ?1 LIMIT 1",
            "SELECT count(*) FROM shop_items AS i",
            "SELECT count(*) FROM shop_items i, shop_cursors c",
            "SELECT * FROM shop_items ORDER BY kind LIMIT ?1 OFFSET ?2",
            "SELECT * FROM shop_items WHERE active AND kind = 1 ORDER BY name LIMIT 9",
            "SELECT * FROM shop_items ORDER BY id",
            "SELECT * FROM shop_items AS a, shop_items AS b WHERE a.id = ?1 AND b.kind = a.kind",
            "SELECT 1 FROM (SELECT id FROM shop_items LIMIT 2) AS p JOIN shop_items AS i ON i.kind = p.id LIMIT 1",
            "SELECT id FROM shop_items WHERE ?1 IS NULL OR id < ?1 ORDER BY id LIMIT 1",
            "SELECT count(*) FROM shop_search",
            "DELETE FROM shop_items WHERE kind = 2",
            "WITH those AS (SELECT id FROM shop_items WHERE kind = 1) SELECT * FROM those",
            "INSERT INTO shop_events (type) VALUES ('shop_badly')",
        ] {
            assert!(!faults(bad).is_empty(), "{bad}");
        }
    }

    #[test]
    fn a_range_of_an_index_and_a_page_in_order_are_none() {
        for good in [
            "SELECT * FROM shop_items WHERE id < ?1 ORDER BY id DESC LIMIT 9",
            "SELECT * FROM shop_items ORDER BY id DESC LIMIT ?1",
            "SELECT * FROM shop_items \
             WHERE id IN (SELECT id FROM shop_items WHERE true ORDER BY id LIMIT ?1) ORDER BY id",
            "SELECT * FROM shop_items WHERE active ORDER BY name LIMIT 9",
            "SELECT max(id) FROM shop_items",
            "SELECT * FROM shop_cursors WHERE seq > 9",
            "SELECT value FROM json_each(?1) AS line",
            "SELECT rowid FROM shop_search WHERE shop_search MATCH ?1 LIMIT 9",
            "WITH those (id) AS (SELECT 1 UNION SELECT 2) SELECT * FROM those JOIN shop_items AS i ON i.id = those.id",
            "INSERT INTO shop_events (type) VALUES ('x')",
        ] {
            assert_eq!(faults(good), Vec::<String>::new(), "{good}");
        }
    }
}
