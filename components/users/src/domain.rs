//! The rules of profiles. No I/O, no clock.

pub mod search;

use clock::Timestamp;
use contract::UserId;
use edge::{FieldError, text};
use serde::{Deserialize, Serialize};

/// The longest name, in characters (as auth's signup has it).
pub const MAX_NAME: usize = 100;
/// The most digits of a telephone number (ITU-T E.164).
const MAX_DIGITS: usize = 15;
/// The fewest: short service numbers.
const MIN_DIGITS: usize = 3;
/// The longest telephone number, in characters: digits and what people put between them.
pub const MAX_PHONE: usize = 32;
/// The most addresses of a person: a profile stays a few kilobytes.
pub const MAX_ADDRESSES: usize = 10;
/// The longest label of an address, in characters.
const MAX_LABEL: usize = 50;
/// The longest street and city, in characters.
const MAX_LINE: usize = 200;
/// The longest postal code, in characters: the longest in use have 10.
const MAX_ZIP_CODE: usize = 20;

/// Where parcels go.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// What its owner calls it, such as "home".
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_LABEL)))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_LINE)))]
    pub street: String,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_LINE)))]
    pub city: String,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_ZIP_CODE)))]
    pub zip_code: String,
}

/// A person's profile. Has no `Debug`: it is personal.
#[derive(Clone)]
pub struct Profile {
    pub id: UserId,
    pub email: String,
    pub details: Details,
    pub roles: Vec<String>,
    pub disabled: bool,
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The part of a profile that its owner writes, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Details {
    pub name: String,
    pub phone: Option<String>,
    pub addresses: Vec<Address>,
}

impl Details {
    /// Check an update; every field that is not valid is named.
    pub fn parse(name: &str, phone: Option<&str>, addresses: Vec<Address>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = text::line(&mut errors, "name", name, 1..=MAX_NAME);
        let phone = phone.map(|phone| phone.trim().to_owned());
        if phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            errors.push(FieldError::new("phone", "must be a telephone number"));
        }
        if addresses.len() > MAX_ADDRESSES {
            errors.push(FieldError::new("addresses", format!("must have at most {MAX_ADDRESSES} items")));
        }
        let addresses = addresses.into_iter().take(MAX_ADDRESSES).enumerate();
        let addresses = addresses.map(|(at, address)| parse_address(&mut errors, at, address)).collect();
        if errors.is_empty() { Ok(Self { name, phone, addresses }) } else { Err(errors) }
    }

    /// The names of the fields in which `self` differs from `other`: what may be told of a change.
    pub fn changed(&self, other: &Self) -> Vec<&'static str> {
        let fields = [
            ("name", self.name != other.name),
            ("phone", self.phone != other.phone),
            ("addresses", self.addresses != other.addresses),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

fn parse_address(errors: &mut Vec<FieldError>, at: usize, address: Address) -> Address {
    let field = |name| format!("addresses[{at}].{name}");
    Address {
        label: text::optional_line(errors, &field("label"), address.label.as_deref(), 1..=MAX_LABEL),
        street: text::line(errors, &field("street"), &address.street, 1..=MAX_LINE),
        city: text::line(errors, &field("city"), &address.city, 1..=MAX_LINE),
        zip_code: text::line(errors, &field("zipCode"), &address.zip_code, 1..=MAX_ZIP_CODE),
    }
}

/// Loose on purpose: numbers are written in many ways.
fn is_phone(phone: &str) -> bool {
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let rest = phone.strip_prefix('+').unwrap_or(phone);
    phone.len() <= MAX_PHONE
        && (MIN_DIGITS..=MAX_DIGITS).contains(&digits)
        && rest.chars().all(|c| c.is_ascii_digit() || " -.()".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Details, Vec<String>> {
        let names = |errors: Vec<FieldError>| errors.into_iter().map(|error| error.field).collect();
        let body: crate::api::ProfileUpdate = serde_json::from_str(body).unwrap();
        Details::parse(&body.name, body.phone.as_deref(), body.addresses).map_err(names)
    }

    fn fields(body: &str) -> Vec<String> {
        parse(body).err().unwrap_or_default()
    }

    #[test]
    fn every_invalid_field_is_named() {
        let body = r#"{"name":" ","phone":"call me","addresses":[
            {"street":"1 Main St","city":"Seoul","zipCode":"04524"},
            {"label":"","street":"","city":"Seoul","zipCode":"123456789012345678901"}]}"#;
        let wrong = ["name", "phone", "addresses[1].label", "addresses[1].street", "addresses[1].zipCode"];
        assert_eq!(fields(body), wrong);
    }

    #[test]
    fn only_the_name_is_needed() {
        let details = parse(r#"{"name":" 김철수 "}"#).ok().unwrap();
        assert!(details.name == "김철수" && details.phone.is_none() && details.addresses.is_empty());
    }

    #[test]
    fn addresses_are_bounded_in_number() {
        let address = r#"{"street":"1 Main St","city":"Seoul","zipCode":"04524"}"#;
        let many = |n: usize| format!(r#"{{"name":"A","addresses":[{}]}}"#, vec![address; n].join(","));
        assert_eq!(fields(&many(10)), [""; 0]);
        assert_eq!(fields(&many(11)), ["addresses"]);
    }

    #[test]
    fn telephone_numbers_are_written_in_many_ways() {
        for phone in ["+82 10-1234-5678", "010-1234-5678", "(02) 123.4567", "112"] {
            assert!(is_phone(phone), "{phone}");
        }
        for phone in ["", "+", "12", "1+2345", "010-1234-ABCD", "1234567890123456", &"1 ".repeat(17)] {
            assert!(!is_phone(phone), "{phone}");
        }
    }

    #[test]
    fn a_change_is_told_by_the_names_of_its_fields() {
        let old = parse(r#"{"name":"A","phone":"112"}"#).ok().unwrap();
        let new =
            parse(r#"{"name":"B","phone":"112","addresses":[{"street":"x","city":"y","zipCode":"z"}]}"#);
        assert_eq!(new.ok().unwrap().changed(&old), ["name", "addresses"]);
        assert!(old.changed(&old).is_empty());
    }
}
