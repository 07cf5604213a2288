//! Checking an order that is to be placed or changed: its lines, summed by product, and its address.

use contract::products::Wanted;
use edge::{FieldError, text};
use money::Decimal;

use super::{Action, Address, Line};

/// The most lines: keeps an order's event and its one statement small.
pub const MAX_LINES: usize = 100;
/// The most units of one product: keeps every sum of lines far from 64 bits.
pub const MAX_QUANTITY: i64 = 10_000;
/// The longest street, in characters: fits a parcel's label.
pub const MAX_STREET: usize = 200;
/// The longest city, in characters.
pub const MAX_CITY: usize = 100;
/// The longest postal code, in characters; the longest in use have 10.
pub const MAX_ZIP_CODE: usize = 20;

/// An order to be placed, checked.
#[derive(Debug)]
pub struct Draft {
    /// One for each product.
    pub lines: Vec<Wanted>,
    pub address: Address,
}

impl Draft {
    /// Check a new order; every field that is not valid is named.
    pub fn parse(items: Vec<Wanted>, address: &Address) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let address = parse_address(&mut errors, address);
        let lines = sum(&mut errors, items);
        if errors.is_empty() { Ok(Self { lines, address }) } else { Err(errors) }
    }
}

/// What is to be changed of an order, checked.
#[derive(Debug)]
pub struct Change {
    /// All lines that the order is to have, one for each product.
    pub lines: Option<Vec<Wanted>>,
    pub address: Option<Address>,
}

impl Change {
    /// Check a change; every field that is not valid is named.
    pub fn parse(items: Option<Vec<Wanted>>, address: Option<&Address>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let address = address.map(|address| parse_address(&mut errors, address));
        if items.is_none() && address.is_none() {
            errors.push(FieldError::new("items", "or a shippingAddress must be given"));
        }
        let lines = items.map(|items| sum(&mut errors, items));
        if errors.is_empty() { Ok(Self { lines, address }) } else { Err(errors) }
    }

    /// What this does to an order that has `present` lines. Someone who sends the same lines with another address wants
    /// to change the address.
    pub fn action(&self, present: &[Line]) -> Action {
        if self.address.is_none() || self.lines_unlike(present).is_some() {
            Action::ChangeItems
        } else {
            Action::ChangeAddress
        }
    }

    /// The wanted lines, unless they are those that the order has.
    pub fn lines_unlike(&self, present: &[Line]) -> Option<&Vec<Wanted>> {
        let same = |wanted: &Wanted| {
            present.iter().any(|l| (l.product_id, l.quantity) == (wanted.product_id, wanted.quantity))
        };
        self.lines.as_ref().filter(|lines| lines.len() != present.len() || !lines.iter().all(same))
    }
}

fn parse_address(errors: &mut Vec<FieldError>, address: &Address) -> Address {
    Address {
        street: text::line(errors, "shippingAddress.street", &address.street, 1..=MAX_STREET),
        city: text::line(errors, "shippingAddress.city", &address.city, 1..=MAX_CITY),
        zip_code: text::line(errors, "shippingAddress.zipCode", &address.zip_code, 1..=MAX_ZIP_CODE),
    }
}

/// The items with those of the same product made one. Gives up at the first item that is wrong: a body has room
/// for thousands, and one is enough to mend the client.
fn sum(errors: &mut Vec<FieldError>, items: Vec<Wanted>) -> Vec<Wanted> {
    let mut lines = Vec::with_capacity(items.len().min(MAX_LINES));
    for (index, item) in items.into_iter().enumerate() {
        if let Err((member, detail)) = add(&mut lines, item) {
            errors.push(FieldError::new(format!("items[{index}].{member}"), detail));
            return lines;
        }
        if lines.len() > MAX_LINES {
            break;
        }
    }
    if !(1..=MAX_LINES).contains(&lines.len()) {
        errors.push(FieldError::new("items", format!("must have 1 to {MAX_LINES} products")));
    }
    lines
}

/// Add an item to the lines; else the member of it that is wrong, and why.
fn add(lines: &mut Vec<Wanted>, item: Wanted) -> Result<(), (&'static str, String)> {
    let known = lines.iter_mut().find(|line| line.product_id == item.product_id);
    let sum = known.as_ref().map_or(0, |line| line.quantity).saturating_add(item.quantity);
    if item.quantity < 1 || sum > MAX_QUANTITY {
        return Err((
            "quantity",
            format!("must be from 1 to {MAX_QUANTITY}, all lines of a product together"),
        ));
    }
    let Some(line) = known else {
        lines.push(item);
        return Ok(());
    };
    line.quantity = sum;
    match (&line.price, item.price) {
        (Some(one), Some(other)) if plain(one) != plain(&other) => {
            Err(("price", "is not that of the product's other line".to_owned()))
        }
        (None, price) => {
            line.price = price;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The number without zeros at its end: 29.9 and 29.90 are one price.
fn plain(price: &Decimal) -> String {
    let text = price.to_string();
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use contract::ProductId;

    use super::*;

    fn address(street: &str, city: &str) -> Address {
        Address { street: street.to_owned(), city: city.to_owned(), zip_code: "12345".to_owned() }
    }

    /// The product with this number.
    fn product(number: u128) -> ProductId {
        ProductId::from_u128(number)
    }

    fn item(number: u128, quantity: i64, price: Option<&str>) -> Wanted {
        let price = price.map(|price| Decimal::parse(price).unwrap());
        Wanted { product_id: product(number), quantity, price }
    }

    fn parse(items: Vec<Wanted>) -> Result<Draft, Vec<FieldError>> {
        Draft::parse(items, &address("123 Main St", "Seoul"))
    }

    fn wrong(items: Vec<Wanted>) -> String {
        parse(items).unwrap_err().remove(0).field
    }

    #[test]
    fn the_seeds_body_is_accepted_as_it_stands() {
        let body = r#"[{"productId":"019aa4c5-0001-7000-8000-0000000000ab","quantity":2,"price":29.99}]"#;
        let lines = parse(serde_json::from_str(body).unwrap()).unwrap().lines;
        assert_eq!((lines.len(), lines[0].quantity), (1, 2));
        assert_eq!(serde_json::to_string(&lines[0].price).unwrap(), "29.99");
    }

    #[test]
    fn lines_of_one_product_are_summed() {
        let items = vec![item(1, 2, None), item(2, 1, None), item(1, 3, Some("1.50"))];
        let lines = parse(items).unwrap().lines;
        let sums: Vec<_> = lines.iter().map(|line| (line.product_id, line.quantity)).collect();
        assert_eq!(sums, [(product(1), 5), (product(2), 1)]);
        assert_eq!(lines[0].price, Some(Decimal::parse("1.50").unwrap()));
    }

    #[test]
    fn a_product_has_one_price() {
        let twice = |one, other| vec![item(1, 1, Some(one)), item(1, 1, Some(other))];
        assert!(parse(twice("1.5", "1.50")).is_ok());
        assert!(parse(twice("30", "30.00")).is_ok());
        assert_eq!(wrong(twice("1.5", "1.51")), "items[1].price");
        assert_eq!(wrong(twice("3", "30")), "items[1].price");
    }

    #[test]
    fn quantities_have_bounds() {
        assert_eq!(wrong(vec![item(1, 0, None)]), "items[0].quantity");
        assert_eq!(wrong(vec![item(1, 10_001, None)]), "items[0].quantity");
        assert_eq!(wrong(vec![item(1, 10_000, None), item(1, i64::MAX, None)]), "items[1].quantity");
    }

    #[test]
    fn an_order_has_1_to_100_products() {
        let products = |count| (0..count).map(|number| item(number, 1, None)).collect::<Vec<_>>();
        assert_eq!(wrong(products(0)), "items");
        assert_eq!(parse(products(100)).unwrap().lines.len(), 100);
        assert_eq!(wrong(products(101)), "items");
        assert_eq!(parse([products(100), products(100)].concat()).unwrap().lines.len(), 100);
    }

    #[test]
    fn an_address_is_complete() {
        let errors = Draft::parse(vec![item(1, 1, None)], &address(" ", "")).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["shippingAddress.street", "shippingAddress.city"]);
    }
}
