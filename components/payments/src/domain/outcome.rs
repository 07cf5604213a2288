//! What a provider's answer means for a payment.

use clock::Timestamp;
use contract::RefundId;
use contract::payments::{Booked, Deferral, PaymentEvent, Receipt};
use money::Amount;
use serde_json::{Value, json};
use strum::IntoDiscriminant;

use super::Payment;
use crate::provider::{self, Decline, Outcome, label};

/// From this long after the attempt, in seconds, a charge the provider never heard of is given up: the call was
/// cancelled at [`CHARGE_TIMEOUT`](crate::provider::CHARGE_TIMEOUT), and what is on the wire has arrived.
pub const LOST_AFTER_SECONDS: i64 = 15;
/// How long to leave the provider alone between two questions about one payment, in seconds.
pub const ASK_EVERY_SECONDS: i64 = 2;

/// From this long after the attempt, in seconds, a payer who has not confirmed, or a provider that has not decided, is
/// not waited for: the order expired long ago.
pub const ABANDONED_AFTER_SECONDS: i64 = 60 * 60;

/// The shortest time between two questions because of unsigned hints, in seconds. A genuine hint comes once or twice in
/// a payment's life, and anybody can send one.
pub const HINT_EVERY_SECONDS: i64 = 5;
/// Why a payment failed when the provider refuses our account.
pub const MISCONFIGURED: &str = "provider_misconfigured";
/// Why a payment failed that the provider never heard of.
const NOT_RECEIVED: &str = "not_received";

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
    pub event: PaymentEvent,
    pub private: Option<Value>,
}

impl From<PaymentEvent> for Change {
    fn from(event: PaymentEvent) -> Self {
        Self { event, private: None }
    }
}

impl Payment {
    /// What the answer to `charge`, `capture`, `cancel` or `status` changes, if anything.
    pub fn after(&self, outcome: Outcome, now: Timestamp) -> Option<Change> {
        if !self.state.is_open() && !self.is_given_up() {
            return None;
        }
        let change = match outcome {
            Outcome::Captured(receipt) => Some(self.booked(&receipt, PaymentEvent::Captured)),
            Outcome::Authorized(receipt) => Some(self.booked(&receipt, PaymentEvent::Authorized)),
            Outcome::Declined(no) => Some(self.declined(&no).into()),
            Outcome::Cancelled => Some(self.cancelled().into()),
            Outcome::RequiresAction(url) => self.deferred(Deferral::RequiresAction, Some(url), now),
            Outcome::Pending => self.deferred(Deferral::Pending, None, now),
            Outcome::Unknown(_) => self.deferred(Deferral::Unknown, None, now),
            Outcome::Unauthorized(_) => self.deferred(Deferral::Unauthorized, None, now),
        };
        change.filter(|change| self.state.allows(change.event.discriminant()))
    }

    /// What it means that the provider refused our account when it was to be charged: nothing was taken.
    pub fn misconfigured(&self) -> Change {
        self.failed(MISCONFIGURED)
    }

    /// What it means that the provider never heard of this payment.
    pub fn never_heard_of(&self, now: Timestamp) -> Option<Change> {
        let change = if self.created_at.plus_seconds(LOST_AFTER_SECONDS) <= now {
            Some(self.failed(NOT_RECEIVED))
        } else {
            // The request may still be on its way.
            self.deferred(Deferral::Unknown, None, now)
        };
        change.filter(|change| self.state.allows(change.event.discriminant()))
    }

    /// The receipt is as good as `event` only when it says what was asked for.
    fn booked(&self, receipt: &provider::Receipt, event: fn(Receipt) -> PaymentEvent) -> Change {
        let amount = Amount::new(self.amount, self.currency);
        match differs(receipt, amount) {
            None => {
                let reference = receipt.reference.clone();
                event(Receipt { payment_id: self.id, order_id: self.order_id, amount, reference })
            }
            Some(booked) => self.conflicted(amount, receipt, booked, None),
        }
        .into()
    }

    /// That the provider has `booked` another sum than the `amount` that was asked for.
    pub(super) fn conflicted(
        &self,
        amount: Amount,
        receipt: &provider::Receipt,
        booked: Booked,
        refund_id: Option<RefundId>,
    ) -> PaymentEvent {
        PaymentEvent::Conflicted {
            payment_id: self.id,
            order_id: self.order_id,
            amount,
            reference: receipt.reference.clone(),
            booked: Some(booked),
            refund_id,
        }
    }

    fn declined(&self, no: &Decline) -> PaymentEvent {
        PaymentEvent::Declined {
            payment_id: self.id,
            order_id: self.order_id,
            code: standard(no).to_owned(),
            retryable: no.retryable,
            provider_code: no.provider_code.as_deref().map(label),
            was_open: self.was_told_open(),
        }
    }

    fn cancelled(&self) -> PaymentEvent {
        let (payment_id, order_id) = (self.id, self.order_id);
        PaymentEvent::Cancelled { payment_id, order_id, was_open: self.was_told_open() }
    }

    fn failed(&self, code: &str) -> Change {
        let (payment_id, order_id) = (self.id, self.order_id);
        let (code, was_open) = (code.to_owned(), self.was_told_open());
        PaymentEvent::Failed { payment_id, order_id, code, retryable: true, was_open }.into()
    }

    /// Whether orders may have heard that the payment is open. The news of its end may arrive first.
    fn was_told_open(&self) -> bool {
        !self.is_running()
    }

    /// Said once: that the call is over, and that what became of the charge is to be asked for. Said again
    /// only for another URL.
    fn deferred(&self, cause: Deferral, url: Option<String>, now: Timestamp) -> Option<Change> {
        if !self.is_running() && url == self.action_url {
            return None;
        }
        let (payment_id, order_id) = (self.id, self.order_id);
        let ask_after = now.plus_seconds(ASK_EVERY_SECONDS);
        Some(Change {
            event: PaymentEvent::Deferred { payment_id, order_id, cause },
            private: Some(json!({ "actionUrl": url, "askAfter": ask_after })),
        })
    }
}

/// What `receipt` says, when that is not what was `asked` for.
pub(super) fn differs(receipt: &provider::Receipt, asked: Amount) -> Option<Booked> {
    let provider::Money { minor_units, currency } = &receipt.amount;
    let same = (*minor_units, currency.as_str()) == (asked.minor, asked.currency.code());
    (!same).then(|| Booked { amount: *minor_units, currency: currency.clone() })
}

pub(super) fn standard(no: &Decline) -> &'static str {
    DECLINE_CODES.iter().find(|code| **code == no.code).copied().unwrap_or("do_not_honor")
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::DomainEvent;
    use contract::payments::PaymentEventKind as Kind;

    use crate::domain::{PaymentState, TRANSITIONS, tests::at, tests::started};
    use crate::provider::{Money, Receipt};

    fn receipt(minor_units: i64, currency: &str) -> Receipt {
        let amount = Money { minor_units, currency: currency.to_owned() };
        Receipt { reference: "r".to_owned(), amount }
    }

    fn now() -> Timestamp {
        at("2026-11-21T00:00:10.000Z")
    }

    fn decline(code: &str, retryable: bool) -> Outcome {
        Outcome::Declined(Decline { code: code.to_owned(), retryable, provider_code: Some("x<".to_owned()) })
    }

    fn kind(payment: &Payment, outcome: Outcome) -> Option<Kind> {
        let kind = payment.after(outcome, now())?.event.discriminant();
        assert!(TRANSITIONS.iter().any(|(from, event, ..)| *from == payment.state && *event == kind));
        Some(kind)
    }

    #[test]
    fn a_receipt_counts_only_when_it_says_what_was_asked() {
        let payment = started();
        assert_eq!(kind(&payment, Outcome::Captured(receipt(2999, "USD"))), Some(Kind::Captured));
        assert_eq!(kind(&payment, Outcome::Authorized(receipt(2999, "USD"))), Some(Kind::Authorized));
        for wrong in [receipt(3000, "USD"), receipt(2999, "KRW"), receipt(0, "")] {
            assert_eq!(kind(&payment, Outcome::Captured(wrong)), Some(Kind::Conflicted));
        }
    }

    #[test]
    fn decline_codes_are_the_standard_ones() {
        let code = |said| started().after(decline(said, true), now()).unwrap().event.data()["code"].clone();
        assert_eq!(code("stolen_card"), "stolen_card");
        assert_eq!(code("weird <b>"), "do_not_honor");
        assert_eq!(started().after(decline("x", true), now()).unwrap().event.data()["providerCode"], "x?");
    }

    #[test]
    fn an_unclear_answer_is_noted_once() {
        let mut payment = started();
        assert_eq!(kind(&payment, Outcome::Unknown(String::new())), Some(Kind::Deferred));
        payment.version = 2;
        assert_eq!(kind(&payment, Outcome::Unknown(String::new())), None);
        assert_eq!(kind(&payment, Outcome::RequiresAction("https://x".to_owned())), Some(Kind::Deferred));
        payment.action_url = Some("https://x".to_owned());
        assert_eq!(kind(&payment, Outcome::RequiresAction("https://x".to_owned())), None);
        assert_eq!(kind(&payment, Outcome::Captured(receipt(2999, "USD"))), Some(Kind::Captured));
    }

    #[test]
    fn a_charge_nobody_heard_of_is_given_up_when_the_call_cannot_arrive_any_more() {
        let early = started().never_heard_of(at("2026-11-21T00:00:14.999Z")).unwrap();
        assert_eq!(early.event.discriminant(), Kind::Deferred);
        let late = started().never_heard_of(at("2026-11-21T00:00:15.000Z")).unwrap();
        assert_eq!(late.event.discriminant(), Kind::Failed);
    }

    #[test]
    fn an_account_that_is_refused_ends_a_charge_and_no_question() {
        let payment = started();
        let failed = payment.misconfigured();
        assert_eq!(failed.event.discriminant(), Kind::Failed);
        assert_eq!(failed.event.data()["code"], "provider_misconfigured");
        assert_eq!(kind(&payment, Outcome::Unauthorized(String::new())), Some(Kind::Deferred));
    }

    #[test]
    fn what_is_settled_stays_settled() {
        let mut payment = started();
        payment.state = PaymentState::Captured;
        assert_eq!(payment.after(decline("stolen_card", false), now()), None);
    }

    #[test]
    fn money_that_comes_after_the_payment_was_given_up_is_booked() {
        let mut payment = started();
        for state in [PaymentState::Failed, PaymentState::Cancelled] {
            payment.state = state;
            assert_eq!(kind(&payment, Outcome::Captured(receipt(2999, "USD"))), Some(Kind::Captured));
            assert_eq!(kind(&payment, decline("stolen_card", false)), None);
            assert_eq!(kind(&payment, Outcome::Unknown(String::new())), None);
        }
    }
}
