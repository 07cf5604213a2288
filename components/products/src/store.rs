//! All SQL of the service.

mod listing;
mod reservations;

use contract::ProductId;
use serde_json::json;
use store::{Db, Error, Row, params};

use crate::api::Movement;
use crate::domain::Product;
pub use listing::list;
pub use reservations::*;

/// The tables, prefixed `products_`.
pub static DB: Db = Db::new("products", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] =
    &[store::sql!("../migrations/0001_tables.sql"), store::sql!("../migrations/0002_search.sql")];
const FOLD: &str = store::sql!("../migrations/fold.sql");

const COLUMNS: &str = "id, seller_id, name, description, category, price, currency, on_hand, reserved, active, \
                       revision, created_at, updated_at, number, paused";

fn product(row: &Row) -> Result<Product, Error> {
    Ok(Product {
        id: row.parsed("id")?,
        seller_id: row.parsed("seller_id")?,
        name: row.text("name")?,
        description: row.text("description")?,
        category: row.text("category")?,
        price: row.int("price")?,
        currency: row.currency("currency")?,
        on_hand: row.int("on_hand")?,
        reserved: row.int("reserved")?,
        active: row.bool("active")?,
        revision: row.int("revision")?,
        created_at: row.parsed("created_at")?,
        updated_at: row.parsed("updated_at")?,
        number: row.int("number")?,
        paused: row.bool("paused")?,
    })
}

/// The product with this id.
pub async fn find(id: ProductId) -> Result<Option<Product>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM products_products WHERE id = ?1");
    DB.query_one(&sql, params![id.to_string()]).await?.as_ref().map(product).transpose()
}

/// The products with these ids, in no particular order.
pub async fn find_all(ids: &[ProductId]) -> Result<Vec<Product>, Error> {
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
pub async fn movements(id: ProductId, before: i64, limit: i64) -> Result<Vec<Movement>, Error> {
    let sql = "SELECT version, type, time, actor, coalesce(data ->> 'delta', data ->> 'stock') AS delta, \
               data ->> 'reason' AS reason \
               FROM products_events WHERE stream = ?1 AND version < ?2 \
               AND type IN ('product.created', 'stock.adjusted') \
               ORDER BY version DESC LIMIT ?3";
    let rows = DB.query(sql, params![id.to_string(), before, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Movement {
                sequence: row.int("version")?,
                kind: row.text("type")?,
                time: row.parsed("time")?,
                actor: row.text("actor")?,
                delta: row.int("delta")?,
                reason: row.opt_text("reason")?,
            })
        })
        .collect()
}
