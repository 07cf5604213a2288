//! The payment history: what was paid when, and what it sums up to.
//!
//! Ids begin with the time of creation (UUIDv7), so that a page's cursor and a range of times are ranges of ids.

use contract::{PaymentId, UserId};
use money::Currency;
use store::{AFTER_ALL, Error, Row, Timestamp, Value, params, upper_bound};

use super::{COLUMNS, DB, payment};
use crate::domain::Payment;

/// Which payments are asked for; `None` is any.
#[derive(Hash)]
pub struct Filter {
    pub buyer: Option<UserId>,
    pub status: Option<&'static str>,
    /// RFC 3339 of fixed width; this moment is in.
    pub from: Option<String>,
    /// The same; this moment is out.
    pub to: Option<String>,
}

/// The sums of one currency, in its minor units.
pub struct Total {
    pub currency: Currency,
    pub payments: i64,
    /// Taken, whether or not it was given back.
    pub captured: i64,
    pub refunded: i64,
}

/// An id is made before the time that its payment carries; seconds that cover it, waiting for the write lock included.
const SLACK: i64 = 60;
const DAY: i64 = 86_400_000;
/// How a single payment counts.
const ONE: &str = "currency, 1 AS payments, \
    iif(state IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED'), amount, 0) AS captured, refunded";

/// The payments that match, newest first, older than `after`.
pub async fn list(filter: &Filter, after: Option<PaymentId>, limit: i64) -> Result<Vec<Payment>, Error> {
    let mut select =
        Select { conditions: "id < ?2".to_owned(), params: params![limit, before(filter, after)] };
    select.narrow(filter);
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_payments WHERE {} ORDER BY id DESC LIMIT ?1",
        select.conditions
    );
    DB.query(&sql, select.params).await?.iter().map(payment).collect()
}

/// What all payments that match sum up to, by currency. A buyer's are looked at one by one, everyone's day by day.
pub async fn totals(filter: &Filter) -> Result<Vec<Total>, Error> {
    let (rows, params) = match filter.buyer {
        Some(_) => one_by_one(filter),
        None => day_by_day(filter),
    };
    let sql = format!(
        "SELECT currency, sum(payments) AS payments, sum(captured) AS captured, sum(refunded) AS refunded \
         FROM ({rows}) GROUP BY currency HAVING sum(payments) > 0 ORDER BY currency LIMIT 200"
    );
    DB.query(&sql, params).await?.iter().map(total).collect()
}

/// Conditions and their parameters, made together: each statement has only what is asked for, and so its index.
struct Select {
    conditions: String,
    params: Vec<Value>,
}

impl Select {
    fn and(&mut self, condition: &str, value: &str) {
        self.params.push(Value::from(value));
        self.conditions.push_str(&format!(" AND {condition} ?{}", self.params.len()));
    }

    /// `+state` keeps the planner off the index on the state, where a buyer's is better.
    fn narrow(&mut self, filter: &Filter) {
        let state = if filter.buyer.is_some() { "+state =" } else { "state =" };
        let first =
            filter.from.as_deref().and_then(Timestamp::parse).map(|from| first_id(from.plus_seconds(-SLACK)));
        let buyer = filter.buyer.map(String::from);
        let wanted = [
            ("buyer_id =", buyer.as_deref()),
            (state, filter.status),
            ("id >=", first.as_deref()),
            ("+created_at >=", filter.from.as_deref()),
            ("+created_at <", filter.to.as_deref()),
        ];
        for (condition, value) in wanted {
            if let Some(value) = value {
                self.and(condition, value);
            }
        }
    }
}

/// What every id of a payment that is made at `moment` or later sorts after: the id's first 48 bits.
fn first_id(moment: Timestamp) -> String {
    let milliseconds = moment.0.max(0);
    format!("{:08x}-{:04x}", milliseconds >> 16, milliseconds & 0xffff)
}

/// The id before which a list begins. An id is not made after the time that its payment carries.
fn before(filter: &Filter, after: Option<PaymentId>) -> String {
    let to = filter.to.as_deref().and_then(Timestamp::parse).map(first_id);
    let end = to.unwrap_or_else(|| AFTER_ALL.to_owned());
    upper_bound(after).min(end)
}

fn one_by_one(filter: &Filter) -> (String, Vec<Value>) {
    let mut select = Select { conditions: "id < ?1".to_owned(), params: params![before(filter, None)] };
    select.narrow(filter);
    (format!("SELECT {ONE} FROM payments_payments WHERE {}", select.conditions), select.params)
}

/// Whole days as they are summed up, and the payments before the first and after the last of them.
fn day_by_day(filter: &Filter) -> (String, Vec<Value>) {
    let moment = |text: &Option<String>| text.as_deref().and_then(Timestamp::parse).map(|moment| moment.0);
    let (from, to) = (moment(&filter.from), moment(&filter.to));
    let first = from.map(|from| from.saturating_add(DAY - 1).div_euclid(DAY).saturating_mul(DAY));
    let last = to.map(|to| to.div_euclid(DAY).saturating_mul(DAY));
    // Both within one day: it has no whole one.
    let (first, last) = match (first, last, to) {
        (Some(first), Some(last), Some(to)) if first > last => (Some(to), Some(to)),
        _ => (first, last),
    };
    let text =
        |moment: Option<i64>, none: &str| moment.map_or(none.to_owned(), |at| Timestamp(at).to_string());
    let day = |moment: Option<i64>, none: &str| text(moment, none).chars().take(10).collect::<String>();
    let mut params = params![
        day(first, ""),
        day(last, AFTER_ALL),
        text(from, ""),
        text(first, ""),
        text(last, AFTER_ALL),
        text(to, AFTER_ALL),
    ];
    let state = filter.status.map_or("", |state| {
        params.push(Value::from(state));
        "AND +state = ?7"
    });
    let sql = format!(
        "SELECT currency, payments, captured, refunded FROM payments_daily WHERE day >= ?1 AND day < ?2 {state} \
         UNION ALL SELECT {ONE} FROM payments_payments WHERE created_at >= ?3 AND created_at < ?4 {state} \
         UNION ALL SELECT {ONE} FROM payments_payments WHERE created_at >= ?5 AND created_at < ?6 {state}"
    );
    (sql, params)
}

fn total(row: &Row) -> Result<Total, Error> {
    Ok(Total {
        currency: row.currency("currency")?,
        payments: row.int("payments")?,
        captured: row.int("captured")?,
        refunded: row.int("refunded")?,
    })
}
