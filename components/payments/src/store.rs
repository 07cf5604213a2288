//! All SQL of the service.

pub mod breaker;
pub mod disputes;
pub mod hints;
pub mod history;
pub mod refunds;

use contract::{OrderId, PaymentId, UserId};
use store::{Db, Error, Row, Timestamp, params, upper_bound};

use crate::card::Face;
use crate::domain::{ASK_EVERY_SECONDS, Payment};

/// The tables, prefixed `payments_`.
pub static DB: Db = Db::new("payments", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] = &[store::sql!("../migrations/0001_tables.sql")];
const FOLD: &str = store::sql!("../migrations/fold.sql");

const COLUMNS: &str = "id, order_id, buyer_id, state, amount, currency, refunded, refunding, provider, reference, \
                       card_brand, card_last4, card_expiry, failure_code, failure_retryable, failure_provider_code, \
                       action_url, booked, booked_currency, ask_after, version, created_at, updated_at";

fn payment(row: &Row) -> Result<Payment, Error> {
    Ok(Payment {
        id: row.parsed("id")?,
        order_id: row.parsed("order_id")?,
        buyer_id: row.parsed("buyer_id")?,
        state: row.parsed("state")?,
        amount: row.int("amount")?,
        currency: row.currency("currency")?,
        refunded: row.int("refunded")?,
        refunding: row.int("refunding")?,
        provider: row.text("provider")?,
        reference: row.opt_text("reference")?,
        card: Face {
            brand: row.text("card_brand")?,
            last4: row.text("card_last4")?,
            expiry: row.text("card_expiry")?,
        },
        failure: failure(row)?,
        provider_code: row.opt_text("failure_provider_code")?,
        action_url: row.opt_text("action_url")?,
        booked: row.opt_int("booked")?.zip(row.opt_text("booked_currency")?),
        ask_after: row.parsed("ask_after")?,
        version: row.int("version")?,
        created_at: row.parsed("created_at")?,
        updated_at: row.parsed("updated_at")?,
    })
}

/// Why it was declined or failed, and whether it may be tried again.
fn failure(row: &Row) -> Result<Option<(String, bool)>, Error> {
    let (code, retryable) = (row.opt_text("failure_code")?, row.opt_int("failure_retryable")?);
    Ok(code.map(|code| (code, retryable.unwrap_or(0) != 0)))
}

/// The payment with this id.
pub async fn find(id: PaymentId) -> Result<Option<Payment>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payments_payments WHERE id = ?1");
    DB.query_one(&sql, params![id.to_string()]).await?.as_ref().map(payment).transpose()
}

/// The payment of `provider` that it knows by `reference`.
pub async fn find_by_reference(provider: &str, reference: &str) -> Result<Option<Payment>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payments_payments WHERE reference = ?1 AND provider = ?2");
    DB.query_one(&sql, params![reference, provider]).await?.as_ref().map(payment).transpose()
}

/// The payment that keeps another one of this order from being started.
pub async fn live(order_id: OrderId) -> Result<Option<Payment>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_payments WHERE order_id = ?1 AND late = 0 \
         AND state IN ('PENDING', 'AUTHORIZED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'CONFLICT')"
    );
    DB.query_one(&sql, params![order_id.to_string()]).await?.as_ref().map(payment).transpose()
}

/// The payment of an order that the provider has not decided, if there is one.
pub async fn open_of(order_id: OrderId) -> Result<Option<Payment>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_payments WHERE order_id = ?1 AND state IN ('PENDING', 'AUTHORIZED')"
    );
    DB.query_one(&sql, params![order_id.to_string()]).await?.as_ref().map(payment).transpose()
}

/// Payments of `buyer`, newest first, older than `after`.
pub async fn list_of(buyer: UserId, after: Option<PaymentId>, limit: i64) -> Result<Vec<Payment>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_payments WHERE buyer_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
    );
    let params = params![buyer.to_string(), upper_bound(after), limit];
    DB.query(&sql, params).await?.iter().map(payment).collect()
}

/// Everyone's payments, newest first, older than `after`.
pub async fn list_all(after: Option<PaymentId>, limit: i64) -> Result<Vec<Payment>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payments_payments WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
    DB.query(&sql, params![upper_bound(after), limit]).await?.iter().map(payment).collect()
}

/// Payments whose fate is to be asked for, those that wait longest first.
pub async fn due(limit: i64) -> Result<Vec<Payment>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_payments WHERE state IN ('PENDING', 'AUTHORIZED') AND ask_after <= ?1 \
         ORDER BY ask_after LIMIT ?2"
    );
    DB.query(&sql, params![Timestamp::now().to_string(), limit]).await?.iter().map(payment).collect()
}

/// Whether the order of the payment with this id will not have it.
pub async fn is_due_back(id: PaymentId) -> Result<bool, Error> {
    let sql = "SELECT due_back FROM payments_payments WHERE id = ?1";
    DB.query_one(sql, params![id.to_string()]).await?.map_or(Ok(false), |row| row.bool("due_back"))
}

/// Payments of which all is to go back and some was not asked for, when no refund of theirs is to be asked for again.
pub async fn due_back(limit: i64) -> Result<Vec<Payment>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_payments AS payment \
         WHERE due_back = 1 AND state IN ('CAPTURED', 'PARTIALLY_REFUNDED') AND refunded + refunding < amount \
           AND NOT EXISTS (SELECT 1 FROM payments_refunds WHERE payment_id = payment.id AND owed = 1) \
         ORDER BY id LIMIT ?1"
    );
    DB.query(&sql, params![limit]).await?.iter().map(payment).collect()
}

/// How many payments are in conflict, by provider.
pub async fn count_conflicts() -> Result<Vec<(String, i64)>, Error> {
    let sql = "SELECT provider, count(*) AS conflicts FROM payments_payments \
               WHERE state = 'CONFLICT' GROUP BY provider";
    let count = |row: &Row| Ok((row.text("provider")?, row.int("conflicts")?));
    DB.query(sql, params![]).await?.iter().map(count).collect()
}

/// Take the right to ask the provider about a payment that is due: one request at a time gets it. When to ask
/// again is nobody's business but ours, so it is no event.
pub async fn claim(id: PaymentId) -> Result<bool, Error> {
    let now = Timestamp::now();
    let sql = "UPDATE payments_payments SET ask_after = ?2 \
               WHERE id = ?1 AND state IN ('PENDING', 'AUTHORIZED') AND ask_after <= ?3 RETURNING id";
    let next = now.plus_seconds(ASK_EVERY_SECONDS).to_string();
    Ok(DB.query_one(sql, params![id.to_string(), next, now.to_string()]).await?.is_some())
}

/// Whether the event of another service with this id was answered before.
pub async fn was_answered(cause: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM payments_events WHERE cause = ?1";
    Ok(DB.query_one(sql, params![cause]).await?.is_some())
}

/// Whether a failed append means that the order has a live payment.
pub fn is_live(error: &Error) -> bool {
    error.is_unique("payments_payments.order_id")
}

/// Whether a failed append means that its buyer tries too many cards.
pub fn is_too_many(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "too_many_attempts")
}

/// When the oldest of the last `limit` tries of a buyer was made.
pub async fn oldest_try(buyer_id: UserId, limit: i64) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT min(created_at) AS oldest FROM (SELECT created_at FROM payments_payments \
               INDEXED BY payments_tries WHERE buyer_id = ?1 \
               AND state IN ('PENDING', 'AUTHORIZED', 'DECLINED', 'CANCELLED') \
               ORDER BY created_at DESC LIMIT ?2)";
    DB.query_one(sql, params![buyer_id.to_string(), limit])
        .await?
        .map_or(Ok(None), |row| row.opt_parsed("oldest"))
}

/// Whether a failed append means that something else happened to the payment meanwhile.
pub fn is_outrun(error: &Error) -> bool {
    error.is_unique("payments_events.version")
        || DB.is_answered(error)
        || matches!(error, Error::Refused { code, .. } if code == "invalid_transition" || code == "refund_settled")
}
