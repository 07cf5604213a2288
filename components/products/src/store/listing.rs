//! Lists of products. Each is read by the index of its order, from the place before on. What that index does not have
//! is looked at on the way, in so many products: then the page ends, be it full or not, and says where to go on.
//!
//! Where words or prices leave few products, or none, these are gathered by their own index and sorted at once: a walk
//! along the order would look at many that do not match. `listing/select.rs` makes the statements.

mod select;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

use store::{Error, Row};

use self::select::{Select, Statement, count_word, is_by_number, set_or_asked};
use super::{DB, product};
use crate::domain::{Key, Listing, Place, Product, Sort};

/// The most products that are looked at along the order for a page; fewer matches than this are gathered and sorted at
/// once. Each is a row elsewhere: some 10 ms.
const LOOK: i64 = 5_000;
/// How often the index of words is asked for a page, where it is asked for each product: 0.1 ms each.
const ASK: i64 = 200;
/// The most products of which a set is made, of those that have the rarest word: some 10 ms.
const SET: i64 = 50_000;

/// A page of products.
pub struct Found {
    pub products: Vec<Product>,
    /// How far was looked, when there are more.
    pub looked: Option<Place>,
}

/// The products of `listing` that come after a place.
pub async fn list(listing: &Listing, after: Option<&Place>, limit: i64) -> Result<Found, Error> {
    // Found out once per instance: `DB` opens another connection for each statement that it could not prepare.
    static HAS_NO_INDEX: AtomicBool = AtomicBool::new(false);
    let search = if HAS_NO_INDEX.load(Ordering::Relaxed) { Search::Text } else { Search::Index };
    match found(listing, after, limit, search).await {
        Err(Error::Database(text)) if text.contains("no such table: products_search") => {
            HAS_NO_INDEX.store(true, Ordering::Relaxed);
            found(listing, after, limit, Search::Text).await
        }
        other => other,
    }
}

async fn found(listing: &Listing, after: Option<&Place>, limit: i64, search: Search) -> Result<Found, Error> {
    let rarest = rarest(listing, search).await?;
    let words = words(listing, search, rarest);
    let mut select = Select { listing, after, limit, lead: Lead::Order, words, until: None };
    if select.words == Words::Gathered {
        select.lead = Lead::Words;
    } else if let Some(few) = select.by_prices(rarest)
        && count(few.count_prices()).await? < few.look()
    {
        select = few;
    }
    if let Some(end) = select.end() {
        let row = DB.query_one(&end.sql, end.params).await?;
        select.until = row.as_ref().map(|row| place(listing.sort, row)).transpose()?;
    }
    let Statement { sql, params } = select.statement();
    let products = DB.query(&sql, params).await?.iter().map(product).collect::<Result<_, _>>()?;
    Ok(Found { products, looked: select.until })
}

/// Whether the store has an index of words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// FTS5.
    Index,
    /// It has none: lists look into each product's text.
    Text,
}

/// What a list is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    /// The index that has its order.
    Order,
    /// The few products that have the words.
    Words,
    /// The few that are sold in the currency, at these prices.
    Prices,
}

/// How it is found out whether a product has the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// There are none.
    None,
    /// They are looked for in each product's text.
    Text,
    /// Those that have them lead.
    Gathered,
    /// A set is made of those that have them.
    Set,
    /// A set is made for each word, of those within the range of numbers that is looked at.
    Range,
    /// The index is asked for each product.
    Asked,
}

/// How many products have the rarest word, of those that are worth counting. (FTS5 walks through all that have the
/// words if no product has all of them; so each is counted by itself.)
async fn rarest(listing: &Listing, search: Search) -> Result<i64, Error> {
    let mut rarest = SET;
    for word in listing.words.iter().filter(|_| search == Search::Index) {
        rarest = rarest.min(count(count_word(word, rarest)).await?);
        if rarest < LOOK {
            break;
        }
    }
    Ok(rarest)
}

fn words(listing: &Listing, search: Search, rarest: i64) -> Words {
    match search {
        _ if listing.words.is_empty() => Words::None,
        Search::Text => Words::Text,
        Search::Index if rarest < LOOK => Words::Gathered,
        Search::Index if is_by_number(listing) => Words::Range,
        Search::Index => set_or_asked(rarest),
    }
}

async fn count(Statement { sql, params }: Statement) -> Result<i64, Error> {
    let row = DB.query_one(&sql, params).await?;
    row.map_or(Ok(0), |row| row.int("count"))
}

/// The place in a row of the order's index: its key and number.
fn place(sort: Sort, row: &Row) -> Result<Place, Error> {
    let key = match sort {
        Sort::Newest => Key::None,
        Sort::Price | Sort::PriceDown => Key::Price(row.int("price")?),
        Sort::Name => Key::Name(row.text("sort_name")?),
    };
    Ok(Place { key, number: row.int("number")? })
}
