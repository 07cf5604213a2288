//! Stock that is held for orders. A reservation's stream is its order's id: version 1 holds, later ones replace the
//! lines or settle.

use clock::Timestamp;
use contract::{OrderId, ProductId};
use serde_json::json;
use store::{Error, Row, params};

use super::DB;
use crate::domain::Reservation;

/// The most overdue holds that are looked at for one of some products: some 10 ms. More are left only where nobody
/// sweeps; then the oldest of all come first.
const LOOK: i64 = 5_000;

/// The version of a reservation that was made and not changed since.
pub const FIRST_VERSION: i64 = 1;

/// A hold that should have been settled.
pub struct Overdue {
    pub order_id: OrderId,
    /// When it was made.
    pub held_at: Timestamp,
}

/// The stock held for this order.
pub async fn reservation(order_id: OrderId) -> Result<Option<Reservation>, Error> {
    // One statement, hence one moment: the version belongs to the state.
    let sql = "SELECT state, (SELECT max(version) FROM products_events WHERE stream = hold.order_id) AS version, \
               (SELECT json_group_array(json_object('productId', product_id, 'quantity', quantity)) \
                FROM products_reservation_lines AS line WHERE line.order_id = hold.order_id) AS lines \
               FROM products_reservations AS hold WHERE order_id = ?1";
    let Some(row) = DB.query_one(sql, params![order_id.to_string()]).await? else { return Ok(None) };
    Ok(Some(Reservation {
        state: row.parsed("state")?,
        version: row.int("version")?,
        lines: row.json("lines")?,
    }))
}

/// Holds on these products that should have been settled by `now`, oldest first.
pub async fn overdue_of(ids: &[ProductId], now: Timestamp, limit: i64) -> Result<Vec<Overdue>, Error> {
    let only = "AND EXISTS (SELECT 1 FROM products_reservation_lines AS line WHERE line.order_id = hold.order_id \
                AND product_id IN (SELECT value FROM json_each(?3)))";
    select_overdue(only, params![now.to_string(), limit, json!(ids).to_string()]).await
}

/// Holds that should have been settled by `now`, oldest first.
pub async fn overdue(now: Timestamp, limit: i64) -> Result<Vec<Overdue>, Error> {
    select_overdue("", params![now.to_string(), limit]).await
}

async fn select_overdue(only: &str, params: Vec<store::Value>) -> Result<Vec<Overdue>, Error> {
    let sql = format!(
        "SELECT order_id, \
           (SELECT time FROM products_events WHERE stream = hold.order_id AND version = {FIRST_VERSION}) AS held_at \
         FROM (SELECT order_id, expires_at FROM products_reservations WHERE state = 'HELD' AND expires_at < ?1 \
           ORDER BY expires_at LIMIT {LOOK}) AS hold WHERE true {only} ORDER BY expires_at LIMIT ?2"
    );
    let rows = DB.query(&sql, params).await?;
    let overdue =
        |row: &Row| Ok(Overdue { order_id: row.parsed("order_id")?, held_at: row.parsed("held_at")? });
    rows.iter().map(overdue).collect()
}

/// Whether a failed append means that stock would fall below what is promised, or below zero.
pub fn is_shortage(error: &Error) -> bool {
    matches!(error, Error::Check(name) if name == "out_of_stock")
}

/// Whether a failed append means that a price is not what was read a moment ago.
pub fn is_repriced(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "price_changed")
}

/// Whether a failed append means that something happened to the reservation in the meantime.
pub fn is_overtaken(error: &Error) -> bool {
    error.is_unique("products_events.version")
        || matches!(error, Error::Refused { code, .. } if code == "already_settled")
}
