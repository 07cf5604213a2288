//! Refunds, as the fold of `payment.refund_*` leaves them.

use contract::{PaymentId, RefundId};
use store::{Error, Row, Timestamp, params};

use super::DB;
use crate::domain::{ASK_EVERY_SECONDS, Refund};

const COLUMNS: &str = "id, payment_id, state, amount, reason, restock, failure_code, retries, owed, retry_at, \
                       booked, created_at, updated_at";
/// How long one request has the right to ask again for a refund that was refused, in seconds: while it asks the
/// provider twice. When it came to nothing, the next one may after that.
const CLAIMED_FOR: i64 = 60;

fn refund(row: &Row) -> Result<Refund, Error> {
    Ok(Refund {
        id: row.parsed("id")?,
        payment_id: row.parsed("payment_id")?,
        state: row.parsed("state")?,
        amount: row.int("amount")?,
        reason: row.text("reason")?,
        restock: row.bool("restock")?,
        failure: row.opt_text("failure_code")?,
        retries: row.int("retries")?,
        owed: row.bool("owed")?,
        retry_at: row.opt_parsed("retry_at")?,
        booked: row.opt_int("booked")?,
        created_at: row.parsed("created_at")?,
        updated_at: row.parsed("updated_at")?,
    })
}

/// The refund with this id.
pub async fn find(id: RefundId) -> Result<Option<Refund>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payments_refunds WHERE id = ?1");
    DB.query_one(&sql, params![id.to_string()]).await?.as_ref().map(refund).transpose()
}

/// Refunds of a payment, oldest first, after the one with id `after`.
pub async fn list(payment_id: PaymentId, after: Option<RefundId>, limit: i64) -> Result<Vec<Refund>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_refunds WHERE payment_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let after = after.map(String::from).unwrap_or_default();
    DB.query(&sql, params![payment_id.to_string(), after, limit]).await?.iter().map(refund).collect()
}

/// Refunds whose fate is to be asked for, those that wait longest first.
pub async fn due(limit: i64) -> Result<Vec<Refund>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_refunds WHERE state = 'PENDING' AND ask_after <= ?1 ORDER BY ask_after LIMIT ?2"
    );
    DB.query(&sql, params![Timestamp::now().to_string(), limit]).await?.iter().map(refund).collect()
}

/// Refunds of one payment whose fate is to be asked for.
pub async fn due_of(payment_id: PaymentId, limit: i64) -> Result<Vec<Refund>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_refunds \
         WHERE payment_id = ?1 AND state = 'PENDING' AND ask_after <= ?2 LIMIT ?3"
    );
    let params = params![payment_id.to_string(), Timestamp::now().to_string(), limit];
    DB.query(&sql, params).await?.iter().map(refund).collect()
}

/// Take the right to ask the provider for a refund that is due, as for payments.
pub async fn claim(id: RefundId) -> Result<bool, Error> {
    let now = Timestamp::now();
    let sql = "UPDATE payments_refunds SET ask_after = ?2 \
               WHERE id = ?1 AND state = 'PENDING' AND ask_after <= ?3 RETURNING id";
    let next = now.plus_seconds(ASK_EVERY_SECONDS).to_string();
    Ok(DB.query_one(sql, params![id.to_string(), next, now.to_string()]).await?.is_some())
}

/// Refunds that were refused and are to be asked for again, those that wait longest first.
pub async fn owed(limit: i64) -> Result<Vec<Refund>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_refunds WHERE owed = 1 AND retry_at <= ?1 ORDER BY retry_at LIMIT ?2"
    );
    DB.query(&sql, params![Timestamp::now().to_string(), limit]).await?.iter().map(refund).collect()
}

/// Take the right to ask again for a refund that is [`owed`], as for one that is pending.
pub async fn claim_owed(id: RefundId) -> Result<bool, Error> {
    let now = Timestamp::now();
    let sql = "UPDATE payments_refunds SET retry_at = ?2 WHERE id = ?1 AND owed = 1 AND retry_at <= ?3 RETURNING id";
    let until = now.plus_seconds(CLAIMED_FOR).to_string();
    Ok(DB.query_one(sql, params![id.to_string(), until, now.to_string()]).await?.is_some())
}

/// Refunds of a payment that the provider booked otherwise than was asked. A payment has a few at most.
pub async fn in_conflict(payment_id: PaymentId) -> Result<Vec<Refund>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payments_refunds WHERE payment_id = ?1 AND state = 'CONFLICT'");
    DB.query(&sql, params![payment_id.to_string()]).await?.iter().map(refund).collect()
}

/// How many refunds are owed, by provider.
pub async fn count_owed() -> Result<Vec<(String, i64)>, Error> {
    let sql = "SELECT provider, count(*) AS refunds FROM payments_refunds AS refund \
               JOIN payments_payments AS payment ON payment.id = refund.payment_id WHERE owed = 1 GROUP BY provider";
    let count = |row: &Row| Ok((row.text("provider")?, row.int("refunds")?));
    DB.query(sql, params![]).await?.iter().map(count).collect()
}

/// Whether a failed append means that more would be given back than was taken.
pub fn exceeds(error: &Error) -> bool {
    matches!(error, Error::Check(name) if name.contains("refund_exceeds_captured"))
}
