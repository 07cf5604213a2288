//! Checkpoints, and the entries that are older than they may be.

use chain::Checkpoint;
use store::{Error, Row, Timestamp, params};

use super::DB;

/// The most entries that one step of a cut removes: its statement holds the write lock meanwhile.
const CUT: i64 = 5_000;

/// Checkpoints that are read at a time.
const PAGE: i64 = 500;

/// A checkpoint of the log.
pub struct Kept {
    /// Its place among the checkpoints.
    pub number: i64,
    pub checkpoint: Checkpoint,
    /// Whether the entries up to it were removed.
    pub cut: bool,
}

const COLUMNS: &str = "number, seq, hash, time, public_key, signature, cut";

fn kept(row: &Row) -> Result<Kept, Error> {
    let checkpoint = Checkpoint {
        sequence: row.int("seq")?,
        hash: row.text("hash")?,
        time: row.text("time")?,
        public_key: row.text("public_key")?,
        signature: row.text("signature")?,
    };
    Ok(Kept { number: row.int("number")?, checkpoint, cut: row.bool("cut")? })
}

/// Checkpoints, newest first, from before `after` on.
pub async fn checkpoints(after: Option<i64>, limit: i64) -> Result<Vec<Kept>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM audit_checkpoints WHERE number < ?1 ORDER BY number DESC LIMIT ?2");
    DB.query(&sql, params![after.unwrap_or(i64::MAX), limit]).await?.iter().map(kept).collect()
}

/// Checkpoints that speak of entries up to `to`, in the entries' order, after the one at this place: its entry and its
/// number. As many as a page has.
pub async fn attesting((seq, number): (i64, i64), to: i64) -> Result<Vec<Kept>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_checkpoints WHERE (seq, number) > (?1, ?2) AND seq <= ?3 \
         ORDER BY seq, number LIMIT {PAGE}"
    );
    DB.query(&sql, params![seq, number, to]).await?.iter().map(kept).collect()
}

/// Whether the oldest entry came before `limit`.
pub async fn overdue(limit: Timestamp) -> Result<bool, Error> {
    let oldest = "SELECT received_at < ?1 AS overdue FROM audit_log ORDER BY seq LIMIT 1";
    let row = DB.query_one(oldest, params![limit.to_string()]).await?;
    row.map_or(Ok(false), |row| row.bool("overdue"))
}

/// The oldest entries, as far as they are to be removed at once.
pub struct Overdue {
    pub entries: i64,
    /// The last one's place and hash.
    pub last: i64,
    pub hash: String,
}

/// The oldest entries that all came before `limit`.
pub async fn last_before(limit: Timestamp) -> Result<Option<Overdue>, Error> {
    const SQL: &str = "SELECT seq, hash, seq - (SELECT min(seq) FROM audit_log) + 1 AS entries FROM audit_log \
        WHERE seq < coalesce( \
        (SELECT min(seq) FROM (SELECT seq, received_at FROM audit_log ORDER BY seq LIMIT ?2) WHERE received_at >= ?1), \
        (SELECT min(seq) + ?2 FROM audit_log)) ORDER BY seq DESC LIMIT 1";
    let row = DB.query_one(SQL, params![limit.to_string(), CUT]).await?;
    let overdue = |row: Row| {
        Ok(Overdue { last: row.int("seq")?, hash: row.text("hash")?, entries: row.int("entries")? })
    };
    row.map(overdue).transpose()
}
