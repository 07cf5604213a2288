//! The audit log, chained anew by somebody who may write to everything.

use chain::{GENESIS, Link};
use rusqlite::{Connection, Result};

/// Give every entry the hash that it would have if it had always been what it is now.
///
/// # Errors
/// When the database refuses it: its triggers have to be gone.
pub fn rechain(db: &Connection) -> Result<()> {
    let mut entries = db.prepare("SELECT seq, received_at, event FROM audit_log ORDER BY seq")?;
    let entry = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let entries = entries.query_map([], entry)?.collect::<Result<Vec<(i64, String, String)>>>()?;
    let mut chained = db.prepare("UPDATE audit_log SET hash = ?2 WHERE seq = ?1")?;
    let (mut last, mut hash) = (0, GENESIS.to_owned());
    for (sequence, received_at, event) in &entries {
        hash = Link { sequence: *sequence, received_at, event, prev_hash: &hash }.hash();
        chained.execute((sequence, &hash))?;
        last = *sequence;
    }
    db.execute("UPDATE audit_head SET seq = ?1, hash = ?2", (last, hash)).map(drop)
}
