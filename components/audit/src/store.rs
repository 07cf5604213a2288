//! All SQL of the service. Here: the tables and reading. `store/chain.rs` adds to the chain, `store/checkpoints.rs`
//! keeps and cuts, `store/search.rs` searches.

pub mod chain;
mod checkpoints;
mod search;

use contract::Id;
use store::{Db, Error, Row, params};

use crate::domain::{Attributes, Entry};

pub use checkpoints::{Kept, attesting, checkpoints, last_before, overdue};
pub use search::list;

/// The tables, prefixed `audit_`.
pub static DB: Db = Db::new("audit", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] = &[store::sql!("../migrations/0001_tables.sql")];
const FOLD: &str = store::sql!("../migrations/fold.sql");

/// An entry with the hash before it; that of the first is the cut's, or all zeros.
const COLUMNS: &str = "l.seq, l.received_at, l.event, l.hash, coalesce( \
    (SELECT hash FROM audit_log AS p WHERE p.seq = l.seq - 1), \
    (SELECT hash FROM audit_checkpoints AS c WHERE c.seq = l.seq - 1 AND c.cut), \
    '0000000000000000000000000000000000000000000000000000000000000000') AS prev_hash";

fn entry(row: &Row) -> Result<Entry, Error> {
    Ok(Entry {
        seq: row.int("seq")?,
        received_at: row.parsed("received_at")?,
        event: row.json("event")?,
        hash: row.text("hash")?,
        prev_hash: row.text("prev_hash")?,
    })
}

/// The event with this id, a UUID in any case; the first that came, should several sources use the same.
pub async fn find(id: &str) -> Result<Option<Entry>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM audit_log AS l WHERE l.id IN (?1, ?2) ORDER BY l.seq LIMIT 1");
    let lower = id.parse().map_or_else(|_| id.to_owned(), |id: Id<()>| id.to_string());
    DB.query_one(&sql, params![id, lower]).await?.as_ref().map(entry).transpose()
}

/// Events after the entry `after`, oldest first.
pub async fn feed(after: i64, source: Option<String>, limit: i64) -> Result<Vec<Entry>, Error> {
    let (mut params, mut only) = (params![after, limit], "");
    if let Some(source) = source {
        params.push(source.into());
        only = "l.source = ?3 AND";
    }
    let sql = format!("SELECT {COLUMNS} FROM audit_log AS l WHERE {only} l.seq > ?1 ORDER BY l.seq LIMIT ?2");
    DB.query(&sql, params).await?.iter().map(entry).collect()
}

/// An entry as it lies in the table.
pub struct Stored {
    pub seq: i64,
    /// As it was hashed.
    pub received_at: String,
    /// Canonical JSON.
    pub event: String,
    pub hash: String,
    /// What is searched for; must be what the event says.
    pub attributes: Attributes,
}

/// Entries from `from` to `to`, as far as a page goes.
pub async fn page(from: i64, to: i64) -> Result<Vec<Stored>, Error> {
    const SQL: &str = "SELECT seq, received_at, event, hash, source, id, type, subject, actor, time \
        FROM audit_log WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq LIMIT 200";
    let stored = |row: &Row| {
        let attributes = Attributes {
            source: row.text("source")?,
            id: row.text("id")?,
            kind: row.text("type")?,
            subject: row.opt_text("subject")?,
            actor: row.opt_text("actor")?,
            time: row.text("time")?,
        };
        Ok(Stored {
            seq: row.int("seq")?,
            received_at: row.text("received_at")?,
            event: row.text("event")?,
            hash: row.text("hash")?,
            attributes,
        })
    };
    DB.query(SQL, params![from, to]).await?.iter().map(stored).collect()
}

/// Where the chain begins and ends.
pub struct Ends {
    /// The last entry that was cut off; 0 when none was.
    pub cut: (i64, String),
    /// The end of the chain.
    pub head: (i64, String),
    /// The last entry there is; the head's, if all is well.
    pub last: i64,
    /// The furthest that a checkpoint knows of.
    pub attested: i64,
}

/// Read both ends of the chain, at one moment.
pub async fn ends() -> Result<Ends, Error> {
    const SQL: &str = "SELECT coalesce(c.seq, 0) AS cut, \
        coalesce(c.hash, '0000000000000000000000000000000000000000000000000000000000000000') AS cut_hash, \
        h.seq AS head, h.hash AS head_hash, coalesce((SELECT max(seq) FROM audit_log), coalesce(c.seq, 0)) AS last, \
        coalesce((SELECT max(seq) FROM audit_checkpoints), 0) AS attested \
        FROM audit_head AS h \
        LEFT JOIN (SELECT seq, hash FROM audit_checkpoints WHERE cut ORDER BY seq DESC LIMIT 1) AS c";
    let row = DB.query_one(SQL, params![]).await?.ok_or_else(headless)?;
    Ok(Ends {
        cut: (row.int("cut")?, row.text("cut_hash")?),
        head: (row.int("head")?, row.text("head_hash")?),
        last: row.int("last")?,
        attested: row.int("attested")?,
    })
}

/// The hash of the entry `seq`.
pub async fn hash_of(seq: i64) -> Result<Option<String>, Error> {
    let row = DB.query_one("SELECT hash FROM audit_log WHERE seq = ?1", params![seq]).await?;
    row.map(|row| row.text("hash")).transpose()
}

fn headless() -> Error {
    Error::Database("audit_head is empty".to_owned())
}
