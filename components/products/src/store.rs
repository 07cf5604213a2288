//! All SQL of the service.

mod listing;
mod reservations;

use money::Currency;
use serde_json::json;
use store::{Db, Error, Event, NEXT, Row, params};

use crate::api::Movement;
use crate::domain::{Adjustment, Product, Revised};
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
        id: row.text("id")?,
        seller_id: row.text("seller_id")?,
        name: row.text("name")?,
        description: row.text("description")?,
        category: row.text("category")?,
        price: row.int("price")?,
        currency: Currency::recorded(&row.text("currency")?).map_err(|e| Error::Database(e.to_string()))?,
        on_hand: row.int("on_hand")?,
        reserved: row.int("reserved")?,
        active: row.bool("active")?,
        revision: row.int("revision")?,
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
        number: row.int("number")?,
        paused: row.bool("paused")?,
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

/// The event that puts `product` on sale.
pub fn created(product: &Product) -> Event {
    let data = json!({
        "sellerId": product.seller_id,
        "name": product.name,
        "description": product.description,
        "category": product.category,
        "price": product.price,
        "currency": product.currency,
        "stock": product.on_hand,
    });
    Event::new(&product.id, 1, "product.created", &product.seller_id, data)
}

/// The event that makes a product be as `draft` says. With `if_revision` it happens only to that revision.
pub fn changed(id: &str, draft: &Revised, if_revision: Option<i64>, actor: String) -> Event {
    let data = json!({
        "name": draft.details.name,
        "description": draft.details.description,
        "category": draft.details.category,
        "price": draft.details.price,
        "active": draft.active,
        "ifRevision": if_revision,
    });
    Event::new(id, NEXT, "product.changed", actor, data)
}

/// The event that takes a product off sale, under the same condition.
pub fn withdrawn(id: &str, if_revision: Option<i64>, actor: String) -> Event {
    Event::new(id, NEXT, "product.withdrawn", actor, json!({ "ifRevision": if_revision }))
}

/// Whether a failed append means that the product is not at the revision it was meant for.
pub fn is_stale(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "precondition_failed")
}

/// What changed the stock of `id` by hand before its version `before`, newest first.
pub async fn movements(id: &str, before: i64, limit: i64) -> Result<Vec<Movement>, Error> {
    let sql = "SELECT version, type, time, actor, coalesce(data ->> 'delta', data ->> 'stock') AS delta, \
               data ->> 'reason' AS reason \
               FROM products_events WHERE stream = ?1 AND version < ?2 AND type IN ('product.created', 'stock.adjusted') \
               ORDER BY version DESC LIMIT ?3";
    let rows = DB.query(sql, params![id, before, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(Movement {
                sequence: row.int("version")?,
                kind: row.text("type")?,
                time: row.text("time")?,
                actor: row.text("actor")?,
                delta: row.int("delta")?,
                reason: row.opt_text("reason")?,
            })
        })
        .collect()
}

/// The event that changes the stock of `product_id`, if it is at `revision`.
pub fn adjust(product_id: &str, change: &Adjustment, revision: i64, actor: String) -> Event {
    let data = json!({ "delta": change.delta, "reason": change.reason, "ifRevision": revision });
    Event::new(product_id, NEXT, "stock.adjusted", actor, data)
}
