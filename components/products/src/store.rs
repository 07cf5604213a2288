//! All SQL of the service.

mod reservations;

use money::Currency;
use serde_json::json;
use store::{Db, Error, Event, NEXT, Row, params};

use crate::domain::Product;
pub use reservations::*;

/// The tables, prefixed `products_`.
pub static DB: Db = Db::new(
    "products",
    &[include_str!("../migrations/0001_products.sql"), include_str!("../migrations/0002_reservations.sql")],
);

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

/// The event that changes the stock of `product_id`.
pub fn adjust(product_id: &str, delta: i64, reason: &str, actor: String) -> Event {
    Event::new(product_id, NEXT, "stock.adjusted", actor, json!({ "delta": delta, "reason": reason }))
}
