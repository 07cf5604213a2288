//! All SQL of the service.

mod listing;
mod reservations;

use serde_json::json;
use store::{Db, Error, Row, params};

use crate::api::Movement;
use crate::domain::Product;
pub use listing::list;
pub use reservations::*;

/// The tables, prefixed `products_`.
pub static DB: Db = Db::new("products", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] =
    &[include_str!("../migrations/0001_tables.sql"), include_str!("../migrations/0002_search.sql")];
const FOLD: &str = include_str!("../migrations/fold.sql");

const COLUMNS: &str = "id, seller_id, name, description, category, price, currency, on_hand, reserved, active, \
                       revision, created_at, updated_at, number, paused";

fn product(row: &Row) -> Result<Product, Error> {
    Ok(Product {
        id: row.text(0)?,
        seller_id: row.text(1)?,
        name: row.text(2)?,
        description: row.text(3)?,
        category: row.text(4)?,
        price: row.int(5)?,
        currency: row.currency(6)?,
        on_hand: row.int(7)?,
        reserved: row.int(8)?,
        active: row.bool(9)?,
        revision: row.int(10)?,
        created_at: row.parsed(11)?,
        updated_at: row.parsed(12)?,
        number: row.int(13)?,
        paused: row.bool(14)?,
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

/// Whether a failed append means that the product is not at the revision it was meant for.
pub fn is_stale(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "precondition_failed")
}

/// What changed the stock of `id` by hand before its version `before`, newest first.
pub async fn movements(id: &str, before: i64, limit: i64) -> Result<Vec<Movement>, Error> {
    let sql = "SELECT version, type, time, actor, coalesce(data ->> 'delta', data ->> 'stock'), data ->> 'reason' \
               FROM products_events WHERE stream = ?1 AND version < ?2 AND type IN ('product.created', 'stock.adjusted') \
               ORDER BY version DESC LIMIT ?3";
    let rows = DB.query(sql, params![id, before, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Movement {
                sequence: row.int(0)?,
                kind: row.text(1)?,
                time: row.parsed(2)?,
                actor: row.text(3)?,
                delta: row.int(4)?,
                reason: row.opt_text(5)?,
            })
        })
        .collect()
}
