//! All SQL of the service.

use clock::Timestamp;
use contract::orders::OrderEvent;
use contract::{OrderId, UserId};
use serde_json::json;
use store::{Db, Error, Row, Value as Parameter, params};

use crate::domain::{Order, Pending};
use crate::error;
use crate::personal;

mod list;

pub use list::{list_all, list_bought, list_bought_from, list_bought_or_sold, unpaid};

/// The tables, prefixed `orders_`.
pub static DB: Db = Db::new("orders", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] = &[store::sql!("../migrations/0001_tables.sql")];
const FOLD: &str = store::sql!("../migrations/fold.sql");

/// An order with its lines as one JSON array: a single statement reads it all.
const COLUMNS: &str = "id, buyer_id, status, currency, total, payment_id, pending_payment, payment_sequence, \
    version, expires_at, created_at, updated_at, shipments, (SELECT json_group_array(json_object( \
      'productId', product_id, 'name', name, 'sellerId', seller_id, 'quantity', quantity, 'price', price)) \
      FROM (SELECT * FROM orders_lines WHERE order_id = orders_orders.id ORDER BY position)) AS lines, \
    refunded, taken, address";

/// The orders that a statement finds, with their addresses in clear.
async fn orders(sql: &str, params: Vec<Parameter>) -> Result<Vec<Order>, error::Error> {
    let found: Result<Vec<_>, Error> = DB.query(sql, params).await?.iter().map(order).collect();
    personal::decrypt(found?).await
}

/// An order, and its address as it is stored.
fn order(row: &Row) -> Result<(Order, Option<String>), Error> {
    let order = Order {
        id: row.parsed("id")?,
        buyer_id: row.parsed("buyer_id")?,
        status: row.parsed("status")?,
        currency: row.currency("currency")?,
        total: row.int("total")?,
        address: None,
        payment_id: row.opt_parsed("payment_id")?,
        pending: Pending {
            payment_id: row.opt_parsed("pending_payment")?,
            sequence: row.int("payment_sequence")?,
        },
        version: row.int("version")?,
        expires_at: row.parsed("expires_at")?,
        created_at: row.parsed("created_at")?,
        updated_at: row.parsed("updated_at")?,
        shipments: row.json("shipments")?,
        lines: row.json("lines")?,
        refunded: row.int("refunded")?,
        taken: row.opt_int("taken")?,
    };
    Ok((order, row.json("address")?))
}

/// The order with this id.
pub async fn find(id: OrderId) -> Result<Option<Order>, error::Error> {
    let sql = format!("SELECT {COLUMNS} FROM orders_orders WHERE id = ?1");
    Ok(orders(&sql, params![id.to_string()]).await?.pop())
}

/// Something that happened to an order.
pub struct Recorded {
    /// The order's version since.
    pub version: i64,
    /// Such as `order.placed`.
    pub kind: String,
    pub time: Timestamp,
    pub actor: String,
    pub event: OrderEvent,
}

/// What happened to an order after its version `after`, oldest first, with the data as it is in the log.
pub async fn history(id: OrderId, after: i64, limit: i64) -> Result<Vec<Recorded>, Error> {
    let sql = "SELECT version, type, time, actor, data FROM orders_events \
               WHERE stream = ?1 AND version > ?2 ORDER BY version LIMIT ?3";
    let rows = DB.query(sql, params![id.to_string(), after, limit]).await?;
    rows.iter().map(recorded).collect()
}

fn recorded(row: &Row) -> Result<Recorded, Error> {
    let kind = row.text("type")?;
    let data = row.json("data")?;
    let event = match contract::read(&kind, || data) {
        Some(event) => event.map_err(|error| Error::Database(format!("{kind}: {error}")))?,
        None => return Err(Error::Database(format!("{kind} is no event of orders"))),
    };
    let (time, actor) = (row.parsed("time")?, row.text("actor")?);
    Ok(Recorded { version: row.int("version")?, kind, time, actor, event })
}

/// Whether a failed append means that another request changed the order first.
pub fn is_lost_race(error: &Error) -> bool {
    error.is_unique("orders_events.version")
        || matches!(error, Error::Refused { code, .. } if code == "invalid_transition")
}

/// Until when someone has to wait who has `limit` orders that wait for their payment: until the first of them expires;
/// `None` when there are fewer.
pub async fn open_until(buyer_id: UserId, now: Timestamp, limit: i64) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT count(*) AS open, min(expires_at) AS until FROM (SELECT expires_at FROM orders_orders \
               INDEXED BY orders_open WHERE buyer_id = ?1 AND status = 'ORDERED' AND expires_at > ?2 \
               ORDER BY expires_at LIMIT ?3)";
    let Some(row) = DB.query_one(sql, params![buyer_id.to_string(), now.to_string(), limit]).await? else {
        return Ok(None);
    };
    if row.int("open")? < limit { Ok(None) } else { row.opt_parsed("until") }
}

/// Whether a failed append means that the buyer has too many orders that wait for their payment.
pub fn is_too_many(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "too_many_attempts")
}

/// Whether the buyer ever paid for something of the seller.
pub async fn has_sold(seller_id: UserId, buyer_id: UserId) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM orders_orders AS o JOIN orders_lines AS line ON line.order_id = o.id \
               WHERE o.buyer_id = ?1 AND line.seller_id = ?2 AND o.payment_id IS NOT NULL) AS sold";
    DB.query_one(sql, params![buyer_id.to_string(), seller_id.to_string()])
        .await?
        .map_or(Ok(false), |row| row.bool("sold"))
}

/// The latest orders of which the seller has to send something to the buyer, or has sent it.
pub async fn sold(seller_id: UserId, buyer_id: UserId, limit: i64) -> Result<Vec<Order>, error::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM orders_orders WHERE buyer_id = ?1 AND status IN ('PAID', 'SHIPPED', 'DELIVERED') \
         AND EXISTS (SELECT 1 FROM orders_lines WHERE order_id = orders_orders.id AND seller_id = ?2) \
         ORDER BY id DESC LIMIT ?3"
    );
    orders(&sql, params![buyer_id.to_string(), seller_id.to_string(), limit]).await
}

/// Which of these people are disabled or erased.
pub async fn stopped(ids: &[UserId]) -> Result<Vec<UserId>, Error> {
    let sql =
        "SELECT user_id FROM orders_people WHERE stopped AND user_id IN (SELECT value FROM json_each(?1))";
    DB.query(sql, params![json!(ids).to_string()]).await?.iter().map(|row| row.parsed("user_id")).collect()
}
