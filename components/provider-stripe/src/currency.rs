//! What Stripe takes, and in which units (<https://docs.stripe.com/currencies>, read in November 2026). Pure.

use crate::bindings::exports::jangteo::payments::provider::{Money, Tender};

/// The presentment currencies of card payments that are active in ISO 4217, three letters each.
const TAKEN: &str = "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBHDBIFBMDBNDBOBBRLBSDBWPBYNBZDCADCDFCHFCLPCNYCOPCRC\
                     CVECZKDJFDKKDOPDZDEGPETBEURFJDFKPGBPGELGIPGMDGNFGTQGYDHKDHNLHTGHUFIDRILSINRISKJMDJODJPY\
                     KESKGSKHRKMFKRWKWDKYDKZTLAKLBPLKRLRDLSLMADMDLMGAMKDMMKMNTMOPMURMVRMWKMXNMYRMZNNADNGNNIO\
                     NOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWFSARSBDSCRSEKSGDSHPSLESOSSRDSZLTHBTJSTND\
                     TOPTRYTTDTWDTZSUAHUGXUSDUYUUZSVNDVUVWSTXAFXCDXCGXOFXPFYERZARZMW";
/// Whole for Stripe, in hundredths for ISO 4217: one of Stripe's units is so many minor units.
const COARSER: [(&str, i64); 1] = [("MGA", 100)];
/// Whole for ISO 4217, in hundredths for Stripe, for the sake of old clients: one minor unit is so many of Stripe's.
const FINER: [(&str, i64); 2] = [("ISK", 100), ("UGX", 100)];
/// In thousandths for both, but card networks take hundredths: the last digit has to be 0.
const IN_TENS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// All that is taken, and in which steps.
pub fn tenders() -> Vec<Tender> {
    codes().map(|code| Tender { currency: code.to_owned(), step: step(code) }).collect()
}

/// An amount in Stripe's units; none when Stripe does not take it exactly.
pub fn units(amount: &Money) -> Option<i64> {
    let code = codes().find(|code| *code == amount.currency)?;
    let exact = amount.minor_units.checked_rem(step(code)) == Some(0);
    let units = amount.minor_units.checked_div(factor(&COARSER, code))?.checked_mul(factor(&FINER, code))?;
    exact.then_some(units)
}

/// An amount that Stripe says, in lower case; none when it is no whole number of minor units.
pub fn money(units: i64, currency: &str) -> Option<Money> {
    let currency = currency.to_ascii_uppercase();
    let finer = factor(&FINER, &currency);
    let exact = units.checked_rem(finer) == Some(0);
    let minor_units = units.checked_div(finer)?.checked_mul(factor(&COARSER, &currency))?;
    exact.then_some(Money { minor_units, currency })
}

fn step(code: &str) -> i64 {
    if IN_TENS.contains(&code) { 10 } else { factor(&COARSER, code) }
}

fn factor(table: &[(&str, i64)], code: &str) -> i64 {
    table.iter().find(|(one, _)| *one == code).map_or(1, |(_, factor)| *factor)
}

fn codes() -> impl Iterator<Item = &'static str> {
    TAKEN.as_bytes().chunks_exact(3).filter_map(|code| std::str::from_utf8(code).ok())
}

#[cfg(test)]
mod tests {
    use ::money::Currency;
    use proptest::prelude::*;

    use super::*;

    fn of(code: &str, minor_units: i64) -> Money {
        Money { minor_units, currency: code.to_owned() }
    }

    #[test]
    fn amounts_go_in_stripes_units() {
        for (code, minor_units, expected) in [
            ("USD", 2999, Some(2999)),
            ("KRW", 30000, Some(30000)),
            ("MGA", 10000, Some(100)),
            ("MGA", 10050, None),
            ("ISK", 1000, Some(100_000)),
            ("UGX", 500, Some(50_000)),
            ("KWD", 1230, Some(1230)),
            ("KWD", 1234, None),
            ("HUF", 1045, Some(1045)),
            ("TWD", 1045, Some(1045)),
            ("IQD", 1000, None),
            ("CLF", 10000, None),
            ("ISK", i64::MAX, None),
        ] {
            assert_eq!(units(&of(code, minor_units)), expected, "{minor_units} {code}");
        }
        assert_eq!(money(150, "isk").map(|m| m.minor_units), None);
        assert_eq!(money(100, "mga").map(|m| m.minor_units), Some(10000));
    }

    #[test]
    fn what_is_taken_is_active_and_named_once() {
        let mut seen = std::collections::HashSet::new();
        for code in codes() {
            assert!(Currency::parse(code).is_ok() && seen.insert(code), "{code}");
        }
        // Stripe's zero-decimal currencies are ISO 4217's, but for the ones of the tables.
        let zero = codes().filter(|code| Currency::parse(code).unwrap().exponent() == 0);
        let expected = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
        assert_eq!(zero.collect::<Vec<_>>().join(" "), expected);
    }

    proptest! {
        #[test]
        fn any_amount_of_any_currency_comes_back_as_it_went_or_is_refused(
            at in 0usize..200, minor_units in any::<i64>(),
        ) {
            let all: Vec<_> = Currency::active().collect();
            let code = all[at % all.len()].code().to_owned();
            let amount = of(&code, minor_units);
            let taken = tenders().into_iter().find(|tender| tender.currency == code);
            let exact = taken.is_some_and(|tender| minor_units % tender.step == 0);
            match units(&amount) {
                Some(units) => {
                    let back = money(units, &code.to_ascii_lowercase()).unwrap();
                    prop_assert_eq!((back.minor_units, back.currency), (minor_units, code));
                    prop_assert!(exact);
                }
                // Exact, and yet refused: beyond 64 bits in Stripe's units.
                None => prop_assert!(!exact || minor_units.checked_mul(100).is_none()),
            }
        }
    }
}
