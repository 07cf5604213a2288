//! All SQL of the service.

use money::Currency;
use serde_json::json;
use store::{Db, Error, Event, NEXT, Row, params};

use crate::domain::Product;

/// The tables, prefixed `products_`.
pub static DB: Db = Db::new("products", &[include_str!("../migrations/0001_products.sql")]);

const COLUMNS: &str = "id, seller_id, name, description, category, price, currency, on_hand, reserved, active, \
                       revision, created_at, updated_at";

fn product(row: &Row) -> Result<Product, Error> {
    Ok(Product {
        id: row.text(0)?,
        seller_id: row.text(1)?,
        name: row.text(2)?,
        description: row.text(3)?,
        category: row.text(4)?,
        price: row.int(5)?,
        currency: Currency::parse(&row.text(6)?).map_err(|e| Error::Database(e.to_string()))?,
        on_hand: row.int(7)?,
        reserved: row.int(8)?,
        active: row.bool(9)?,
        revision: row.int(10)?,
        created_at: row.text(11)?,
        updated_at: row.text(12)?,
    })
}

/// The product with this id.
pub async fn find(id: &str) -> Result<Option<Product>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM products_products WHERE id = ?1");
    DB.query_one(&sql, params![id]).await?.as_ref().map(product).transpose()
}

/// The products with these ids, in no particular order.
pub async fn find_all(ids: &[&str]) -> Result<Vec<Product>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM products_products WHERE id IN (SELECT value FROM json_each(?1)) LIMIT 100"
    );
    DB.query(&sql, params![json!(ids).to_string()]).await?.iter().map(product).collect()
}

/// Products on sale, newest first, older than `after`.
pub async fn list(after: Option<&str>, limit: i64) -> Result<Vec<Product>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM products_products WHERE active AND (?1 IS NULL OR id < ?1) ORDER BY id DESC LIMIT ?2"
    );
    DB.query(&sql, params![after, limit]).await?.iter().map(product).collect()
}

/// Whether a failed append means that stock would fall below what is promised, or below zero.
pub fn is_shortage(error: &Error) -> bool {
    matches!(error, Error::Check(name) if name == "out_of_stock")
}

/// Whether a failed append means that the reservation is confirmed or released already.
pub fn is_settled(error: &Error) -> bool {
    error.is_unique("products_events.version") || error.is_unique("products_events.cause")
}

/// Orders whose holds on these products should have been settled by `now`, oldest first.
pub async fn overdue(ids: &[&str], now: &str, limit: i64) -> Result<Vec<String>, Error> {
    let sql = "SELECT DISTINCT order_id FROM products_reservations AS hold JOIN products_reservation_lines USING (order_id) \
               WHERE state = 'HELD' AND expires_at < ?1 AND product_id IN (SELECT value FROM json_each(?2)) \
               ORDER BY expires_at LIMIT ?3";
    let rows = DB.query(sql, params![now, json!(ids).to_string(), limit]).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Whether a failed append means that a price is not what was read a moment ago.
pub fn is_repriced(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "price_changed")
}

/// What comes of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Paid: the units leave the warehouse.
    Confirmed,
    /// Cancelled or expired: the units are free again.
    Released,
}

/// The event that settles the reservation of `order_id`; its version makes it happen once.
pub fn settle(order_id: &str, settlement: Settlement, cause: &str) -> Event {
    /// 1 is the reservation itself.
    const VERSION: i64 = 2;
    let kind = match settlement {
        Settlement::Confirmed => "stock.confirmed",
        Settlement::Released => "stock.released",
    };
    let data = json!({ "orderId": order_id });
    let mut event = Event::new(order_id, VERSION, kind, "service:orders", data);
    event.cause = Some(cause.to_owned());
    event
}

/// The event that changes the stock of `product_id`.
pub fn adjust(product_id: &str, delta: i64, reason: &str, actor: String) -> Event {
    Event::new(product_id, NEXT, "stock.adjusted", actor, json!({ "delta": delta, "reason": reason }))
}
