//! Giving money back: what was asked for, and what a provider's answer means for it.

use serde_json::json;

use super::outcome::{add, standard};
use super::{Change, Payment, State};
use crate::provider::{Outcome, Receipt};

/// The reason of a refund that somebody made at the provider.
const ELSEWHERE: &str = "Refunded at the provider";

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// The provider was asked, or is about to be.
    Pending,
    /// The money was given back.
    Succeeded,
    /// The provider will not give it back.
    Failed,
    /// The provider gave back something else: a person has to look.
    Conflict,
}

impl RefundState {
    /// As clients and the database see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Conflict => "CONFLICT",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Succeeded, Self::Failed, Self::Conflict];
        all.into_iter().find(|state| state.name() == name)
    }
}

/// Money that is to be given back, or was.
#[derive(Clone, Debug)]
pub struct Refund {
    /// The provider's idempotency key too.
    pub id: String,
    pub payment_id: String,
    pub state: RefundState,
    /// In minor units of the payment's currency.
    pub amount: i64,
    pub reason: String,
    /// Whether the goods go on sale again.
    pub restock: bool,
    /// Code of the refusal.
    pub failure: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    pub updated_at: String,
}

impl Payment {
    /// The event that asks for `refund`: durable before the provider hears of it.
    pub fn refund_requested(&self, refund: &Refund, ask_after: String) -> Change {
        let data = json!({
            "refundId": refund.id,
            "amount": refund.amount,
            "currency": self.currency,
            "restock": refund.restock,
        });
        let mut change = self.change("payment.refund_requested", data);
        change.private = Some(json!({ "reason": refund.reason, "askAfter": ask_after }));
        change
    }

    /// The end of a payment of nothing.
    pub fn nothing_to_give_back(&self) -> Change {
        let data = json!({
            "amount": 0, "currency": self.currency, "refundedTotal": 0, "full": true, "restock": false,
        });
        self.change("payment.refunded", data)
    }

    /// What the provider's answer to `refund` changes; `None` when nobody knows yet: ask again.
    pub fn after_refund(&self, refund: &Refund, outcome: Outcome) -> Option<Change> {
        let mut change = match outcome {
            Outcome::Captured(receipt) => self.booked("payment.refunded", refund.amount, receipt),
            Outcome::Declined(no) if !no.retryable => {
                let data = json!({
                    "declineCode": standard(&no),
                    "amount": refund.amount,
                    "currency": self.currency,
                });
                self.change("payment.refund_failed", data)
            }
            _ => return None,
        };
        if change.kind == "payment.refunded" {
            self.add_total(&mut change, refund.amount, refund.restock);
        }
        add(&mut change.data, "refundId", json!(refund.id));
        Some(change)
    }

    /// What it changes that the provider gave money back without being asked by us; `None` when it is not this
    /// payment's money.
    pub fn refunded_elsewhere(&self, id: &str, receipt: &Receipt) -> Option<Change> {
        let amount = receipt.amount.minor_units;
        let has_money = self.state.is_refundable() || self.state == State::Conflict;
        if !has_money || amount <= 0 || receipt.amount.currency != self.currency.code() {
            return None;
        }
        let mut change = self.booked("payment.refunded", amount, receipt.clone());
        self.add_total(&mut change, amount, false);
        add(&mut change.data, "refundId", json!(id));
        add(&mut change.data, "elsewhere", json!(true));
        change.private = Some(json!({ "reason": ELSEWHERE }));
        Some(change)
    }

    fn add_total(&self, change: &mut Change, amount: i64, restock: bool) {
        let total = self.refunded.saturating_add(amount);
        add(&mut change.data, "refundedTotal", json!(total));
        add(&mut change.data, "full", json!(total == self.amount));
        add(&mut change.data, "restock", json!(restock));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{State, tests::started};
    use crate::provider::{Decline, Money};

    fn receipt(minor_units: i64, currency: &str) -> Outcome {
        let amount = Money { minor_units, currency: currency.to_owned() };
        Outcome::Captured(Receipt { reference: "r".to_owned(), amount })
    }

    fn refund(amount: i64) -> Refund {
        let text = |t: &str| t.to_owned();
        Refund {
            id: text("f"),
            payment_id: text("p"),
            state: RefundState::Pending,
            amount,
            reason: text("late"),
            restock: false,
            failure: None,
            created_at: text("2026-11-21T00:00:00.000Z"),
            updated_at: text("2026-11-21T00:00:00.000Z"),
        }
    }

    #[test]
    fn the_refund_that_gives_back_the_rest_says_so() {
        let mut payment = started();
        (payment.state, payment.refunded) = (State::PartiallyRefunded, 999);
        let data = |amount| payment.after_refund(&refund(amount), receipt(amount, "USD")).unwrap().data;
        assert_eq!(
            (data(2000)["full"].clone(), data(2000)["refundedTotal"].clone()),
            (json!(true), json!(2999))
        );
        assert_eq!(
            (data(1999)["full"].clone(), data(1999)["refundedTotal"].clone()),
            (json!(false), json!(2998))
        );
    }

    #[test]
    fn only_a_clear_answer_settles_a_refund() {
        let mut payment = started();
        payment.state = State::Captured;
        let kind = |outcome| payment.after_refund(&refund(500), outcome).map(|change| change.kind);
        let no =
            |retryable| Outcome::Declined(Decline { code: "x".to_owned(), retryable, provider_code: None });
        assert_eq!(kind(receipt(500, "USD")), Some("payment.refunded"));
        assert_eq!(kind(receipt(501, "USD")), Some("payment.conflicted"));
        assert_eq!(kind(receipt(500, "KRW")), Some("payment.conflicted"));
        assert_eq!(kind(no(false)), Some("payment.refund_failed"));
        assert_eq!(kind(no(true)), None);
        assert_eq!(kind(Outcome::Pending), None);
    }

    #[test]
    fn what_was_given_back_elsewhere_is_booked_when_it_is_of_this_payment() {
        let mut payment = started();
        (payment.state, payment.refunded) = (State::PartiallyRefunded, 999);
        let of = |payment: &Payment, minor_units, currency: &str| {
            let Outcome::Captured(receipt) = receipt(minor_units, currency) else { return None };
            payment.refunded_elsewhere("f", &receipt).map(|change| change.data)
        };
        assert_eq!(of(&payment, 1000, "USD").unwrap()["full"], false);
        let rest = of(&payment, 2000, "USD").unwrap();
        assert_eq!(
            (&rest["full"], &rest["refundedTotal"], &rest["elsewhere"]),
            (&json!(true), &json!(2999), &json!(true))
        );
        assert_eq!((of(&payment, 0, "USD"), of(&payment, 5, "KRW")), (None, None));
        payment.state = State::Cancelled;
        assert_eq!(of(&payment, 1000, "USD"), None);
    }

    #[test]
    fn names_of_states_read_back() {
        for name in ["PENDING", "SUCCEEDED", "FAILED", "CONFLICT"] {
            assert_eq!(RefundState::parse(name).map(RefundState::name), Some(name));
        }
        assert_eq!(RefundState::parse("?"), None);
    }
}
