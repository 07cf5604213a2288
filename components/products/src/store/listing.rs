//! Lists of products: a statement made of the filters that are asked for, so that each has its index.
//!
//! The order's index leads, filters are looked at on the way: an answer costs no more than a walk along the index,
//! be matches few or many. Only a seller's products are sorted at once. `INDEXED BY`, because SQLite would guess
//! without statistics, and because a statement that lost its index shall fail in the tests, not be slow.

use std::sync::atomic::{AtomicBool, Ordering};

use store::{Error, Row, Value};

use super::{COLUMNS, DB, product};
use crate::domain::{Key, Listing, Place, Product, Sort};

/// Above every number, as the place before the first page of newest first.
const NEWEST: i64 = i64::MAX;

/// The products of `listing` that come after a place.
pub async fn list(listing: &Listing, after: Option<&Place>, limit: i64) -> Result<Vec<Product>, Error> {
    // Found out once per instance: `DB` opens another connection for each statement that it could not prepare.
    static HAS_NO_INDEX: AtomicBool = AtomicBool::new(false);
    let search = if HAS_NO_INDEX.load(Ordering::Relaxed) { Search::Text } else { Search::Index };
    let (sql, params) = select(listing, after, limit, search);
    let rows = match DB.query(&sql, params).await {
        Err(Error::Database(text)) if text.contains("no such table: products_search") => {
            HAS_NO_INDEX.store(true, Ordering::Relaxed);
            let (sql, params) = select(listing, after, limit, Search::Text);
            DB.query(&sql, params).await?
        }
        other => other?,
    };
    rows.iter().map(|row: &Row| product(row)).collect()
}

/// How words are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// In the FTS5 index.
    Index,
    /// In each product's text, where the store has no FTS5.
    Text,
}

/// Conditions, each with its parameter.
#[derive(Default)]
struct Conditions {
    sql: String,
    params: Vec<Value>,
}

impl Conditions {
    /// And `condition`, in which `?` stands for `value`.
    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        let place = self.place(value);
        self.sql += &format!(" AND {}", condition.replace('?', &place));
    }

    fn place(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("?{}", self.params.len())
    }
}

fn select(listing: &Listing, after: Option<&Place>, limit: i64, search: Search) -> (String, Vec<Value>) {
    let mut all = Conditions::default();
    let indexed = search == Search::Index && !listing.words.is_empty();
    // FTS5 gives matches in the order of its rowid, without looking at all of them.
    let search_leads = indexed && listing.sort == Sort::Newest && listing.seller.is_none();
    let index = index(listing);
    let (from, number) = match search_leads {
        true => {
            let join = "products_search CROSS JOIN products_products INDEXED BY products_newest \
                        ON number = products_search.rowid";
            (join.to_owned(), "products_search.rowid")
        }
        false => (format!("products_products INDEXED BY {index}"), "number"),
    };
    if search_leads {
        all.and("products_search MATCH ?", pattern(&listing.words));
    } else if indexed {
        let among = "number IN (SELECT rowid FROM products_search WHERE products_search MATCH ?)";
        all.and(among, pattern(&listing.words));
    } else {
        for word in &listing.words {
            all.and("(name || ' ' || category || ' ' || description) LIKE ?", format!("%{word}%"));
        }
    }
    filter(&mut all, listing, after.is_some());
    continue_after(&mut all, listing.sort, after, number);
    let order = match listing.sort {
        Sort::Newest => format!("{number} DESC"),
        Sort::Price => "price, number".to_owned(),
        Sort::PriceDown => "price DESC, number DESC".to_owned(),
        Sort::Name => "name COLLATE NOCASE, number".to_owned(),
    };
    let limit = all.place(limit);
    let sql = format!("SELECT {COLUMNS} FROM {from} WHERE active{} ORDER BY {order} LIMIT {limit}", all.sql);
    (sql, all.params)
}

/// The index that has the order of `listing`, or a seller's few products.
fn index(listing: &Listing) -> &'static str {
    match (&listing.seller, &listing.category, listing.sort) {
        (Some(_), _, _) => "products_of_seller",
        (None, Some(_), Sort::Newest) => "products_of_category",
        (None, Some(_), Sort::Price | Sort::PriceDown) => "products_of_category_by_price",
        (None, Some(_), Sort::Name) => "products_of_category_by_name",
        (None, None, Sort::Newest) => "products_newest",
        (None, None, Sort::Price | Sort::PriceDown) => "products_by_price",
        (None, None, Sort::Name) => "products_by_name",
    }
}

fn filter(all: &mut Conditions, listing: &Listing, continued: bool) {
    if let Some(seller) = &listing.seller {
        all.and("seller_id = ?", seller.as_str());
    }
    if let Some(category) = &listing.category {
        all.and("category = ?", category.as_str());
    }
    if let Some(currency) = listing.currency {
        all.and("currency = ?", currency.code());
    }
    // A place lies within the bounds; said twice, SQLite would start at the bound, not at the place.
    let min = listing.min_price.filter(|_| !(continued && listing.sort == Sort::Price));
    let max = listing.max_price.filter(|_| !(continued && listing.sort == Sort::PriceDown));
    for (operator, price) in [(">=", min), ("<=", max)] {
        if let Some(price) = price {
            all.and(&format!("price {operator} ?"), price);
        }
    }
}

fn continue_after(all: &mut Conditions, sort: Sort, after: Option<&Place>, number: &str) {
    if sort == Sort::Newest {
        return all.and(&format!("{number} < ?"), after.map_or(NEWEST, |place| place.number));
    }
    let Some(place) = after else { return };
    let key = match &place.key {
        Key::Price(price) => all.place(*price),
        Key::Name(name) => all.place(name.as_str()),
        Key::None => return,
    };
    let number = all.place(place.number);
    all.sql += &match sort {
        // SQLite does not search by a row value with a collation, hence the second condition.
        Sort::Name => {
            format!(" AND (name COLLATE NOCASE, number) > ({key}, {number}) AND name COLLATE NOCASE >= {key}")
        }
        Sort::PriceDown => format!(" AND (price, number) < ({key}, {number})"),
        Sort::Price | Sort::Newest => format!(" AND (price, number) > ({key}, {number})"),
    };
}

/// An FTS5 query: every word as a prefix. Words are letters and digits; quotes keep `OR` and the like words.
fn pattern(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
