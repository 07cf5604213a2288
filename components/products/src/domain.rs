//! The rules of catalogue and stock. No I/O, no clock.

mod listing;
mod reservation;

use edge::{FieldError, text};
use money::{Currency, Decimal};

use crate::api::{NewProduct, ProductChange, ReserveLine, ReservedLine, StockChange};
use crate::error::Error;
pub use listing::{Key, Listing, Place, Sort};
pub use reservation::{HeldLine, Reservation, Settlement, State, all_held, shortages};

/// The longest name, in characters: fits a line of a receipt.
const MAX_NAME: usize = 200;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 10_000;
/// The longest category or reason, in characters.
const MAX_LABEL: usize = 100;
/// The most units of one product: keeps every sum of lines far from 64 bits.
const MAX_STOCK: i64 = 1_000_000_000;
/// The highest price, in minor units, for the same reason.
const MAX_PRICE: i64 = 1_000_000_000_000;

/// A product of the catalogue.
#[derive(Clone, Debug)]
pub struct Product {
    pub id: String,
    pub seller_id: String,
    pub name: String,
    pub description: String,
    pub category: String,
    /// In minor units of `currency`.
    pub price: i64,
    pub currency: Currency,
    pub on_hand: i64,
    pub reserved: i64,
    /// Whether it can be bought.
    pub active: bool,
    /// Whether it could be, but for its seller, who is disabled or erased.
    pub paused: bool,
    pub revision: i64,
    pub created_at: String,
    pub updated_at: String,
    /// Newer products have higher ones; 0 until it is saved.
    pub number: i64,
}

impl Product {
    /// Units that can still be promised.
    pub fn available(&self) -> i64 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// What the fold makes of it when its stock is changed by hand.
    pub fn adjust(&mut self, delta: i64, now: String) {
        self.on_hand = self.on_hand.saturating_add(delta);
        self.revision = self.revision.saturating_add(1);
        self.updated_at = now;
    }
}

/// What a seller says of a product, checked.
#[derive(Debug)]
pub struct Details {
    pub name: String,
    pub description: String,
    pub category: String,
    /// In minor units.
    pub price: i64,
}

/// A product to be created, checked.
#[derive(Debug)]
pub struct Draft {
    pub details: Details,
    pub currency: Currency,
    pub stock: i64,
}

/// A product to be changed, checked.
#[derive(Debug)]
pub struct Revised {
    pub details: Details,
    pub active: bool,
}

impl Details {
    /// Check them; every field that is not valid is added to `errors`.
    fn parse(
        errors: &mut Vec<FieldError>,
        (name, description, category): (&str, &str, &str),
        price: &Decimal,
        currency: Currency,
    ) -> Self {
        let name = text::line(errors, "name", name, 1..=MAX_NAME);
        let description = text::paragraph(errors, "description", description, 0..=MAX_DESCRIPTION);
        let category = text::line(errors, "category", category, 0..=MAX_LABEL);
        let price = parse_price(errors, currency, price);
        Self { name, description, category, price }
    }
}

impl Draft {
    /// Check a new product; every field that is not valid is named.
    pub fn parse(new: NewProduct) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let texts = (new.name.as_str(), new.description.as_str(), new.category.as_str());
        let details = Details::parse(&mut errors, texts, &new.price, new.currency);
        if !(0..=MAX_STOCK).contains(&new.stock) {
            errors.push(FieldError::new("stock", format!("must be from 0 to {MAX_STOCK}")));
        }
        if errors.is_empty() {
            Ok(Self { details, currency: new.currency, stock: new.stock })
        } else {
            Err(errors)
        }
    }
}

impl Revised {
    /// Check a change of a product in `currency`; every field that is not valid is named.
    pub fn parse(change: ProductChange, currency: Currency) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let texts = (change.name.as_str(), change.description.as_str(), change.category.as_str());
        let details = Details::parse(&mut errors, texts, &change.price, currency);
        if change.currency.is_some_and(|said| said != currency) {
            errors.push(FieldError::new("currency", format!("is {currency} and stays so")));
        }
        if errors.is_empty() { Ok(Self { details, active: change.active }) } else { Err(errors) }
    }
}

fn parse_price(errors: &mut Vec<FieldError>, currency: Currency, price: &Decimal) -> i64 {
    match currency.minor_units(price) {
        Ok(minor) if (0..=MAX_PRICE).contains(&minor) => return minor,
        Ok(_) => errors.push(FieldError::new("price", "must not be negative or larger than the maximum")),
        Err(error) => errors.push(FieldError::new("price", error.to_string())),
    }
    0
}

/// A change of stock by hand, checked.
#[derive(Debug)]
pub struct Adjustment {
    pub delta: i64,
    pub reason: String,
}

impl Adjustment {
    /// Check a change of stock; every field that is not valid is named.
    pub fn parse(change: &StockChange) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        if change.delta == 0 || !(-MAX_STOCK..=MAX_STOCK).contains(&change.delta) {
            errors.push(FieldError::new("delta", format!("must not be 0, nor beyond ±{MAX_STOCK}")));
        }
        let reason = text::line(&mut errors, "reason", &change.reason, 1..=MAX_LABEL);
        if errors.is_empty() { Ok(Self { delta: change.delta, reason }) } else { Err(errors) }
    }
}

/// Price the wanted lines from the catalogue; `found` are the products with the lines' ids.
///
/// # Errors
/// A product that is not there or not sold, prices the buyer did not expect, mixed currencies.
pub fn price_lines(
    wanted: &[ReserveLine],
    found: &[Product],
) -> Result<(Currency, Vec<ReservedLine>), Error> {
    let mut currency = None;
    let mut lines = Vec::with_capacity(wanted.len());
    for line in wanted {
        let product = found.iter().find(|p| p.id == line.product_id && p.active);
        let product = product.ok_or_else(|| Error::UnknownProduct(line.product_id.clone()))?;
        if *currency.get_or_insert(product.currency) != product.currency {
            return Err(Error::MixedCurrencies);
        }
        let expected = line.price.as_ref().map(|price| product.currency.minor_units(price));
        if expected.is_some_and(|expected| expected != Ok(product.price)) {
            return Err(Error::PriceChanged {
                product_id: product.id.clone(),
                price: product.currency.decimal(product.price),
            });
        }
        lines.push(ReservedLine {
            product_id: product.id.clone(),
            name: product.name.clone(),
            seller_id: product.seller_id.clone(),
            quantity: line.quantity,
            price: product.price,
        });
    }
    Ok((currency.unwrap_or(Currency::USD), lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn product(id: &str, price: i64, available: i64) -> Product {
        Product {
            id: id.to_owned(),
            seller_id: "s".to_owned(),
            name: "Tea".to_owned(),
            description: String::new(),
            category: String::new(),
            price,
            currency: Currency::USD,
            on_hand: available + 1,
            reserved: 1,
            active: true,
            paused: false,
            revision: 1,
            created_at: String::new(),
            updated_at: String::new(),
            number: 7,
        }
    }

    fn line(id: &str, quantity: i64, price: Option<&str>) -> ReserveLine {
        let price = price.map(|text| Decimal::parse(text).unwrap());
        ReserveLine { product_id: id.to_owned(), quantity, price }
    }

    fn draft(body: &str) -> Result<Draft, Vec<FieldError>> {
        Draft::parse(serde_json::from_str(body).unwrap())
    }

    #[test]
    fn every_invalid_field_is_named() {
        let errors = draft(r#"{"name":" ","price":29.999,"stock":-1}"#).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["name", "price", "stock"]);
        assert_eq!(draft(r#"{"name":"Tea","price":29.99}"#).unwrap().details.price, 2999);
    }

    #[test]
    fn a_product_keeps_its_currency() {
        let change =
            |body: &str| Revised::parse(serde_json::from_str(body).unwrap(), Currency::parse("KRW").unwrap());
        assert!(change(r#"{"name":"Tea","price":500}"#).is_ok_and(|r| r.active && r.details.price == 500));
        let errors = change(r#"{"name":"Tea","price":5.5,"currency":"USD"}"#).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["price", "currency"]);
    }

    #[test]
    fn the_catalogues_price_counts() {
        let found = [product("a", 2999, 5)];
        assert_eq!(price_lines(&[line("a", 2, None)], &found).unwrap().1[0].price, 2999);
        assert!(price_lines(&[line("a", 2, Some("29.990"))], &found).is_ok());
        assert!(matches!(price_lines(&[line("a", 2, Some("1"))], &found), Err(Error::PriceChanged { .. })));
        assert!(matches!(price_lines(&[line("b", 2, None)], &found), Err(Error::UnknownProduct(_))));
    }

    #[test]
    fn short_lines_say_what_is_left_with_what_the_order_holds_itself() {
        let (wanted, found) =
            ([line("a", 5, None), line("b", 1, None)], [product("a", 1, 5), product("b", 1, 0)]);
        let short = |own: &[HeldLine]| -> Vec<_> {
            let short = shortages(&wanted, &found, own).into_iter();
            short.map(|s| (s.product_id, s.requested, s.available)).collect()
        };
        assert_eq!(short(&[]), [("b".to_owned(), 1, 0)]);
        assert_eq!(short(&[HeldLine { product_id: "b".to_owned(), quantity: 1 }]), []);
    }
}
