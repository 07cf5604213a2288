//! Amounts of money, exact: integers of the currency's minor unit inside, JSON decimals such as `29.99`
//! outside, never a binary float.

#![deny(clippy::arithmetic_side_effects)]

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Number;

mod iso;

/// A currency of ISO 4217 with its number of decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

/// The most decimal digits any currency has.
const MAX_EXPONENT: u32 = 4;
/// What a code that is not active any more counts with.
const USUAL_EXPONENT: u8 = 2;

/// Why a number is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a plain decimal such as `12` or `12.50`.
    #[error("must be a plain decimal number such as 29.99")]
    NotDecimal,
    /// More decimal places than the currency's minor unit has.
    #[error("has more decimal places than the currency")]
    TooPrecise,
    /// Outside of what 64 bits hold.
    #[error("is too large")]
    TooLarge,
    /// No currency that one can pay in.
    #[error("must be an active ISO 4217 code such as USD")]
    NotCurrency,
}

impl Currency {
    /// US dollar, the default of the API.
    pub const USD: Self = Self { code: *b"USD", exponent: 2 };

    /// Read an active code such as `KRW`: for what people say.
    ///
    /// # Errors
    /// [`Error::NotCurrency`] for anything else: withdrawn codes, metals (XAU), tests (XTS).
    pub fn parse(code: &str) -> Result<Self, Error> {
        let code = letters(code)?;
        let exponent = iso::decimals(code).ok_or(Error::NotCurrency)?;
        Ok(Self { code, exponent })
    }

    /// Read a code that was taken before, and may have been withdrawn since: for what is stored.
    ///
    /// # Errors
    /// [`Error::NotCurrency`] unless it is three upper-case letters.
    pub fn recorded(code: &str) -> Result<Self, Error> {
        let code = letters(code)?;
        Ok(Self { code, exponent: iso::decimals(code).unwrap_or(USUAL_EXPONENT) })
    }

    /// Every active currency.
    pub fn active() -> impl Iterator<Item = Self> {
        iso::ACTIVE.iter().flat_map(|(exponent, codes)| {
            let code = |code: &[u8]| Some(Self { code: code.try_into().ok()?, exponent: *exponent });
            codes.as_bytes().chunks_exact(3).filter_map(code)
        })
    }

    /// Decimal digits of the minor unit: 2 for USD, 0 for KRW, 3 for KWD.
    pub fn exponent(self) -> u32 {
        u32::from(self.exponent)
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or("XXX")
    }

    /// Minor units (2999) from a decimal (29.99).
    ///
    /// # Errors
    /// When the decimal does not fit the currency exactly.
    pub fn minor_units(self, amount: &Decimal) -> Result<i64, Error> {
        amount.scaled(self.exponent())
    }

    /// The decimal (29.99) of minor units (2999), with all the currency's places.
    pub fn decimal(self, minor_units: i64) -> Decimal {
        Decimal::from_minor(minor_units, self.exponent())
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::fmt::Debug for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}

/// A sum of money. In JSON the members `amount`, in minor units, and `currency`: this is how services tell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Amount {
    /// In minor units of the currency.
    #[serde(rename = "amount")]
    pub minor: i64,
    /// Of an amount that was taken before, so that it may have been withdrawn since.
    #[serde(deserialize_with = "recorded")]
    pub currency: Currency,
}

impl Amount {
    /// `minor` units of `currency`.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// With the currency's decimal places, as people read it.
    pub fn decimal(self) -> Decimal {
        self.currency.decimal(self.minor)
    }
}

/// A currency in a message of another service of ours: see [`Currency::recorded`].
///
/// # Errors
/// As [`Currency::recorded`].
pub fn recorded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
    let code = String::deserialize(deserializer)?;
    Currency::recorded(&code).map_err(de::Error::custom)
}

fn letters(code: &str) -> Result<[u8; 3], Error> {
    match <[u8; 3]>::try_from(code.as_bytes()) {
        Ok(bytes) if bytes.iter().all(u8::is_ascii_uppercase) => Ok(bytes),
        _ => Err(Error::NotCurrency),
    }
}

/// A decimal number as it stood in the JSON: the text, so that no digit is lost on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(String);

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Decimal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "number",
            "minimum": 0,
            "description": "A decimal, exact to the currency's minor unit: 29.99 USD, 30000 KRW.",
        })
    }
}

impl Decimal {
    /// Read a plain decimal: digits, optionally a point and digits, optionally a minus before.
    ///
    /// # Errors
    /// [`Error::NotDecimal`] for anything else, exponents among it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if all_digits(whole) && all_digits(fraction) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::NotDecimal)
        }
    }

    fn scaled(&self, exponent: u32) -> Result<i64, Error> {
        let (negative, digits) = match self.0.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, self.0.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let places = u32::try_from(fraction.len()).map_err(|_| Error::TooPrecise)?;
        let missing = exponent.checked_sub(places).ok_or(Error::TooPrecise)?;
        let number: i64 = format!("{whole}{fraction}").parse().map_err(|_| Error::TooLarge)?;
        let scaled = number.checked_mul(10i64.pow(missing.min(MAX_EXPONENT))).ok_or(Error::TooLarge)?;
        Ok(if negative { scaled.saturating_neg() } else { scaled })
    }

    fn from_minor(minor_units: i64, exponent: u32) -> Self {
        let sign = if minor_units < 0 { "-" } else { "" };
        let (minor, unit) = (minor_units.unsigned_abs(), 10u64.pow(exponent.min(MAX_EXPONENT)));
        // A power of ten is never zero.
        let (whole, rest) =
            (minor.checked_div(unit).unwrap_or_default(), minor.checked_rem(unit).unwrap_or_default());
        let width = usize::try_from(exponent).unwrap_or(0);
        Self(match exponent {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{rest:0width$}"),
        })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.parse::<Number>().map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        Self::parse(&number.to_string()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "sums of bounded test data; an overflow would fail the test"
)]
mod tests {
    use proptest::prelude::*;

    use super::{Currency, Decimal, Error};

    fn minor(code: &str, text: &str) -> Result<i64, Error> {
        Currency::parse(code)?.minor_units(&Decimal::parse(text)?)
    }

    #[test]
    fn decimals_become_minor_units_exactly() {
        assert_eq!(minor("USD", "29.99"), Ok(2999));
        assert_eq!(minor("USD", "29.9"), Ok(2990));
        assert_eq!(minor("USD", "30"), Ok(3000));
        assert_eq!(minor("USD", "30.000"), Ok(3000));
        assert_eq!(minor("KRW", "30000"), Ok(30000));
        assert_eq!(minor("KRW", "30000.5"), Err(Error::TooPrecise));
        assert_eq!(minor("KWD", "1.234"), Ok(1234));
        assert_eq!(minor("USD", "0.1000000000000000055"), Err(Error::TooPrecise));
        assert_eq!(minor("USD", "-1.50"), Ok(-150));
        assert_eq!(minor("USD", "1e3"), Err(Error::NotDecimal));
        assert_eq!(minor("USD", "99999999999999999999"), Err(Error::TooLarge));
        assert_eq!(minor("usd", "1"), Err(Error::NotCurrency));
        assert_eq!(minor("CLF", "1.2345"), Ok(12345));
        assert_eq!(minor("UYI", "1"), Ok(1));
    }

    #[test]
    fn only_active_currencies_with_a_minor_unit_are_taken() {
        for code in
            ["BTC", "MEX", "XXX", "XTS", "XAU", "XDR", "XSU", "HRK", "BGN", "ANG", "ZWL", "AAA", "U$D"]
        {
            assert_eq!(Currency::parse(code), Err(Error::NotCurrency), "{code}");
        }
        for (code, decimals) in [("KRW", 0), ("EUR", 2), ("MGA", 2), ("XCG", 2), ("IQD", 3), ("UYW", 4)] {
            assert_eq!(Currency::parse(code).map(Currency::exponent), Ok(decimals), "{code}");
        }
        assert_eq!(Currency::active().count(), 165);
        assert!(Currency::active().all(|one| Currency::parse(one.code()) == Ok(one)));
    }

    #[test]
    fn what_was_taken_before_a_code_was_withdrawn_can_still_be_read() {
        assert_eq!(Currency::recorded("HRK").map(Currency::exponent), Ok(2));
        assert_eq!(Currency::recorded("KRW"), Currency::parse("KRW"));
        assert_eq!(Currency::recorded("hrk"), Err(Error::NotCurrency));
        assert!(serde_json::from_str::<Currency>("\"HRK\"").is_err());
    }

    #[test]
    fn json_keeps_every_digit_and_place() {
        let price: Decimal = serde_json::from_str("29.90").unwrap();
        assert_eq!(serde_json::to_string(&price).unwrap(), "29.90");
        assert_eq!(serde_json::to_string(&Currency::USD.decimal(5998)).unwrap(), "59.98");
        assert_eq!(serde_json::to_string(&Currency::USD.decimal(5)).unwrap(), "0.05");
        assert_eq!(serde_json::to_string(&Currency::parse("KRW").unwrap().decimal(500)).unwrap(), "500");
    }

    /// One currency for each number of decimals.
    fn currency() -> impl Strategy<Value = Currency> {
        prop_oneof!["KRW", "USD", "KWD", "CLF"].prop_map(|code| Currency::parse(&code).unwrap())
    }

    fn json(currency: Currency, minor_units: i64) -> String {
        serde_json::to_string(&currency.decimal(minor_units)).unwrap()
    }

    proptest! {
        #[test]
        fn every_amount_survives_the_way_through_json(currency in currency(), minor in -i64::MAX..=i64::MAX) {
            let text = json(currency, minor);
            let read: Decimal = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(currency.minor_units(&read), Ok(minor), "{}", text);
            let places = text.split_once('.').map_or(0, |(_, places)| places.len());
            prop_assert_eq!(places, currency.exponent() as usize, "{}", text);
        }

        /// The sum as a person adds it up on paper: whole and fraction apart, with carry.
        #[test]
        fn a_total_is_the_sum_of_what_its_lines_show(
            currency in currency(),
            lines in prop::collection::vec((1i64..10_000, 0i64..1_000_000_000), 1..20),
        ) {
            let total: i64 = lines.iter().map(|(quantity, price)| quantity * price).sum();
            let unit = 10i128.pow(currency.exponent());
            let (mut whole, mut fraction) = (0i128, 0i128);
            for (quantity, price) in &lines {
                let text = json(currency, quantity * price);
                let (w, f) = text.split_once('.').unwrap_or((&text, "0"));
                whole += w.parse::<i128>().unwrap();
                fraction += f.parse::<i128>().unwrap();
            }
            let shown = match currency.exponent() {
                0 => whole.to_string(),
                places => format!("{}.{:0width$}", whole + fraction / unit, fraction % unit, width = places as usize),
            };
            prop_assert_eq!(json(currency, total), shown);
        }

        #[test]
        fn zeros_at_the_end_change_nothing_and_other_digits_are_refused(
            currency in currency(), minor in 0i64..1_000_000_000, digit in 1u8..=9,
        ) {
            let text = json(currency, minor);
            let point = if text.contains('.') { "" } else { "." };
            let read = |more: String| currency.minor_units(&Decimal::parse(&format!("{text}{point}{more}")).unwrap());
            prop_assert_eq!(read("000".to_owned()), Ok(minor));
            prop_assert_eq!(read(digit.to_string()), Err(Error::TooPrecise));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*", currency in currency()) {
            if let Ok(decimal) = Decimal::parse(&text) {
                _ = currency.minor_units(&decimal);
            }
        }
    }
}
