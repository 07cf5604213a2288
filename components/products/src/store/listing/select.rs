//! The statements of lists: only what is asked for is in them, so that each has its index. `INDEXED BY`, because SQLite
//! would guess without statistics, and because a statement that lost its index shall fail in the tests, not be slow.

use store::Value;

use super::super::COLUMNS;
use super::{ASK, LOOK, Lead, SET, Words};
use crate::domain::{Key, Listing, Place, Sort};

/// Above every number, as the place before the first page of newest first.
const NEWEST: i64 = i64::MAX;
/// The longest beginning of a word that has an index (`migrations/0002_search.sql`), in characters.
const BEGINNING: usize = 12;

/// A statement and its parameters.
#[derive(Debug)]
pub struct Statement {
    pub sql: String,
    pub params: Vec<Value>,
}

/// How a page of a list is read.
#[derive(Clone)]
pub struct Select<'a> {
    pub listing: &'a Listing,
    pub after: Option<&'a Place>,
    pub limit: i64,
    pub lead: Lead,
    pub words: Words,
    /// The last place that is looked at.
    pub until: Option<Place>,
}

impl Select<'_> {
    /// The same, led by the prices, where they narrow the list and its order does not do so already.
    pub fn by_prices(&self, rarest: i64) -> Option<Self> {
        let narrows = self.listing.currency.is_some() && !self.listing.sort.is_by_price();
        let words = if self.words == Words::Range { set_or_asked(rarest) } else { self.words };
        narrows.then(|| Self { lead: Lead::Prices, words, ..self.clone() })
    }

    /// The most products that are looked at.
    pub fn look(&self) -> i64 {
        let words = i64::try_from(self.listing.words.len()).unwrap_or(i64::MAX).max(1);
        if self.words == Words::Asked { ASK / words } else { LOOK }
    }

    /// Counts, up to [`look`](Self::look), what the prices would gather.
    pub fn count_prices(&self) -> Statement {
        let mut all = Conditions::default();
        self.group(&mut all);
        self.prices(&mut all);
        let (index, look) = (price_index(self.listing), self.look());
        let sql = format!(
            "SELECT count(*) AS count FROM \
             (SELECT 1 FROM products_products INDEXED BY {index} WHERE active{} LIMIT {look})",
            all.sql
        );
        Statement { sql, params: all.params }
    }

    /// Finds the last place that is looked at along the order; none where all that is looked at is on the page.
    pub fn end(&self) -> Option<Statement> {
        let sort = self.listing.sort;
        let prices_left = self.listing.currency.is_some() && !sort.is_by_price();
        let category_left = self.listing.seller.is_some() && self.listing.category.is_some();
        if self.lead != Lead::Order || !(self.words != Words::None || prices_left || category_left) {
            return None;
        }
        let mut all = Conditions::default();
        self.group(&mut all);
        if sort.is_by_price() {
            self.prices(&mut all);
        }
        continue_after(&mut all, sort, self.after, "number");
        let key = match sort {
            Sort::Newest => "number",
            Sort::Price | Sort::PriceDown => "price",
            Sort::Name => "sort_name",
        };
        let (index, order, before) =
            (index(self.listing), order(sort, "number"), self.look().saturating_sub(1));
        let sql = format!(
            "SELECT {key}, number FROM products_products INDEXED BY {index} WHERE active{} \
             ORDER BY {order} LIMIT 1 OFFSET {before}",
            all.sql
        );
        Some(Statement { sql, params: all.params })
    }

    /// Finds the products.
    pub fn statement(&self) -> Statement {
        let mut all = Conditions::default();
        let (from, number) = match self.lead {
            Lead::Words => {
                let join = "products_search CROSS JOIN products_products INDEXED BY products_newest \
                            ON number = products_search.rowid";
                (join.to_owned(), "products_search.rowid")
            }
            Lead::Order => (format!("products_products INDEXED BY {}", index(self.listing)), "number"),
            Lead::Prices => (format!("products_products INDEXED BY {}", price_index(self.listing)), "number"),
        };
        self.group(&mut all);
        if let (Some(_), Some(category)) = (&self.listing.seller, &self.listing.category) {
            all.and("category = ?", category.as_str());
        }
        self.prices(&mut all);
        self.have_words(&mut all);
        continue_after(&mut all, self.listing.sort, self.after, number);
        self.end_at(&mut all);
        let order = order(self.listing.sort, number);
        let limit = all.place(self.limit);
        let sql =
            format!("SELECT {COLUMNS} FROM {from} WHERE active{} ORDER BY {order} LIMIT {limit}", all.sql);
        Statement { sql, params: all.params }
    }

    /// Whose or what products: by this every index of a seller, or of a category, begins.
    fn group(&self, all: &mut Conditions) {
        match (&self.listing.seller, &self.listing.category) {
            (Some(seller), _) => all.and("seller_id = ?", seller.to_string()),
            (None, Some(category)) => all.and("category = ?", category.as_str()),
            (None, None) => {}
        }
    }

    fn prices(&self, all: &mut Conditions) {
        let Listing { currency, sort, min_price, max_price, .. } = self.listing;
        if let Some(currency) = currency {
            all.and("currency = ?", currency.code());
        }
        // Both places lie within the bounds; said twice, SQLite would start or stop at the bound, not at the place.
        let (first, last) = match sort {
            Sort::Price => (self.after.is_some(), self.until.is_some()),
            Sort::PriceDown => (self.until.is_some(), self.after.is_some()),
            Sort::Newest | Sort::Name => (false, false),
        };
        for (operator, price, is_said) in [(">=", min_price, first), ("<=", max_price, last)] {
            if let (Some(price), false) = (price, is_said) {
                all.and(&format!("price {operator} ?"), *price);
            }
        }
    }

    /// `+number`: no condition on words keeps the order's index from being read along its range.
    fn have_words(&self, all: &mut Conditions) {
        let words = &self.listing.words;
        match self.words {
            Words::None => {}
            Words::Text => {
                for word in words {
                    all.and("(name || ' ' || category || ' ' || description) LIKE ?", format!("%{word}%"));
                }
            }
            Words::Gathered => all.and("products_search MATCH ?", pattern(words)),
            Words::Set => {
                let among = "+number IN (SELECT rowid FROM products_search WHERE products_search MATCH ?)";
                all.and(among, pattern(words));
            }
            Words::Range => {
                let first = all.place(self.until.as_ref().map_or(0, |place| place.number));
                let end = all.place(self.after.map_or(NEWEST, |place| place.number));
                for word in words {
                    let among = "+number IN (SELECT rowid FROM products_search WHERE products_search MATCH ?";
                    all.and(among, beginning(word));
                    all.sql += &format!(" AND rowid >= {first} AND rowid < {end})");
                }
            }
            Words::Asked => {
                // So many products have them that others with the same 12 letters make no difference.
                for word in words {
                    let has = "EXISTS (SELECT 1 FROM products_search WHERE products_search MATCH ? AND rowid = number)";
                    all.and(has, beginning(&word.chars().take(BEGINNING).collect::<String>()));
                }
            }
        }
    }

    fn end_at(&self, all: &mut Conditions) {
        let Some(Place { key, number }) = &self.until else { return };
        let key = match key {
            Key::Price(price) => all.place(*price),
            Key::Name(name) => all.place(name.as_str()),
            Key::None => return all.and("number >= ?", *number),
        };
        let number = all.place(*number);
        all.sql += &match self.listing.sort {
            Sort::Name => format!(" AND (sort_name, number) <= ({key}, {number})"),
            Sort::PriceDown => format!(" AND (price, number) >= ({key}, {number})"),
            Sort::Price | Sort::Newest => format!(" AND (price, number) <= ({key}, {number})"),
        };
    }
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

/// Counts, up to `most`, the products that have a word.
pub fn count_word(word: &str, most: i64) -> Statement {
    let sql = format!(
        "SELECT count(*) AS count FROM (SELECT 1 FROM products_search WHERE products_search MATCH ?1 LIMIT {most})"
    );
    Statement { sql, params: vec![beginning(word).into()] }
}

pub fn set_or_asked(rarest: i64) -> Words {
    if rarest < SET { Words::Set } else { Words::Asked }
}

/// Whether the order is by number alone, among all products: a part of it is a range of numbers.
pub fn is_by_number(listing: &Listing) -> bool {
    listing.sort == Sort::Newest && listing.seller.is_none() && listing.category.is_none()
}

fn price_index(listing: &Listing) -> &'static str {
    match (&listing.seller, &listing.category) {
        (Some(_), _) => "products_of_seller_by_price",
        (None, Some(_)) => "products_of_category_by_price",
        (None, None) => "products_by_price",
    }
}

/// The index that has the order of `listing`.
fn index(listing: &Listing) -> &'static str {
    match (&listing.seller, &listing.category, listing.sort) {
        (_, _, Sort::Price | Sort::PriceDown) => price_index(listing),
        (Some(_), _, Sort::Newest) => "products_of_seller",
        (Some(_), _, Sort::Name) => "products_of_seller_by_name",
        (None, Some(_), Sort::Newest) => "products_of_category",
        (None, Some(_), Sort::Name) => "products_of_category_by_name",
        (None, None, Sort::Newest) => "products_newest",
        (None, None, Sort::Name) => "products_by_name",
    }
}

fn order(sort: Sort, number: &str) -> String {
    match sort {
        Sort::Newest => format!("{number} DESC"),
        Sort::Price => "price, number".to_owned(),
        Sort::PriceDown => "price DESC, number DESC".to_owned(),
        Sort::Name => "sort_name, number".to_owned(),
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
        Sort::Name => format!(" AND (sort_name, number) > ({key}, {number})"),
        Sort::PriceDown => format!(" AND (price, number) < ({key}, {number})"),
        Sort::Price | Sort::Newest => format!(" AND (price, number) > ({key}, {number})"),
    };
}

/// An FTS5 query: every word as a prefix. Words are letters and digits; quotes keep `OR` and the like words.
fn pattern(words: &[String]) -> String {
    words.iter().map(|word| beginning(word)).collect::<Vec<_>>().join(" ")
}

fn beginning(word: &str) -> String {
    format!("\"{word}\"*")
}
