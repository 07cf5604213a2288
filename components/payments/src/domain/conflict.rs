//! How a conflict ends: a person has looked at the provider, and accepts what it really booked.

use clock::Timestamp;
use contract::payments::{PaymentEvent, Resolved};
use money::{Amount, Currency};
use serde_json::json;

use super::{Change, Payment, Refund, Resolution};

impl Payment {
    /// The event that ends the conflict: the payment is of the sum that was booked, and so are its refunds in conflict,
    /// `wrong`. `given_back` is what the provider says that it gave back in all. When the rest is to go back, `rest`
    /// begins, its amount filled in.
    pub fn resolved(
        &self,
        action: Resolution,
        wrong: &[Refund],
        given_back: i64,
        rest: &mut Refund,
        ask_after: Timestamp,
    ) -> Change {
        let taken = self.really_taken();
        let amount = taken.minor;
        let sum = |of: fn(&Refund) -> i64| wrong.iter().map(of).fold(0i64, i64::saturating_add);
        let under_way = self.refunding.saturating_sub(sum(|refund| refund.amount)).max(0);
        let known = self.refunded.saturating_add(sum(|refund| refund.booked.unwrap_or(refund.amount).max(0)));
        let total = known.max(given_back).min(amount.saturating_sub(under_way));
        rest.amount = match action {
            Resolution::Refund => amount.saturating_sub(total).saturating_sub(under_way).max(0),
            Resolution::Accept => 0,
        };
        let begun = rest.amount > 0;
        let event = PaymentEvent::Resolved(Resolved {
            payment_id: self.id,
            order_id: self.order_id,
            action,
            accepted: action == Resolution::Accept,
            taken,
            asked: Amount::new(self.amount, self.currency),
            refunded: total.saturating_sub(self.refunded),
            refunded_total: total,
            refunding: under_way.saturating_add(rest.amount),
            full: total == amount && (total > 0 || action == Resolution::Refund),
            refund_id: begun.then_some(rest.id),
            refund_amount: begun.then_some(rest.amount),
        });
        Change { event, private: Some(json!({ "reason": rest.reason, "askAfter": ask_after })) }
    }

    /// What the provider took, in its own words; what was asked, when it said nothing that can be read.
    pub fn really_taken(&self) -> Amount {
        let booked = self.booked.as_ref().filter(|(amount, _)| *amount >= 0);
        let booked =
            booked.and_then(|(amount, code)| Some(Amount::new(*amount, Currency::parse(code).ok()?)));
        booked.unwrap_or(Amount::new(self.amount, self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::DomainEvent;

    use crate::domain::{PaymentState, RefundState, refund::tests::refund, tests::started};

    fn conflict(booked: Option<(i64, &str)>) -> Payment {
        let mut payment = started();
        payment.state = PaymentState::Conflict;
        payment.booked = booked.map(|(amount, code)| (amount, code.to_owned()));
        payment
    }

    fn resolve(payment: &Payment, action: Resolution, wrong: &[Refund]) -> serde_json::Value {
        payment.resolved(action, wrong, 0, &mut refund(0), Timestamp(0)).event.data()
    }

    #[test]
    fn what_was_really_booked_stands_or_goes_back() {
        let accepted = resolve(&conflict(Some((3000, "USD"))), Resolution::Accept, &[]);
        assert_eq!((&accepted["amount"], &accepted["accepted"]), (&json!(3000), &json!(true)));
        assert_eq!((accepted.get("refundId"), &accepted["full"]), (None, &json!(false)));
        let given_back = resolve(&conflict(Some((3000, "EUR"))), Resolution::Refund, &[]);
        assert_eq!((&given_back["refundAmount"], &given_back["currency"]), (&json!(3000), &json!("EUR")));
        assert_eq!(given_back["refunding"], 3000);
    }

    #[test]
    fn a_receipt_that_says_nothing_leaves_what_was_asked() {
        for booked in [None, Some((1, "")), Some((-1, "USD"))] {
            assert_eq!(resolve(&conflict(booked), Resolution::Accept, &[])["amount"], 2999);
        }
    }

    #[test]
    fn refunds_in_conflict_count_as_booked() {
        let mut payment = conflict(None);
        // One of 500 went wrong, one of 200 is under way.
        (payment.refunded, payment.refunding) = (100, 700);
        let mut wrong = refund(500);
        (wrong.state, wrong.booked) = (RefundState::Conflict, Some(501));
        let accepted = resolve(&payment, Resolution::Accept, std::slice::from_ref(&wrong));
        assert_eq!((&accepted["refundedTotal"], &accepted["refunding"]), (&json!(601), &json!(200)));
        let given_back = resolve(&payment, Resolution::Refund, std::slice::from_ref(&wrong));
        assert_eq!((&given_back["refundAmount"], &given_back["refunding"]), (&json!(2198), &json!(2398)));
        assert_eq!(given_back["refunded"], 501);
        wrong.booked = Some(9999);
        let too_much = resolve(&payment, Resolution::Accept, &[wrong]);
        assert_eq!((&too_much["refundedTotal"], &too_much["refunding"]), (&json!(2799), &json!(200)));
    }

    #[test]
    fn what_the_provider_gave_back_unheard_counts() {
        let payment = conflict(Some((3000, "USD")));
        let data = payment.resolved(Resolution::Refund, &[], 3000, &mut refund(0), Timestamp(0)).event.data();
        assert_eq!((&data["refundedTotal"], &data["full"]), (&json!(3000), &json!(true)));
        assert_eq!(data.get("refundId"), None);
    }

    #[test]
    fn nothing_that_was_booked_is_given_back_at_once() {
        let nothing = resolve(&conflict(Some((0, "USD"))), Resolution::Refund, &[]);
        assert_eq!((nothing.get("refundId"), &nothing["full"]), (None, &json!(true)));
    }
}
