//! What a provider's answer means for a payment.

use serde_json::{Value, json};
use store::Timestamp;

use super::Payment;
use crate::provider::{Decline, Outcome, Receipt, label};

/// From this long after the attempt, in seconds, a charge the provider never heard of is given up: the call was
/// cancelled at [`CHARGE_TIMEOUT`](crate::provider::CHARGE_TIMEOUT), and what is on the wire has arrived.
pub const LOST_AFTER_SECONDS: i64 = 15;
/// How long to leave the provider alone between two questions about one payment, in seconds.
pub const ASK_EVERY_SECONDS: i64 = 2;

/// From this long after the attempt, in seconds, a payer who has not confirmed, or a provider that has not decided, is
/// not waited for: the order expired long ago.
pub const ABANDONED_AFTER_SECONDS: i64 = 60 * 60;

/// How long to leave the provider alone between two questions that a hint which nobody signed gives rise to, in seconds:
/// what it is for comes once or twice in a payment's life, and anybody may send it.
pub const HINT_EVERY_SECONDS: i64 = 5;
/// Why a payment failed when the provider refuses our account.
pub const MISCONFIGURED: &str = "provider_misconfigured";

/// Decline codes that clients may see; any other of a provider counts as the last.
const DECLINE_CODES: [&str; 7] = [
    "insufficient_funds",
    "expired_card",
    "stolen_card",
    "fraud_suspected",
    "authentication_required",
    "processing_error",
    "do_not_honor",
];

/// What happens to a payment: an event without its circumstances.
#[derive(Debug, PartialEq)]
pub struct Change {
    pub kind: &'static str,
    pub data: Value,
    pub private: Option<Value>,
}

impl Payment {
    /// What the answer to `charge`, `capture`, `cancel` or `status` changes, if anything.
    pub fn after(&self, outcome: Outcome, now: Timestamp) -> Option<Change> {
        if !self.state.is_open() && !self.is_given_up() {
            return None;
        }
        let change = match outcome {
            Outcome::Captured(receipt) => Some(self.booked("payment.captured", self.amount, receipt)),
            Outcome::Authorized(receipt) => Some(self.booked("payment.authorized", self.amount, receipt)),
            Outcome::Declined(no) => {
                let mut data = json!({ "code": standard(&no), "retryable": no.retryable });
                if let Some(code) = &no.provider_code {
                    add(&mut data, "providerCode", json!(label(code)));
                }
                Some(self.change("payment.declined", data))
            }
            Outcome::Cancelled => Some(self.change("payment.cancelled", json!({}))),
            Outcome::RequiresAction(url) => self.deferred("requires_action", Some(url), now),
            Outcome::Pending => self.deferred("pending", None, now),
            Outcome::Unknown(_) => self.deferred("unknown", None, now),
            Outcome::Unauthorized(_) => self.deferred("unauthorized", None, now),
        };
        change.filter(|change| self.state.next(change.kind).is_some())
    }

    /// What it means that the provider refused our account when it was to be charged: nothing was taken.
    pub fn misconfigured(&self) -> Change {
        self.change("payment.failed", json!({ "code": MISCONFIGURED, "retryable": true }))
    }

    /// What it means that the provider never heard of this payment.
    pub fn never_heard_of(&self, now: Timestamp) -> Option<Change> {
        let started = Timestamp::parse(&self.created_at)?;
        let change = if started.plus_seconds(LOST_AFTER_SECONDS) <= now {
            Some(self.change("payment.failed", json!({ "code": "not_received", "retryable": true })))
        } else {
            // The request may still be on its way.
            self.deferred("unknown", None, now)
        };
        change.filter(|change| self.state.next(change.kind).is_some())
    }

    /// The receipt is as good as `kind` only when it says what was asked for.
    pub(super) fn booked(&self, kind: &'static str, amount: i64, receipt: Receipt) -> Change {
        let asked = (amount, self.currency.code());
        let booked = (receipt.amount.minor_units, receipt.amount.currency.as_str());
        let mut data = json!({ "amount": amount, "currency": self.currency, "reference": receipt.reference });
        if booked == asked {
            return self.change(kind, data);
        }
        add(&mut data, "booked", json!({ "amount": booked.0, "currency": booked.1 }));
        self.change("payment.conflicted", data)
    }

    /// Said once: that the call is over, and that what became of the charge is to be asked for. Said again
    /// only for another URL.
    fn deferred(&self, cause: &str, url: Option<String>, now: Timestamp) -> Option<Change> {
        if !self.is_running() && url == self.action_url {
            return None;
        }
        let mut change = self.change("payment.deferred", json!({ "cause": cause }));
        let ask_after = now.plus_seconds(ASK_EVERY_SECONDS).to_string();
        change.private = Some(json!({ "actionUrl": url, "askAfter": ask_after }));
        Some(change)
    }

    pub(super) fn change(&self, kind: &'static str, mut data: Value) -> Change {
        add(&mut data, "paymentId", json!(self.id));
        add(&mut data, "orderId", json!(self.order_id));
        // The order may have been told that it is open, and the news of its end may overtake that.
        if matches!(kind, "payment.declined" | "payment.failed" | "payment.cancelled") && !self.is_running() {
            add(&mut data, "wasOpen", json!(true));
        }
        Change { kind, data, private: None }
    }
}

pub(super) fn standard(no: &Decline) -> &'static str {
    DECLINE_CODES.iter().find(|code| **code == no.code).copied().unwrap_or("do_not_honor")
}

pub(super) fn add(data: &mut Value, name: &str, value: Value) {
    if let Some(members) = data.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{State, TRANSITIONS, tests::started};
    use crate::provider::Money;

    fn receipt(minor_units: i64, currency: &str) -> Receipt {
        let amount = Money { minor_units, currency: currency.to_owned() };
        Receipt { reference: "r".to_owned(), amount }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn now() -> Timestamp {
        at("2026-11-21T00:00:10.000Z")
    }

    fn decline(code: &str, retryable: bool) -> Outcome {
        Outcome::Declined(Decline { code: code.to_owned(), retryable, provider_code: Some("x<".to_owned()) })
    }

    fn kind(payment: &Payment, outcome: Outcome) -> Option<&'static str> {
        let kind = payment.after(outcome, now())?.kind;
        assert!(TRANSITIONS.iter().any(|(from, event, _)| *from == payment.state && *event == kind));
        Some(kind)
    }

    #[test]
    fn a_receipt_counts_only_when_it_says_what_was_asked() {
        let payment = started();
        assert_eq!(kind(&payment, Outcome::Captured(receipt(2999, "USD"))), Some("payment.captured"));
        assert_eq!(kind(&payment, Outcome::Authorized(receipt(2999, "USD"))), Some("payment.authorized"));
        for wrong in [receipt(3000, "USD"), receipt(2999, "KRW"), receipt(0, "")] {
            assert_eq!(kind(&payment, Outcome::Captured(wrong)), Some("payment.conflicted"));
        }
    }

    #[test]
    fn decline_codes_are_the_standard_ones() {
        let code = |said| started().after(decline(said, true), now()).unwrap().data["code"].clone();
        assert_eq!(code("stolen_card"), "stolen_card");
        assert_eq!(code("weird <b>"), "do_not_honor");
        assert_eq!(started().after(decline("x", true), now()).unwrap().data["providerCode"], "x?");
    }

    #[test]
    fn an_unclear_answer_is_noted_once() {
        let mut payment = started();
        assert_eq!(kind(&payment, Outcome::Unknown(String::new())), Some("payment.deferred"));
        payment.version = 2;
        assert_eq!(kind(&payment, Outcome::Unknown(String::new())), None);
        assert_eq!(kind(&payment, Outcome::RequiresAction("https://x".to_owned())), Some("payment.deferred"));
        payment.action_url = Some("https://x".to_owned());
        assert_eq!(kind(&payment, Outcome::RequiresAction("https://x".to_owned())), None);
        assert_eq!(kind(&payment, Outcome::Captured(receipt(2999, "USD"))), Some("payment.captured"));
    }

    #[test]
    fn a_charge_nobody_heard_of_is_given_up_when_the_call_cannot_arrive_any_more() {
        let early = started().never_heard_of(at("2026-11-21T00:00:14.999Z")).unwrap();
        assert_eq!(early.kind, "payment.deferred");
        let late = started().never_heard_of(at("2026-11-21T00:00:15.000Z")).unwrap();
        assert_eq!(late.kind, "payment.failed");
    }

    #[test]
    fn an_account_that_is_refused_ends_a_charge_and_no_question() {
        let payment = started();
        let failed = payment.misconfigured();
        assert_eq!((failed.kind, &failed.data["code"]), ("payment.failed", &json!("provider_misconfigured")));
        assert_eq!(kind(&payment, Outcome::Unauthorized(String::new())), Some("payment.deferred"));
    }

    #[test]
    fn what_is_settled_stays_settled() {
        let mut payment = started();
        payment.state = State::Captured;
        assert_eq!(payment.after(decline("stolen_card", false), now()), None);
    }

    #[test]
    fn money_that_comes_after_the_payment_was_given_up_is_booked() {
        let mut payment = started();
        for state in [State::Failed, State::Cancelled] {
            payment.state = state;
            assert_eq!(kind(&payment, Outcome::Captured(receipt(2999, "USD"))), Some("payment.captured"));
            assert_eq!(kind(&payment, decline("stolen_card", false)), None);
            assert_eq!(kind(&payment, Outcome::Unknown(String::new())), None);
        }
    }
}
