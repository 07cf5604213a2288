//! Disputes, as the fold of `dispute.recorded` leaves them.

use contract::PaymentId;
use money::Currency;
use store::{Error, Row, Timestamp, params};

use super::DB;

/// A dispute of a payment.
pub struct Dispute {
    /// The provider's own.
    pub id: String,
    /// In minor units of `currency`.
    pub amount: i64,
    pub currency: Currency,
    pub reason: String,
    pub status: String,
    pub created_at: Timestamp,
}

fn dispute(row: &Row) -> Result<Dispute, Error> {
    Ok(Dispute {
        id: row.text("id")?,
        amount: row.int("amount")?,
        currency: row.currency("currency")?,
        reason: row.text("reason")?,
        status: row.text("status")?,
        created_at: row.parsed("created_at")?,
    })
}

/// Disputes of a payment, after the one with id `after`.
pub async fn list(payment_id: PaymentId, after: Option<&str>, limit: i64) -> Result<Vec<Dispute>, Error> {
    let sql = "SELECT id, amount, currency, reason, status, created_at FROM payments_disputes \
               WHERE payment_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    DB.query(sql, params![payment_id.to_string(), after.unwrap_or_default(), limit])
        .await?
        .iter()
        .map(dispute)
        .collect()
}

/// How many disputes are to be decided, by provider.
pub async fn open() -> Result<Vec<(String, i64)>, Error> {
    let sql =
        "SELECT provider, count(*) AS disputes FROM payments_disputes WHERE is_open = 1 GROUP BY provider";
    let count = |row: &Row| Ok((row.text("provider")?, row.int("disputes")?));
    DB.query(sql, params![]).await?.iter().map(count).collect()
}
