//! The rules of catalogue and stock. No I/O, no clock.

mod listing;
mod reservation;

use clock::Timestamp;
use contract::products::Wanted;
use contract::{Line, ProductId, UserId};
use edge::{FieldError, text};
use money::{Currency, Decimal};

pub use listing::{Key, Listing, Place, Query, Sort};
pub use reservation::{Reservation, ReservationState, Settlement, Shortage, all_held, shortages};

/// The longest name, in characters: fits a line of a receipt.
pub const MAX_NAME: usize = 200;
/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 10_000;
/// The longest category or reason, in characters.
pub const MAX_LABEL: usize = 100;
/// The most units of one product: keeps every sum of lines far from 64 bits.
pub const MAX_STOCK: i64 = 1_000_000_000;
/// The highest price, in minor units, for the same reason.
const MAX_PRICE: i64 = 1_000_000_000_000;

/// A product of the catalogue.
#[derive(Clone, Debug)]
pub struct Product {
    pub id: ProductId,
    pub seller_id: UserId,
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
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Newer products have higher ones; 0 until it is saved.
    pub number: i64,
}

impl Product {
    /// Units that can still be promised.
    pub fn available(&self) -> i64 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// What the fold makes of it when its stock is changed by hand.
    pub fn adjust(&mut self, delta: i64, now: Timestamp) {
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
    pub currency: Currency,
    pub active: bool,
}

/// What a seller says of a product, unchecked.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub category: &'a str,
    pub price: &'a Decimal,
}

impl Details {
    /// Check them; every field that is not valid is added to `errors`.
    fn parse(errors: &mut Vec<FieldError>, said: Said<'_>, currency: Currency) -> Self {
        let name = text::line(errors, "name", said.name, 1..=MAX_NAME);
        let description = text::paragraph(errors, "description", said.description, 0..=MAX_DESCRIPTION);
        let category = text::line(errors, "category", said.category, 0..=MAX_LABEL);
        let price = parse_price(errors, currency, said.price);
        Self { name, description, category, price }
    }
}

impl Draft {
    /// Check a new product; every field that is not valid is named.
    pub fn parse(said: Said<'_>, currency: Currency, stock: i64) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let details = Details::parse(&mut errors, said, currency);
        if !(0..=MAX_STOCK).contains(&stock) {
            errors.push(FieldError::new("stock", format!("must be from 0 to {MAX_STOCK}")));
        }
        if errors.is_empty() { Ok(Self { details, currency, stock }) } else { Err(errors) }
    }
}

impl Revised {
    /// Check a change of a product in `currency`, which may be `repeated` but not changed; every field that is not
    /// valid is named.
    pub fn parse(
        said: Said<'_>,
        active: bool,
        currency: Currency,
        repeated: Option<Currency>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let details = Details::parse(&mut errors, said, currency);
        if repeated.is_some_and(|repeated| repeated != currency) {
            errors.push(FieldError::new("currency", format!("is {currency} and stays so")));
        }
        if errors.is_empty() { Ok(Self { details, currency, active }) } else { Err(errors) }
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
    pub fn parse(delta: i64, reason: &str) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        if delta == 0 || !(-MAX_STOCK..=MAX_STOCK).contains(&delta) {
            errors.push(FieldError::new("delta", format!("must not be 0, nor beyond ±{MAX_STOCK}")));
        }
        let reason = text::line(&mut errors, "reason", reason, 1..=MAX_LABEL);
        if errors.is_empty() { Ok(Self { delta, reason }) } else { Err(errors) }
    }
}

/// Why lines cannot be sold as they are wanted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsold {
    #[error("there is no product {0}")]
    Unknown(ProductId),
    #[error("lines in several currencies")]
    MixedCurrencies,
    #[error("the price of {product_id} is {price}")]
    PriceChanged { product_id: ProductId, price: Decimal },
}

/// Price the wanted lines from the catalogue; `found` are the products with the lines' ids.
///
/// # Errors
/// A product that is not there or not sold, prices the buyer did not expect, mixed currencies.
pub fn price_lines(wanted: &[Wanted], found: &[Product]) -> Result<(Currency, Vec<Line>), Unsold> {
    let mut currency = None;
    let mut lines = Vec::with_capacity(wanted.len());
    for line in wanted {
        let product = found.iter().find(|p| p.id == line.product_id && p.active);
        let product = product.ok_or(Unsold::Unknown(line.product_id))?;
        if *currency.get_or_insert(product.currency) != product.currency {
            return Err(Unsold::MixedCurrencies);
        }
        let expected = line.price.as_ref().map(|price| product.currency.minor_units(price));
        if expected.is_some_and(|expected| expected != Ok(product.price)) {
            let (product_id, price) = (product.id, product.currency.decimal(product.price));
            return Err(Unsold::PriceChanged { product_id, price });
        }
        lines.push(Line {
            product_id: product.id,
            name: product.name.clone(),
            seller_id: product.seller_id,
            quantity: line.quantity,
            price: product.price,
        });
    }
    Ok((currency.unwrap_or(Currency::USD), lines))
}

#[cfg(test)]
mod tests {
    use contract::Units;

    use super::*;

    pub fn product(id: u128, price: i64, available: i64) -> Product {
        Product {
            id: ProductId::from_u128(id),
            seller_id: UserId::from_u128(0),
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
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            number: 7,
        }
    }

    fn line(id: u128, quantity: i64, price: Option<&str>) -> Wanted {
        let price = price.map(|text| Decimal::parse(text).unwrap());
        Wanted { product_id: ProductId::from_u128(id), quantity, price }
    }

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    fn said<'a>(name: &'a str, price: &'a Decimal) -> Said<'a> {
        Said { name, description: "", category: "", price }
    }

    #[test]
    fn every_invalid_field_is_named() {
        let errors = Draft::parse(said(" ", &decimal("29.999")), Currency::USD, -1).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["name", "price", "stock"]);
        assert_eq!(
            Draft::parse(said("Tea", &decimal("29.99")), Currency::USD, 0).unwrap().details.price,
            2999
        );
    }

    #[test]
    fn a_product_keeps_its_currency() {
        let won = Currency::parse("KRW").unwrap();
        let change =
            |price: &str, repeated| Revised::parse(said("Tea", &decimal(price)), true, won, repeated);
        assert!(change("500", None).is_ok_and(|r| r.active && r.details.price == 500));
        let errors = change("5.5", Some(Currency::USD)).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["price", "currency"]);
    }

    #[test]
    fn the_catalogues_price_counts() {
        let found = [product(1, 2999, 5)];
        assert_eq!(price_lines(&[line(1, 2, None)], &found).unwrap().1[0].price, 2999);
        assert!(price_lines(&[line(1, 2, Some("29.990"))], &found).is_ok());
        assert!(matches!(price_lines(&[line(1, 2, Some("1"))], &found), Err(Unsold::PriceChanged { .. })));
        assert!(matches!(price_lines(&[line(2, 2, None)], &found), Err(Unsold::Unknown(_))));
    }

    #[test]
    fn short_lines_say_what_is_left_with_what_the_order_holds_itself() {
        let (wanted, found) = ([line(1, 5, None), line(2, 1, None)], [product(1, 1, 5), product(2, 1, 0)]);
        let short = |own: &[Units]| -> Vec<_> {
            let short = shortages(&wanted, &found, own).into_iter();
            short.map(|s| (s.product_id, s.requested, s.available)).collect()
        };
        assert_eq!(short(&[]), [(ProductId::from_u128(2), 1, 0)]);
        assert_eq!(short(&[Units { product_id: ProductId::from_u128(2), quantity: 1 }]), []);
    }
}
