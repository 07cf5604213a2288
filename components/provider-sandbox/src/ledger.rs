//! The sandbox's books, in the database `default`: one statement per booking, its id the key.

use std::sync::{Arc, Mutex, PoisonError};

use spin_sdk::sqlite::wit::sqlite::QueryResult;
use spin_sdk::sqlite::{Connection, Error as SqliteError, Value};
use store::{Error, Row};

use crate::bindings::exports::jangteo::payments::provider::{
    Attempt, Decline, Money, Outcome, Payback, Receipt, RefundRequest, Standing,
};
use crate::cards::Behaviour;

/// The code of a decline that has no other.
const DO_NOT_HONOR: &str = "do_not_honor";

static CONNECTION: Mutex<Option<Arc<Connection>>> = Mutex::new(None);

/// Made when an instance opens its connection; all stay as they are when they exist.
const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS provider_sandbox_payments (
       payment_id TEXT PRIMARY KEY,
       order_id TEXT NOT NULL,
       state TEXT NOT NULL CHECK
         (state IN ('captured', 'authorized', 'declined', 'requires_action', 'pending', 'cancelled')),
       code TEXT,                      -- of a decline
       retryable INTEGER NOT NULL,
       minor_units INTEGER NOT NULL,   -- what was taken or is held
       currency TEXT NOT NULL,
       refunds TEXT NOT NULL CHECK (refunds IN ('good', 'declined', 'lost'))   -- what becomes of them
     )",
    "CREATE TABLE IF NOT EXISTS provider_sandbox_givebacks (
       refund_id TEXT PRIMARY KEY,
       payment_id TEXT NOT NULL REFERENCES provider_sandbox_payments (payment_id),
       minor_units INTEGER NOT NULL CHECK (minor_units >= 0),
       currency TEXT NOT NULL
     )",
    "CREATE INDEX IF NOT EXISTS provider_sandbox_givebacks_of ON provider_sandbox_givebacks (payment_id)",
];

/// Book a charge, unless its id was booked before: the outcome in the books, and whether it was booked now.
pub async fn charge(attempt: &Attempt, behaviour: Behaviour) -> Result<(Outcome, bool), Error> {
    let (state, code, retryable) = match behaviour {
        Behaviour::Declined(code, retryable) => ("declined", Some(code), retryable),
        Behaviour::RequiresAction => ("requires_action", None, false),
        Behaviour::Pending => ("pending", None, false),
        Behaviour::Authorized => ("authorized", None, false),
        _ => ("captured", None, false),
    };
    let refunds = match behaviour {
        Behaviour::RefundsDeclined => "declined",
        Behaviour::RefundsLost => "lost",
        _ => "good",
    };
    let excess = if behaviour == Behaviour::TooMuch { 1 } else { 0 };
    let rows = run(
        "INSERT INTO provider_sandbox_payments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (payment_id) DO NOTHING RETURNING payment_id",
        vec![
            Value::Text(attempt.payment_id.clone()),
            Value::Text(attempt.order_id.clone()),
            Value::Text(state.to_owned()),
            code.map_or(Value::Null, |code| Value::Text(code.to_owned())),
            Value::Integer(i64::from(retryable)),
            Value::Integer(attempt.amount.minor_units.saturating_add(excess)),
            Value::Text(attempt.amount.currency.clone()),
            Value::Text(refunds.to_owned()),
        ],
    )
    .await?;
    Ok((in_the_books(attempt).await?, !rows.is_empty()))
}

/// What the books say of a charge; `None` when they do not have it.
pub async fn status(payment_id: &str) -> Result<Option<Outcome>, Error> {
    let sql = "SELECT state, code, retryable, minor_units, currency FROM provider_sandbox_payments \
               WHERE payment_id = ?1";
    let rows = run(sql, vec![Value::Text(payment_id.to_owned())]).await?;
    rows.first().map(|row| outcome(payment_id, row)).transpose()
}

/// The charge with all that was given back of it; `None` when the books do not have it.
pub async fn standing(payment_id: &str) -> Result<Option<Standing>, Error> {
    let Some(outcome) = status(payment_id).await? else { return Ok(None) };
    let sql = "SELECT refund_id, minor_units, currency FROM provider_sandbox_givebacks WHERE payment_id = ?1";
    let rows = run(sql, vec![Value::Text(payment_id.to_owned())]).await?;
    let refunds = rows.iter().map(payback).collect::<Result<_, _>>()?;
    Ok(Some(Standing { outcome, refunds }))
}

/// One that begins with `dashboard` was entered by hand, into the table: the shop did not ask for it.
fn payback(row: &Row) -> Result<Payback, Error> {
    let id = row.text("refund_id")?;
    let receipt = receipt(format!("sandbox_refund_{id}"), row)?;
    Ok(Payback { receipt, refund_id: (!id.starts_with("dashboard")).then_some(id) })
}

/// Take what is held, or what the payer has confirmed: who asks for that is the sandbox's page.
pub async fn capture(attempt: &Attempt) -> Result<Outcome, Error> {
    let sql = "UPDATE provider_sandbox_payments SET state = 'captured' \
               WHERE payment_id = ?1 AND state IN ('authorized', 'requires_action')";
    run(sql, vec![Value::Text(attempt.payment_id.clone())]).await?;
    in_the_books(attempt).await
}

/// Give up what was not taken. A charge that comes later finds it given up.
pub async fn cancel(attempt: &Attempt) -> Result<Outcome, Error> {
    run(
        "INSERT INTO provider_sandbox_payments VALUES (?1, ?2, 'cancelled', NULL, 0, 0, ?3, 'good') \
         ON CONFLICT (payment_id) DO UPDATE SET state = 'cancelled' \
         WHERE state IN ('authorized', 'requires_action', 'pending')",
        vec![
            Value::Text(attempt.payment_id.clone()),
            Value::Text(attempt.order_id.clone()),
            Value::Text(attempt.amount.currency.clone()),
        ],
    )
    .await?;
    in_the_books(attempt).await
}

/// Book a refund, unless its id was booked before, or more would be given back than was taken: the outcome in the
/// books, and whether the answer is lost.
pub async fn refund(request: &RefundRequest) -> Result<(Outcome, bool), Error> {
    let booked = run(
        "INSERT INTO provider_sandbox_givebacks \
         SELECT ?1, ?2, ?3, ?4 FROM provider_sandbox_payments AS charge \
         WHERE charge.payment_id = ?2 AND charge.state = 'captured' AND charge.currency = ?4 \
           AND charge.refunds <> 'declined' AND ?3 <= charge.minor_units \
           - (SELECT coalesce(sum(minor_units), 0) FROM provider_sandbox_givebacks WHERE payment_id = ?2) \
         ON CONFLICT (refund_id) DO NOTHING \
         RETURNING (SELECT refunds FROM provider_sandbox_payments AS charge WHERE charge.payment_id = ?2) AS refunds",
        vec![
            Value::Text(request.refund_id.clone()),
            Value::Text(request.attempt.payment_id.clone()),
            Value::Integer(request.amount.minor_units),
            Value::Text(request.amount.currency.clone()),
        ],
    )
    .await?;
    let lost =
        booked.first().map_or(Ok(false), |row| row.text("refunds").map(|refunds| refunds == "lost"))?;
    let sql = "SELECT minor_units, currency FROM provider_sandbox_givebacks WHERE refund_id = ?1";
    let rows = run(sql, vec![Value::Text(request.refund_id.clone())]).await?;
    let outcome = match rows.first() {
        Some(row) => Outcome::Captured(receipt(format!("sandbox_refund_{}", request.refund_id), row)?),
        None => no(DO_NOT_HONOR.to_owned(), false),
    };
    Ok((outcome, lost))
}

async fn in_the_books(attempt: &Attempt) -> Result<Outcome, Error> {
    let outcome = status(&attempt.payment_id).await?;
    outcome.ok_or_else(|| Error::Database("a charge that was booked is not there".to_owned()))
}

fn outcome(payment_id: &str, row: &Row) -> Result<Outcome, Error> {
    let receipt = || receipt(format!("sandbox_charge_{payment_id}"), row);
    Ok(match row.text("state")?.as_str() {
        "captured" => Outcome::Captured(receipt()?),
        "authorized" => Outcome::Authorized(receipt()?),
        "cancelled" => Outcome::Cancelled,
        "declined" => {
            let code = row.opt_text("code")?.unwrap_or_else(|| DO_NOT_HONOR.to_owned());
            no(code, row.bool("retryable")?)
        }
        "requires_action" => Outcome::RequiresAction(format!("/api/payments/sandbox/3ds/{payment_id}")),
        _ => Outcome::Pending,
    })
}

fn no(code: String, retryable: bool) -> Outcome {
    Outcome::Declined(Decline { code, retryable, provider_code: None })
}

/// The receipt of what a row has booked.
fn receipt(reference: String, row: &Row) -> Result<Receipt, Error> {
    let amount = Money { minor_units: row.int("minor_units")?, currency: row.text("currency")? };
    Ok(Receipt { reference, amount })
}

/// Run one statement. After an error the next one gets a fresh connection.
async fn run(sql: &str, params: Vec<Value>) -> Result<Vec<Row>, Error> {
    let connection = connection().await?;
    let rows = rows(&connection, sql, params).await;
    if rows.is_err() {
        *slot() = None;
    }
    Ok(rows?)
}

async fn rows(connection: &Connection, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, SqliteError> {
    let answer = connection.execute(sql, params).await?;
    let columns = answer.columns().to_vec();
    Ok(Row::all(QueryResult { columns, rows: answer.collect().await? }))
}

/// The instance's connection. Calls that come together may each open one; the last is kept.
async fn connection() -> Result<Arc<Connection>, SqliteError> {
    if let Some(open) = slot().clone() {
        return Ok(open);
    }
    let fresh = Connection::open_default().await?;
    for table in TABLES {
        rows(&fresh, table, Vec::new()).await?;
    }
    let fresh = Arc::new(fresh);
    *slot() = Some(fresh.clone());
    Ok(fresh)
}

fn slot() -> std::sync::MutexGuard<'static, Option<Arc<Connection>>> {
    CONNECTION.lock().unwrap_or_else(PoisonError::into_inner)
}
