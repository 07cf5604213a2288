//! The way out of a conflict: a person has looked, and what the provider really booked stands.

use money::Currency;
use serde_json::json;

use super::outcome::add;
use super::{Change, Payment, Refund, RefundState};
use crate::api::Resolve;

impl Payment {
    /// The event that ends the conflict: the payment is of the sum that was booked, and refunds are as booked. `unsettled`
    /// are its refunds in conflict, and those that are under way; when the rest is to be given back, `rest` begins, its
    /// amount filled in.
    pub fn resolved(&self, action: Resolve, unsettled: &[Refund], rest: &mut Refund, ask_after: &str) -> Change {
        let (amount, currency) = self.really_taken();
        let of = |state| unsettled.iter().filter(move |refund| refund.state == state);
        let booked = of(RefundState::Conflict).filter_map(|refund| refund.booked);
        let found = booked.fold(0i64, |sum, booked| sum.saturating_add(booked.max(0)));
        let total = self.refunded.saturating_add(found).min(amount);
        let under_way = of(RefundState::Pending).fold(0i64, |sum, refund| sum.saturating_add(refund.amount));
        rest.amount = match action {
            Resolve::Refund => amount.saturating_sub(total).saturating_sub(under_way).max(0),
            Resolve::Accept => 0,
        };
        let data = json!({
            "action": action,
            "accepted": action == Resolve::Accept,
            "amount": amount,
            "currency": currency,
            "refunded": total.saturating_sub(self.refunded),
            "refundedTotal": total,
            "refunding": under_way.saturating_add(rest.amount),
            "full": total == amount && (total > 0 || action == Resolve::Refund),
        });
        let mut change = self.change("conflict.resolved", data);
        if rest.amount > 0 {
            add(&mut change.data, "refundId", json!(rest.id));
            add(&mut change.data, "refundAmount", json!(rest.amount));
        }
        change.private = Some(json!({ "reason": rest.reason, "askAfter": ask_after }));
        change
    }

    /// What the provider took, in its own words; what was asked, when it said nothing that can be read.
    fn really_taken(&self) -> (i64, Currency) {
        let booked = self.booked.as_ref().filter(|(amount, _)| *amount >= 0);
        let booked = booked.and_then(|(amount, code)| Some((*amount, Currency::parse(code).ok()?)));
        booked.unwrap_or((self.amount, self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{State, refund::tests::refund, tests::started};

    fn conflict(booked: Option<(i64, &str)>) -> Payment {
        let mut payment = started();
        payment.state = State::Conflict;
        payment.booked = booked.map(|(amount, code)| (amount, code.to_owned()));
        payment
    }

    fn resolve(payment: &Payment, action: Resolve, unsettled: &[Refund]) -> serde_json::Value {
        payment.resolved(action, unsettled, &mut refund(0), "soon").data
    }

    #[test]
    fn what_was_really_booked_stands_or_goes_back() {
        let accepted = resolve(&conflict(Some((3000, "USD"))), Resolve::Accept, &[]);
        assert_eq!((&accepted["amount"], &accepted["accepted"]), (&json!(3000), &json!(true)));
        assert_eq!((accepted.get("refundId"), &accepted["full"]), (None, &json!(false)));
        let given_back = resolve(&conflict(Some((3000, "EUR"))), Resolve::Refund, &[]);
        assert_eq!((&given_back["refundAmount"], &given_back["currency"]), (&json!(3000), &json!("EUR")));
        assert_eq!(given_back["refunding"], 3000);
    }

    #[test]
    fn a_receipt_that_says_nothing_leaves_what_was_asked() {
        for booked in [None, Some((1, "")), Some((-1, "USD"))] {
            assert_eq!(resolve(&conflict(booked), Resolve::Accept, &[])["amount"], 2999);
        }
    }

    #[test]
    fn refunds_in_conflict_count_as_booked() {
        let mut payment = conflict(None);
        (payment.refunded, payment.refunding) = (100, 700);
        let mut wrong = refund(500);
        (wrong.state, wrong.booked) = (RefundState::Conflict, Some(501));
        let unsettled = [wrong, refund(200)];
        let accepted = resolve(&payment, Resolve::Accept, &unsettled);
        assert_eq!((&accepted["refundedTotal"], &accepted["refunding"]), (&json!(601), &json!(200)));
        let given_back = resolve(&payment, Resolve::Refund, &unsettled);
        assert_eq!((&given_back["refundAmount"], &given_back["refunding"]), (&json!(2198), &json!(2398)));
        assert_eq!(given_back["refunded"], 501);
    }

    #[test]
    fn nothing_that_was_booked_is_given_back_at_once() {
        let nothing = resolve(&conflict(Some((0, "USD"))), Resolve::Refund, &[]);
        assert_eq!((nothing.get("refundId"), &nothing["full"]), (None, &json!(true)));
    }
}
