//! When the provider may be asked about a payment because somebody said so. Leases, not history.

use contract::PaymentId;
use store::{Error, Timestamp, params};

use super::{COLUMNS, DB, payment};
use crate::domain::{HINT_EVERY_SECONDS, Payment};

/// Take the lease to ask the provider because of a hint: one request per payment and time gets it. The next one notes
/// that there was another hint, and those after it write nothing.
pub async fn claim(payment_id: PaymentId) -> Result<bool, Error> {
    let sql = "INSERT INTO payments_hints (payment_id, ask_after, again) VALUES (?1, ?2, 0) \
               ON CONFLICT (payment_id) DO UPDATE SET \
                 ask_after = CASE WHEN ask_after <= ?3 THEN excluded.ask_after ELSE ask_after END, \
                 again = CASE WHEN ask_after <= ?3 THEN 0 ELSE 1 END \
               WHERE ask_after <= ?3 OR again = 0 \
               RETURNING again";
    let row = DB.query_one(sql, times(payment_id)).await?;
    Ok(row.is_some_and(|row| row.int("again").is_ok_and(|again| again == 0)))
}

/// As [`claim`], where a hint was left since the provider was asked, and no word is left.
pub async fn claim_left(payment_id: PaymentId) -> Result<bool, Error> {
    let sql = "UPDATE payments_hints SET ask_after = ?2, again = 0 \
               WHERE payment_id = ?1 AND again = 1 AND ask_after <= ?3 RETURNING payment_id";
    Ok(DB.query_one(sql, times(payment_id)).await?.is_some())
}

/// Leave word that the provider is to be asked.
pub async fn leave(payment_id: PaymentId) -> Result<(), Error> {
    let sql = "INSERT INTO payments_hints (payment_id, ask_after, again) VALUES (?1, ?2, 1) \
               ON CONFLICT (payment_id) DO UPDATE SET again = 1";
    DB.execute(sql, params![payment_id.to_string(), Timestamp::now().to_string()]).await
}

/// Payments with a hint that is due, those that wait longest first.
pub async fn due(limit: i64) -> Result<Vec<Payment>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_payments WHERE id IN (SELECT payment_id FROM payments_hints \
         WHERE again = 1 AND ask_after <= ?1 ORDER BY ask_after LIMIT ?2)"
    );
    DB.query(&sql, params![Timestamp::now().to_string(), limit]).await?.iter().map(payment).collect()
}

/// The payment, when it may be asked for again, and now.
fn times(payment_id: PaymentId) -> Vec<store::Value> {
    let now = Timestamp::now();
    params![payment_id.to_string(), now.plus_seconds(HINT_EVERY_SECONDS).to_string(), now.to_string()]
}
