//! Card data on its way to the provider: read without ever being quoted, checked, forgotten.
//!
//! Neither type here has `Debug` or `Serialize`, and what they hold is overwritten when they are dropped.

use edge::FieldError;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;
use zeroize::Zeroizing;

/// Digits of a card number (ISO/IEC 7812-1).
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
/// Digits of a CVV: 3, on American Express 4.
const CVV_DIGITS: std::ops::RangeInclusive<usize> = 3..=4;
/// How many digits of a number may be kept and shown (PCI DSS 3.4.1).
const SHOWN_DIGITS: usize = 4;

/// `cardDetails` of a request, unchecked. A member that is not a text is as good as missing.
pub struct CardDetails {
    number: Option<Zeroizing<String>>,
    expiry: Option<Zeroizing<String>>,
    cvv: Option<Zeroizing<String>>,
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for CardDetails {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CardDetails".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "required": ["number", "expiry", "cvv"],
            "additionalProperties": false,
            "properties": {
                "number": {
                    "type": "string",
                    "writeOnly": true,
                    "description": "12 to 19 digits with a valid check digit.",
                },
                "expiry": { "type": "string", "pattern": "^(0[1-9]|1[0-2])/[0-9]{2}$", "description": "MM/YY." },
                "cvv": { "type": "string", "writeOnly": true, "pattern": "^[0-9]{3,4}$" },
            },
        })
    }
}

/// A card that may be charged.
pub struct Card {
    /// Digits only.
    pub number: Zeroizing<String>,
    /// 1 to 12.
    pub month: u8,
    /// Four digits.
    pub year: u16,
    pub cvv: Zeroizing<String>,
}

/// What of a card may be kept and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    pub brand: String,
    pub last4: String,
    /// `MM/YY`.
    pub expiry: String,
}

impl<'de> Deserialize<'de> for CardDetails {
    /// By way of a [`Value`], whose reading fails for bad syntax only: serde's own type errors quote what they found.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Object(mut members) = Value::deserialize(deserializer)? else {
            return Err(D::Error::custom("must be an object with number, expiry and cvv"));
        };
        let mut take = |name| match members.remove(name) {
            Some(Value::String(text)) => Some(Zeroizing::new(text)),
            _ => None,
        };
        let details = Self { number: take("number"), expiry: take("expiry"), cvv: take("cvv") };
        if members.is_empty() {
            Ok(details)
        } else {
            Err(D::Error::custom("must have no members but number, expiry and cvv"))
        }
    }
}

impl CardDetails {
    /// Check the details in the month `today` (year, month); every field that is not valid is named.
    pub fn check(self, today: (u16, u8)) -> Result<Card, Vec<FieldError>> {
        let number = self.number.map(|text| without_separators(&text)).filter(|digits| is_number(digits));
        let expiry = self.expiry.and_then(|text| parse_expiry(&text));
        let cvv = self.cvv.filter(|text| is_digits(text) && CVV_DIGITS.contains(&text.len()));
        let mut errors = Vec::new();
        let mut wrong = |field: &str, detail: &str| errors.push(FieldError::new(field, detail));
        if number.is_none() {
            wrong("cardDetails.number", "must be a text of 12 to 19 digits with a valid check digit");
        }
        match expiry {
            None => wrong("cardDetails.expiry", "must be a text such as 09/30"),
            // A card is good to the end of the month that is printed on it.
            Some(expiry) if expiry < today => wrong("cardDetails.expiry", "has passed"),
            Some(_) => {}
        }
        if cvv.is_none() {
            wrong("cardDetails.cvv", "must be a text of 3 or 4 digits");
        }
        match (number, expiry, cvv) {
            (Some(number), Some((year, month)), Some(cvv)) if errors.is_empty() => {
                Ok(Card { number, month, year, cvv })
            }
            _ => Err(errors),
        }
    }
}

impl Card {
    /// What may be kept.
    pub fn face(&self) -> Face {
        let hidden = self.number.len().saturating_sub(SHOWN_DIGITS);
        Face {
            brand: brand(&self.number).to_owned(),
            last4: self.number.get(hidden..).unwrap_or_default().to_owned(),
            expiry: format!("{:02}/{:02}", self.month, self.year % 100),
        }
    }
}

/// A provider's words, fit for the log: whatever number they quote is unreadable.
pub fn without_digits(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).take(200).collect()
}

/// People write numbers in groups, as they are printed on the card.
fn without_separators(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.chars().filter(|c| !matches!(c, ' ' | '-')).collect())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_number(digits: &str) -> bool {
    is_digits(digits) && NUMBER_DIGITS.contains(&digits.len()) && luhn(digits)
}

/// The check digit (ISO/IEC 7812-1, annex B): catches a mistyped digit and two swapped ones.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(byte, weight)| u32::from(byte.saturating_sub(b'0')) * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    sum.is_multiple_of(10)
}

/// `MM/YY` as (year, month), so that expiries compare as moments do.
fn parse_expiry(text: &str) -> Option<(u16, u8)> {
    let (month, year) = text.trim().split_once('/')?;
    if month.len() != 2 || year.len() != 2 || !is_digits(month) || !is_digits(year) {
        return None;
    }
    let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    Some((2000 + year.parse::<u16>().ok()?, month))
}

/// The scheme whose range of issuer numbers the card is in. UnionPay's come before Discover's, which share 622.
fn brand(digits: &str) -> &'static str {
    let prefix = |length: usize| digits.get(..length).and_then(|p| p.parse::<u32>().ok()).unwrap_or(0);
    match (prefix(2), prefix(3), prefix(4)) {
        (40..=49, _, _) => "visa",
        (51..=55, _, _) | (_, _, 2221..=2720) => "mastercard",
        (34 | 37, _, _) => "amex",
        (62 | 81, _, _) => "unionpay",
        (65, _, _) | (_, 644..=649, _) | (_, _, 6011) => "discover",
        (_, _, 3528..=3589) => "jcb",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: (u16, u8) = (2026, 11);

    fn details(number: &str, expiry: &str, cvv: &str) -> CardDetails {
        let text = |t: &str| Some(Zeroizing::new(t.to_owned()));
        CardDetails { number: text(number), expiry: text(expiry), cvv: text(cvv) }
    }

    fn wrong(details: CardDetails) -> Vec<String> {
        details.check(TODAY).err().unwrap_or_default().into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn numbers_need_their_length_and_check_digit() {
        for good in ["4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "6304000000000000"] {
            assert_eq!(wrong(details(good, "12/49", "123")), [""; 0], "{good}");
        }
        for bad in
            ["4111111111111112", "1411111111111111", "", "0", "00000000000", "41111111111111x1", "４１１１"]
        {
            assert_eq!(wrong(details(bad, "12/49", "123")), ["cardDetails.number"], "{bad}");
        }
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month() {
        assert!(wrong(details("4111111111111111", "11/26", "123")).is_empty());
        for bad in ["10/26", "12/25", "13/30", "00/30", "1/30", "01/2030", "0130", "+1/30", "aa/bb"] {
            assert_eq!(wrong(details("4111111111111111", bad, "123")), ["cardDetails.expiry"], "{bad}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let fields = ["cardDetails.number", "cardDetails.expiry", "cardDetails.cvv"];
        assert_eq!(wrong(details("1", "1", "12345")), fields);
        assert_eq!(wrong(CardDetails { number: None, expiry: None, cvv: None }), fields);
    }

    #[test]
    fn brands_are_told_by_the_first_digits() {
        for (number, expected) in [
            ("4111111111111111", "visa"),
            ("5555555555554444", "mastercard"),
            ("2221000000000009", "mastercard"),
            ("2720990000000007", "mastercard"),
            ("2721000000000004", "unknown"),
            ("378282246310005", "amex"),
            ("6011111111111117", "discover"),
            ("6440000000000000", "discover"),
            ("6500000000000000", "discover"),
            ("3566002020360505", "jcb"),
            ("6200000000000005", "unionpay"),
            ("9999999999999995", "unknown"),
        ] {
            assert_eq!(brand(number), expected, "{number}");
        }
    }

    #[test]
    fn only_brand_expiry_and_four_digits_are_kept() {
        let card = details("4242 4242 4242 4242", "01/30", "123").check(TODAY).ok().unwrap();
        let face = card.face();
        assert_eq!(
            (face.brand.as_str(), face.last4.as_str(), face.expiry.as_str()),
            ("visa", "4242", "01/30")
        );
        assert_eq!(without_digits("card 4242-42 refused"), "card ####-## refused");
    }
}
