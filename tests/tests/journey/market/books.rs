//! What must be true of orders, stock and money when nothing is under way.

use std::path::Path;

use rusqlite::Connection;
use tests::{REPLAYED, replay};

use super::crowd::UNITS;

/// Orders of which units are in the hands of buyers, or as good as.
const SOLD: &str = "('PAID', 'SHIPPED', 'DELIVERED')";

fn count(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// All that is not as it must be.
pub fn faults(database: &Path, products: &[String]) -> Vec<String> {
    let db = Connection::open(database).unwrap();
    // One moment, although the app is running.
    db.execute_batch("BEGIN").unwrap();
    let mut faults: Vec<_> = products.iter().filter_map(|product| stock_fault(&db, product)).collect();
    for (what, sql) in violations() {
        let found = count(&db, &sql);
        if found > 0 {
            faults.push(format!("{found} × {what}"));
        }
    }
    faults
}

fn stock_fault(db: &Connection, product: &str) -> Option<String> {
    let sold = format!(
        "SELECT coalesce(sum(line.quantity), 0) FROM orders_lines AS line \
         JOIN orders_orders AS o ON o.id = line.order_id \
         WHERE line.product_id = '{product}' AND o.status IN {SOLD}"
    );
    let of = |column: &str| format!("SELECT {column} FROM products_products WHERE id = '{product}'");
    let (sold, on_hand, reserved) = (count(db, &sold), count(db, &of("on_hand")), count(db, &of("reserved")));
    let is_right = on_hand == UNITS - sold && reserved == 0;
    (!is_right).then(|| format!("{product}: {on_hand} on hand, {reserved} reserved, {sold} sold of {UNITS}"))
}

/// Panics unless the logs, folded anew, give the same tables.
pub fn assert_replayed(database: &Path) {
    for service in REPLAYED {
        for compared in replay(database, service).unwrap() {
            assert_eq!(compared.difference, None, "{} replayed", compared.table);
        }
    }
}

/// What must never be, and a statement that counts how often it is.
fn violations() -> Vec<(&'static str, String)> {
    let text = str::to_owned;
    vec![
        ("order that waits", text("SELECT count(*) FROM orders_orders WHERE status = 'ORDERED'")),
        ("stock that is held", text("SELECT count(*) FROM products_reservations WHERE state = 'HELD'")),
        ("negative stock", text("SELECT count(*) FROM products_products WHERE on_hand < 0 OR reserved < 0")),
        (
            "sold without its stock",
            format!(
                "SELECT count(*) FROM orders_lines AS line JOIN orders_orders AS o ON o.id = line.order_id \
                 WHERE o.status IN {SOLD} AND NOT EXISTS (SELECT 1 FROM products_reservation_lines AS held \
                   JOIN products_reservations AS r USING (order_id) WHERE r.state = 'CONFIRMED' \
                   AND held.order_id = o.id AND held.product_id = line.product_id AND held.quantity = line.quantity)"
            ),
        ),
        (
            "stock without its sale",
            format!(
                "SELECT count(*) FROM products_reservations AS r WHERE r.state = 'CONFIRMED' AND NOT EXISTS \
                 (SELECT 1 FROM orders_orders AS o WHERE o.id = r.order_id AND o.status IN {SOLD})"
            ),
        ),
        (
            "sold without its money",
            format!(
                "SELECT count(*) FROM orders_orders AS o WHERE o.status IN {SOLD} AND 1 <> (SELECT count(*) \
                 FROM payments_payments AS p WHERE p.order_id = o.id AND p.id = o.payment_id \
                 AND p.state = 'CAPTURED' AND p.amount = o.total)"
            ),
        ),
        (
            "money without its sale",
            format!(
                "SELECT count(*) FROM payments_payments AS p \
                 WHERE p.state NOT IN ('DECLINED', 'FAILED', 'CANCELLED', 'REFUNDED') \
                 AND NOT EXISTS (SELECT 1 FROM orders_orders AS o WHERE o.payment_id = p.id AND o.status IN {SOLD})"
            ),
        ),
        (
            "paid and given up, but not refunded",
            text("SELECT count(*) FROM orders_orders WHERE status = 'CANCELLED' AND payment_id IS NOT NULL"),
        ),
        (
            "total that is not the sum",
            text(
                "SELECT count(*) FROM orders_orders AS o WHERE total <> \
                 (SELECT sum(quantity * price) FROM orders_lines WHERE order_id = o.id)",
            ),
        ),
    ]
}
