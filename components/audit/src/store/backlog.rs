//! Entries from before the chain: they get their hashes when the end of the chain is first asked for.

use chain::Link;
use serde_json::{Value, json};
use store::{Error, Row, params};

use super::{DB, headless};

/// The end of the chain. Instances that chain the backlog at the same time compute the same.
pub async fn head() -> Result<(i64, String), Error> {
    let row = DB.query_one("SELECT seq, hash FROM audit_head", params![]).await?.ok_or_else(headless)?;
    let (seq, hash) = (row.int(0)?, row.text(1)?);
    if hash.is_empty() { chain_backlog(seq).await } else { Ok((seq, hash)) }
}

async fn chain_backlog(head: i64) -> Result<(i64, String), Error> {
    const NEXT: &str =
        "SELECT seq, received_at, event, hash FROM audit_log WHERE seq > ?1 ORDER BY seq LIMIT 500";
    const CHAIN: &str = "UPDATE audit_log SET hash = (SELECT value ->> 1 FROM json_each(?1) WHERE value ->> 0 = audit_log.seq) \
        WHERE hash = '' AND seq IN (SELECT value ->> 0 FROM json_each(?1))";
    let (mut seq, mut hash) = (0, chain::GENESIS.to_owned());
    while seq < head {
        let rows = DB.query(NEXT, params![seq]).await?;
        let mut chained = Vec::with_capacity(rows.len());
        for row in &rows {
            (seq, hash) = link(row, &hash)?;
            chained.push(json!([seq, hash]));
        }
        if chained.is_empty() {
            break;
        }
        DB.execute(CHAIN, params![Value::Array(chained).to_string()]).await?;
    }
    DB.execute("UPDATE audit_head SET hash = ?1 WHERE hash = '' AND seq = ?2", params![hash.as_str(), seq])
        .await?;
    Ok((seq, hash))
}

fn link(row: &Row, prev_hash: &str) -> Result<(i64, String), Error> {
    let (sequence, received_at, event) = (row.int(0)?, row.text(1)?, row.text(2)?);
    let link = Link { sequence, received_at: &received_at, event: &event, prev_hash };
    Ok((sequence, link.hash()))
}
