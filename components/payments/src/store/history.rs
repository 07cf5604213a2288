//! The payment history: what was paid when, and what it sums up to.

use money::Currency;
use store::{Error, params};

use super::{COLUMNS, DB, payment};
use crate::domain::Payment;

/// Which payments are asked for; `None` is any.
pub struct Filter {
    pub buyer: Option<String>,
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

/// `?1` to `?4` are the filter's members.
const MATCHES: &str = "(?1 IS NULL OR buyer_id = ?1) AND (?2 IS NULL OR state = ?2) \
                       AND (?3 IS NULL OR created_at >= ?3) AND (?4 IS NULL OR created_at < ?4)";

/// The payments that match, newest first, older than `after`.
pub async fn list(filter: &Filter, after: Option<&str>, limit: i64) -> Result<Vec<Payment>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM payments_payments WHERE {MATCHES} AND (?5 IS NULL OR id < ?5) ORDER BY id DESC LIMIT ?6"
    );
    let Filter { buyer, status, from, to } = filter;
    let params = params![buyer.as_deref(), *status, from.as_deref(), to.as_deref(), after, limit];
    DB.query(&sql, params).await?.iter().map(payment).collect()
}

/// What all payments that match sum up to, by currency.
pub async fn totals(filter: &Filter) -> Result<Vec<Total>, Error> {
    let sql = format!(
        "SELECT currency, count(*), \
           coalesce(sum(amount) FILTER (WHERE state IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')), 0), sum(refunded) \
         FROM payments_payments WHERE {MATCHES} GROUP BY currency ORDER BY currency LIMIT 200"
    );
    let Filter { buyer, status, from, to } = filter;
    let rows = DB.query(&sql, params![buyer.as_deref(), *status, from.as_deref(), to.as_deref()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Total {
                currency: Currency::recorded(&row.text(0)?).map_err(|e| Error::Database(e.to_string()))?,
                payments: row.int(1)?,
                captured: row.int(2)?,
                refunded: row.int(3)?,
            })
        })
        .collect()
}
