//! Lists of orders, newest first. Ids begin with the time of placing (UUIDv7), so that a page's cursor and a range
//! of dates are ranges of ids: one index serves both.

use clock::Timestamp;
use contract::{OrderId, UserId};
use store::{AFTER_ALL, Value, params, upper_bound};

use super::{COLUMNS, orders};
use crate::domain::{Filter, Order};
use crate::error;

/// An id is made a moment before the time that its order carries; seconds that cover it.
const SLACK: i64 = 1;

/// A statement's text and parameters, made together.
struct Select {
    /// Conditions beyond the one on the index, each beginning with `AND`.
    conditions: String,
    params: Vec<Value>,
}

impl Select {
    /// `?1` is `limit`, `?2` the id before which to begin, and `?3` on come from `filter`.
    ///
    /// `+status` keeps the planner off the index on the state, where another index is better.
    fn new(filter: &Filter, after: Option<OrderId>, limit: i64, status: &str) -> Self {
        let end = filter.to.map_or(AFTER_ALL.to_owned(), first_id);
        let before = upper_bound(after).min(end);
        let mut this = Self { conditions: String::new(), params: params![limit, before] };
        if let Some(state) = filter.status {
            this.and(&format!("{status} ="), state.to_string());
        }
        if let Some(from) = filter.from {
            this.and("id >=", first_id(from.plus_seconds(-SLACK)));
            this.and("created_at >=", from.to_string());
        }
        if let Some(to) = filter.to {
            this.and("created_at <", to.to_string());
        }
        this
    }

    fn and(&mut self, condition: &str, value: String) {
        let number = self.bind(value);
        self.conditions.push_str(&format!(" AND {condition} ?{number}"));
    }

    /// The number of a parameter that has `value`.
    fn bind(&mut self, value: impl Into<String>) -> usize {
        self.params.push(Value::from(value.into()));
        self.params.len()
    }

    async fn run(self, sql: &str) -> Result<Vec<Order>, error::Error> {
        orders(sql, self.params).await
    }
}

/// What every id of an order that is placed at `moment` or later sorts after: the id's first 48 bits.
fn first_id(moment: Timestamp) -> String {
    let milliseconds = moment.0.max(0);
    format!("{:08x}-{:04x}", milliseconds >> 16, milliseconds & 0xffff)
}

/// All orders, older than `after`.
pub async fn list_all(
    filter: &Filter,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<Order>, error::Error> {
    let select = Select::new(filter, after, limit, "status");
    let conditions = &select.conditions;
    let sql =
        format!("SELECT {COLUMNS} FROM orders_orders WHERE id < ?2{conditions} ORDER BY id DESC LIMIT ?1");
    select.run(&sql).await
}

/// The orders that `buyer` placed, older than `after`.
pub async fn list_bought(
    buyer: UserId,
    filter: &Filter,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<Order>, error::Error> {
    let mut select = Select::new(filter, after, limit, "+status");
    let buyer = select.bind(buyer);
    let conditions = &select.conditions;
    let sql = format!(
        "SELECT {COLUMNS} FROM orders_orders WHERE buyer_id = ?{buyer} AND id < ?2{conditions} \
         ORDER BY id DESC LIMIT ?1"
    );
    select.run(&sql).await
}

/// Those of them with a line that `seller` sells.
pub async fn list_bought_from(
    buyer: UserId,
    seller: UserId,
    filter: &Filter,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<Order>, error::Error> {
    let mut select = Select::new(filter, after, limit, "+status");
    let (buyer, seller) = (select.bind(buyer), select.bind(seller));
    let conditions = &select.conditions;
    let sql = format!(
        "SELECT {COLUMNS} FROM orders_orders WHERE buyer_id = ?{buyer} AND id < ?2{conditions} AND EXISTS ( \
           SELECT 1 FROM orders_lines WHERE order_id = id AND seller_id = ?{seller}) \
         ORDER BY id DESC LIMIT ?1"
    );
    select.run(&sql).await
}

/// The orders that `user` placed, and those with a line that they sell, older than `after`.
pub async fn list_bought_or_sold(
    user: UserId,
    filter: &Filter,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<Order>, error::Error> {
    let mut select = Select::new(filter, after, limit, "+status");
    let user = select.bind(user);
    let conditions = &select.conditions;
    let join = if conditions.is_empty() { "" } else { "CROSS JOIN orders_orders ON id = order_id" };
    let sql = format!(
        "SELECT {COLUMNS} FROM orders_orders WHERE id IN ( \
           SELECT * FROM (SELECT id FROM orders_orders WHERE buyer_id = ?{user} AND id < ?2{conditions} \
             ORDER BY id DESC LIMIT ?1) \
           UNION SELECT * FROM (SELECT DISTINCT order_id FROM orders_lines {join} \
             WHERE seller_id = ?{user} AND order_id < ?2{conditions} ORDER BY order_id DESC LIMIT ?1)) \
         ORDER BY id DESC LIMIT ?1"
    );
    select.run(&sql).await
}

/// Orders that nobody paid in time, oldest first. Those placed within the last `window` seconds are not looked at:
/// without that, the sweep would read every unpaid order.
pub async fn unpaid(now: Timestamp, window: i64, limit: i64) -> Result<Vec<Order>, error::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM orders_orders WHERE status = 'ORDERED' AND id < ?1 AND expires_at <= ?2 \
         ORDER BY id LIMIT ?3"
    );
    let youngest = first_id(now.plus_seconds(SLACK.saturating_sub(window)));
    orders(&sql, params![youngest, now.to_string(), limit]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_moments_sort_alike() {
        let moment = Timestamp::parse("2026-11-21T05:06:07.089Z").unwrap();
        let seconds = u64::try_from(moment.0 / 1000).unwrap();
        let id = |nanos| uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos));
        assert!(id(89_000_000).to_string() > first_id(moment));
        assert!(id(88_999_999).to_string() < first_id(moment));
    }
}
