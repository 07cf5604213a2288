//! What each test card does. Pure.

/// The fate of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// The money is taken.
    Captured,
    /// Taken, and one minor unit too much: a provider that errs.
    TooMuch,
    /// Taken, but the answer comes late.
    Slow,
    /// Taken, but the answer is lost.
    LostAfter,
    /// The request is lost on its way.
    LostBefore,
    /// No, with this code; and whether the same card may be tried again.
    Declined(&'static str, bool),
    /// The payer has to confirm first.
    RequiresAction,
    /// To be decided later.
    Pending,
    /// The money is held until it is captured.
    Authorized,
    /// Taken; it will not be given back.
    RefundsDeclined,
    /// Taken; when it is given back, the first answer is lost.
    RefundsLost,
}

/// Cards that are always good, one or two of each brand.
const APPROVED: [&str; 8] = [
    "4111111111111111",
    "4242424242424242",
    "5555555555554444",
    "5105105105105100",
    "378282246310005",
    "6011111111111117",
    "3566002020360505",
    "6200000000000005",
];

/// Cards with a fate of their own. Where Stripe has a test card for the case, it is the same number.
const SPECIAL: [(&str, Behaviour); 14] = [
    ("4000000000009995", Behaviour::Declined("insufficient_funds", true)),
    ("4000000000000069", Behaviour::Declined("expired_card", false)),
    ("4000000000009979", Behaviour::Declined("stolen_card", false)),
    ("4100000000000019", Behaviour::Declined("fraud_suspected", false)),
    ("4000000000000119", Behaviour::Declined("processing_error", true)),
    ("4000002500003155", Behaviour::RequiresAction),
    ("4000000000000200", Behaviour::Pending),
    ("4000000000000218", Behaviour::LostAfter),
    ("4000000000000226", Behaviour::LostBefore),
    ("4000000000000234", Behaviour::Slow),
    ("4000000000000242", Behaviour::TooMuch),
    ("4000000000000259", Behaviour::Authorized),
    ("4000000000005126", Behaviour::RefundsDeclined),
    ("4000000000007726", Behaviour::RefundsLost),
];

/// What a charge of the card with this number comes to. A number that is not of the table is refused, so that
/// nobody takes the sandbox for the real thing.
pub fn behaviour(number: &str) -> Behaviour {
    if APPROVED.contains(&number) {
        return Behaviour::Captured;
    }
    let special = SPECIAL.iter().find(|(card, _)| *card == number);
    special.map_or(Behaviour::Declined("do_not_honor", false), |(_, behaviour)| *behaviour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes_luhn(number: &str) -> bool {
        let doubled = |d: u32| if d > 4 { d * 2 - 9 } else { d * 2 };
        let digits = number.chars().rev().map(|c| c.to_digit(10).unwrap()).enumerate();
        digits.map(|(i, d)| if i % 2 == 1 { doubled(d) } else { d }).sum::<u32>() % 10 == 0
    }

    #[test]
    fn every_test_card_passes_the_shops_own_check() {
        let special = SPECIAL.iter().map(|(number, _)| *number);
        for number in APPROVED.into_iter().chain(special) {
            assert!(passes_luhn(number), "{number}");
        }
    }

    #[test]
    fn an_unknown_card_is_refused() {
        assert_eq!(behaviour("4111111111111111"), Behaviour::Captured);
        assert_eq!(behaviour("4012888888881881"), Behaviour::Declined("do_not_honor", false));
    }
}
