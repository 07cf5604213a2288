//! What a list of products can be asked for, and where its pages continue.

use std::fmt::{self, Display};
use std::str::FromStr;

use contract::UserId;
use edge::{FieldError, text};
use money::{Currency, Decimal};
use serde::{Deserialize, Serialize};

use super::{MAX_LABEL, Product};

/// The longest text to search for, in characters.
const MAX_SEARCH: usize = 200;
/// The most words of it: each is a condition of its own.
const MAX_WORDS: usize = 10;

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    Newest,
    /// Cheapest first.
    Price,
    /// Dearest first.
    PriceDown,
    Name,
}

impl Sort {
    fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            None | Some("newest") => Some(Self::Newest),
            Some("price") => Some(Self::Price),
            Some("-price") => Some(Self::PriceDown),
            Some("name") => Some(Self::Name),
            Some(_) => None,
        }
    }

    /// Whether it compares amounts.
    pub fn is_by_price(self) -> bool {
        matches!(self, Self::Price | Self::PriceDown)
    }
}

/// What is asked for, unchecked: text, so that what is wrong can be named.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(extend("allowEmptyValue" = true)))]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// Words; each must begin a word of name, category or description.
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_SEARCH)))]
    pub q: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(max = super::MAX_LABEL)))]
    pub category: Option<String>,
    /// A seller's id.
    #[cfg_attr(feature = "schema", schemars(with = "Option<UserId>"))]
    pub seller: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>", extend("multipleOf" = 0.0001)))]
    pub min_price: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>", extend("multipleOf" = 0.0001)))]
    pub max_price: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::ActiveCurrency>"))]
    pub currency: Option<String>,
    #[cfg_attr(
        feature = "schema",
        schemars(extend("enum" = ["newest", "price", "-price", "name"], "default" = "newest"))
    )]
    pub sort: Option<String>,
}

/// Which products, in which order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listing {
    /// Each must begin a word of the product.
    pub words: Vec<String>,
    pub category: Option<String>,
    pub seller: Option<UserId>,
    /// Only amounts of one currency compare.
    pub currency: Option<Currency>,
    /// In minor units.
    pub min_price: Option<i64>,
    pub max_price: Option<i64>,
    pub sort: Sort,
}

/// The place of a product in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What the list is sorted by, if not by `number` alone.
    pub key: Key,
    /// Newer products have higher ones.
    pub number: i64,
}

/// What a list is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    Price(i64),
    Name(String),
    None,
}

/// As a cursor has it: JSON.
impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl FromStr for Place {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Listing {
    /// Check a query; every parameter that is not valid is named.
    pub fn parse(query: Query) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        // A form sends what was not filled in as empty.
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let words = words(&mut errors, given(query.q));
        let sort = Sort::parse(given(query.sort).as_deref());
        if sort.is_none() {
            errors.push(FieldError::new("sort", "must be newest, price, -price or name"));
        }
        let sort = sort.unwrap_or(Sort::Newest);
        let (min, max) = (given(query.min_price), given(query.max_price));
        let compares = sort.is_by_price() || min.is_some() || max.is_some();
        let currency = match given(query.currency).map(|code| Currency::parse(&code)) {
            Some(Ok(currency)) => Some(currency),
            Some(Err(error)) => {
                errors.push(FieldError::new("currency", error.to_string()));
                None
            }
            None => compares.then_some(Currency::USD),
        };
        let mut amount = |field: &str, text: Option<String>| {
            let currency = currency.unwrap_or(Currency::USD);
            let minor = text.map(|text| currency.minor_units(&Decimal::parse(&text)?)).transpose();
            minor.unwrap_or_else(|error: money::Error| {
                errors.push(FieldError::new(field, error.to_string()));
                None
            })
        };
        let (min_price, max_price) = (amount("minPrice", min), amount("maxPrice", max));
        let seller = given(query.seller).map(|seller| seller.parse::<UserId>());
        if let Some(Err(error)) = &seller {
            errors.push(FieldError::new("seller", error.to_string()));
        }
        let seller = seller.and_then(Result::ok);
        let category =
            given(query.category).map(|name| text::query(&mut errors, "category", &name, MAX_LABEL));
        if errors.is_empty() {
            Ok(Self { words, category, seller, currency, min_price, max_price, sort })
        } else {
            Err(errors)
        }
    }

    /// The place of `product` in this list.
    pub fn place(&self, product: &Product) -> Place {
        let key = match self.sort {
            Sort::Newest => Key::None,
            Sort::Price | Sort::PriceDown => Key::Price(product.price),
            Sort::Name => Key::Name(product.name.clone()),
        };
        Place { key, number: product.number }
    }
}

/// The words of a search: letters and digits and the marks on them, so that nothing of it can be taken for syntax.
fn words(errors: &mut Vec<FieldError>, text: Option<String>) -> Vec<String> {
    let Some(text) = text else { return Vec::new() };
    let text = text::query(errors, "q", &text, MAX_SEARCH);
    let has_letter = |word: &&str| word.contains(char::is_alphanumeric);
    let words: Vec<_> = text.split(|c: char| !text::is_of_word(c)).filter(has_letter).collect();
    if errors.is_empty() && !(1..=MAX_WORDS).contains(&words.len()) {
        errors.push(FieldError::new("q", format!("must have 1 to {MAX_WORDS} words")));
    }
    words.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(query: &str) -> Result<Listing, Vec<String>> {
        let fields = |errors: Vec<FieldError>| errors.into_iter().map(|error| error.field).collect();
        Listing::parse(serde_json::from_str(query).unwrap()).map_err(fields)
    }

    #[test]
    fn prices_compare_within_a_currency() {
        assert_eq!(listing("{}").unwrap().currency, None);
        let dollars = listing(r#"{"minPrice":"1.5","sort":""}"#).unwrap();
        assert_eq!((dollars.currency, dollars.min_price), (Some(Currency::USD), Some(150)));
        assert_eq!(listing(r#"{"sort":"price"}"#).unwrap().currency, Some(Currency::USD));
        assert_eq!(listing(r#"{"maxPrice":"500","currency":"KRW"}"#).unwrap().max_price, Some(500));
    }

    #[test]
    fn every_invalid_parameter_is_named() {
        let query = r#"{"q":"?!","sort":"colour","currency":"usd","minPrice":"1.999","maxPrice":"cheap"}"#;
        assert_eq!(listing(query).unwrap_err(), ["q", "sort", "currency", "minPrice", "maxPrice"]);
        assert_eq!(listing(r#"{"q":"a b c d e f g h i j k"}"#).unwrap_err(), ["q"]);
        assert_eq!(listing(r#"{"q":"te\u200ba","category":"\u202e"}"#).unwrap_err(), ["q", "category"]);
    }

    #[test]
    fn a_search_is_words() {
        let words = listing(r#"{"q":"\"green\" OR tea-cup* NEAR(녹차)"}"#).unwrap().words;
        assert_eq!(words, ["green", "OR", "tea", "cup", "NEAR", "녹차"]);
        let words = listing(r#"{"q":"cafe\u0301 ba\u0331r \u0301"}"#).unwrap().words;
        assert_eq!(words, ["caf\u{e9}", "ba\u{331}r"]);
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let product = super::super::tests::product(1, 150, 1);
        for sort in ["newest", "price", "-price", "name"] {
            let place = listing(&format!(r#"{{"sort":"{sort}"}}"#)).unwrap().place(&product);
            assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        }
        for odd in ["", "7", "{}", r#"{"key":1.5,"number":1}"#, r#"{"key":null,"number":"1"}"#] {
            assert!(odd.parse::<Place>().is_err(), "{odd}");
        }
    }
}
