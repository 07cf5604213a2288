//! Lists of products: a statement made of the filters that are asked for, so that each has its index.
//!
//! Where matches are many, the order's index leads and filters are looked at on the way: a page is soon full. Where words
//! or prices leave few, or none, these are gathered by their own index and sorted at once: a walk along the order would
//! look at every product. So are a seller's products. `INDEXED BY`, because SQLite would guess without statistics, and
//! because a statement that lost its index shall fail in the tests, not be slow.

use std::sync::atomic::{AtomicBool, Ordering};

use store::{Error, Row, Value};

use super::{COLUMNS, DB, product};
use crate::domain::{Key, Listing, Place, Product, Sort};

/// Above every number, as the place before the first page of newest first.
const NEWEST: i64 = i64::MAX;
/// Fewer matches than this are gathered and sorted at once: some milliseconds. Where there are more, a walk along the
/// order meets a match at every so many steps.
const FEW: i64 = 500;

/// The products of `listing` that come after a place.
pub async fn list(listing: &Listing, after: Option<&Place>, limit: i64) -> Result<Vec<Product>, Error> {
    // Found out once per instance: `DB` opens another connection for each statement that it could not prepare.
    static HAS_NO_INDEX: AtomicBool = AtomicBool::new(false);
    let search = if HAS_NO_INDEX.load(Ordering::Relaxed) { Search::Text } else { Search::Index };
    let rows = match found(listing, after, limit, search).await {
        Err(Error::Database(text)) if text.contains("no such table: products_search") => {
            HAS_NO_INDEX.store(true, Ordering::Relaxed);
            found(listing, after, limit, Search::Text).await?
        }
        other => other?,
    };
    rows.iter().map(|row: &Row| product(row)).collect()
}

async fn found(
    listing: &Listing,
    after: Option<&Place>,
    limit: i64,
    search: Search,
) -> Result<Vec<Row>, Error> {
    let mut lead = Lead::Order;
    for probe in [Lead::Words, Lead::Prices] {
        if let Some((sql, params)) = count(listing, search, probe) {
            let row = DB.query_one(&sql, params).await?;
            if row.map_or(Ok(FEW), |row| row.int(0))? < FEW {
                lead = probe;
                break;
            }
        }
    }
    let (sql, params) = select(listing, after, limit, search, lead);
    DB.query(&sql, params).await
}

/// What a list is read by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// The index that has its order.
    Order,
    /// The few products that have the words.
    Words,
    /// The few that are sold in the currency, at these prices.
    Prices,
}

/// The statement that counts, up to [`FEW`], what `lead` would gather; none where it does not narrow the list, or the
/// order's index does so already.
fn count(listing: &Listing, search: Search, lead: Lead) -> Option<(String, Vec<Value>)> {
    let mut all = Conditions::default();
    let from = match lead {
        _ if listing.seller.is_some() => return None,
        Lead::Words if search == Search::Index && !listing.words.is_empty() => {
            all.and("products_search MATCH ?", pattern(&listing.words));
            "products_search WHERE true".to_owned()
        }
        Lead::Prices if listing.currency.is_some() && !listing.sort.is_by_price() => {
            filter(&mut all, listing, false);
            format!("products_products INDEXED BY {} WHERE active", price_index(listing))
        }
        _ => return None,
    };
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {from}{} LIMIT {FEW})", all.sql);
    Some((sql, all.params))
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

fn select(
    listing: &Listing,
    after: Option<&Place>,
    limit: i64,
    search: Search,
    lead: Lead,
) -> (String, Vec<Value>) {
    let mut all = Conditions::default();
    let indexed = search == Search::Index && !listing.words.is_empty();
    // FTS5 gives matches in the order of its rowid, without looking at all of them.
    let in_order = listing.sort == Sort::Newest && listing.seller.is_none() && lead != Lead::Prices;
    let search_leads = indexed && (in_order || lead == Lead::Words);
    let index = if lead == Lead::Prices { price_index(listing) } else { index(listing) };
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
    } else if indexed && lead == Lead::Prices {
        let has = "EXISTS (SELECT 1 FROM products_search WHERE products_search MATCH ? AND rowid = number)";
        all.and(has, pattern(&listing.words));
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

fn price_index(listing: &Listing) -> &'static str {
    if listing.category.is_some() { "products_of_category_by_price" } else { "products_by_price" }
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
