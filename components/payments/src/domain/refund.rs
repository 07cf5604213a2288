//! Giving money back: what was asked for, and what a provider's answer means for it.

use clock::Timestamp;
use contract::payments::{PaymentEvent, Refunded};
use contract::{PaymentId, RefundId};
use money::Amount;
use serde::{Deserialize, Serialize};
use serde_json::json;
use strum::Display;

use super::outcome::{differs, standard};
use super::{Change, Payment};
use crate::provider::{Outcome, Receipt};

/// The longest reason, in characters.
pub const MAX_REASON: usize = 500;

/// The reason of a refund that somebody made at the provider.
const ELSEWHERE: &str = "Refunded at the provider";

/// The pauses, in seconds, between automatic retries of a refund that the provider refuses. Most are refused because
/// the shop's balance there is too low, which the next sales or the next day mend. After the last one a person has to
/// retry.
const RETRY_AFTER: [i64; 6] = [60, 5 * 60, 30 * 60, 2 * 60 * 60, 12 * 60 * 60, 24 * 60 * 60];

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, Display)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RefundStatus"))]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
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

/// Money that is to be given back, or was.
#[derive(Clone, Debug)]
pub struct Refund {
    pub id: RefundId,
    pub payment_id: PaymentId,
    pub state: RefundState,
    /// In minor units of the payment's currency.
    pub amount: i64,
    pub reason: String,
    /// Whether the goods go on sale again.
    pub restock: bool,
    /// Code of the refusal.
    pub failure: Option<String>,
    /// How often it was asked for again after the provider had refused it.
    pub retries: i64,
    /// Whether it failed, and nobody has asked for another refund of the payment since.
    pub owed: bool,
    /// When it is asked for again by itself.
    pub retry_at: Option<Timestamp>,
    /// In conflict: what the provider gave back, in minor units of the payment's currency.
    pub booked: Option<i64>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Refund {
    /// The provider's idempotency key: another one for each try after a refusal, or it would repeat that.
    pub fn key(&self) -> String {
        if self.retries == 0 { self.id.to_string() } else { format!("{}-{}", self.id, self.retries) }
    }

    /// The id of the refund that has this [`key`](Self::key).
    pub fn id_of(key: &str) -> Option<RefundId> {
        /// Digits and hyphens of a UUID.
        const ID: usize = 36;
        key.get(..ID)?.parse().ok()
    }

    /// This refund, which the provider refused, as it is once it is asked for again.
    pub fn again(self) -> Self {
        let (state, retries) = (RefundState::Pending, self.retries.saturating_add(1));
        Self { state, retries, owed: false, retry_at: None, failure: None, ..self }
    }

    /// When one that was refused just now is asked for again; `None` when it was often enough.
    fn next_try(&self, now: Timestamp) -> Option<Timestamp> {
        let pause = usize::try_from(self.retries).ok().and_then(|retries| RETRY_AFTER.get(retries));
        pause.map(|pause| now.plus_seconds(*pause))
    }
}

impl Payment {
    /// The event that asks again for a `refund` that the provider refused; `automatic` when no person does.
    pub fn refund_retried(&self, refund: &Refund, automatic: bool, ask_after: Timestamp) -> Change {
        let event = PaymentEvent::RefundRetried {
            payment_id: self.id,
            order_id: self.order_id,
            refund_id: refund.id,
            amount: self.sum(refund.amount),
            automatic,
            retries: refund.retries.saturating_add(1),
        };
        Change { event, private: Some(json!({ "askAfter": ask_after })) }
    }

    /// The event that asks for `refund`: durable before the provider hears of it.
    pub fn refund_requested(&self, refund: &Refund, ask_after: Timestamp) -> Change {
        let event = PaymentEvent::RefundRequested {
            payment_id: self.id,
            order_id: self.order_id,
            refund_id: refund.id,
            amount: self.sum(refund.amount),
            restock: refund.restock,
        };
        Change { event, private: Some(json!({ "reason": refund.reason, "askAfter": ask_after })) }
    }

    /// The event that says that the order rejects the payment, so that all of it has to go back.
    pub fn return_due(&self, reason: &str) -> Change {
        let (payment_id, order_id) = (self.id, self.order_id);
        PaymentEvent::ReturnDue { payment_id, order_id, reason: reason.to_owned() }.into()
    }

    /// The end of a payment of nothing.
    pub fn nothing_to_give_back(&self) -> Change {
        PaymentEvent::Refunded(Refunded { refunded_total: 0, full: true, ..self.given_back(0) }).into()
    }

    /// What the provider's answer to `refund` changes; `None` when nobody knows yet: ask again.
    pub fn after_refund(&self, refund: &Refund, outcome: Outcome, now: Timestamp) -> Option<Change> {
        let amount = self.sum(refund.amount);
        let refund_id = refund.id;
        match outcome {
            Outcome::Captured(receipt) => Some(match differs(&receipt, amount) {
                None => PaymentEvent::Refunded(Refunded {
                    refund_id: Some(refund_id),
                    reference: Some(receipt.reference),
                    restock: refund.restock,
                    ..self.given_back(refund.amount)
                })
                .into(),
                Some(booked) => self.conflicted(amount, &receipt, booked, Some(refund_id)).into(),
            }),
            Outcome::Declined(no) if !no.retryable => {
                let (payment_id, order_id) = (self.id, self.order_id);
                let decline_code = standard(&no).to_owned();
                let private = refund.next_try(now).map(|at| json!({ "retryAt": at }));
                let event =
                    PaymentEvent::RefundFailed { payment_id, order_id, refund_id, decline_code, amount };
                Some(Change { event, private })
            }
            _ => None,
        }
    }

    /// What it changes that the provider gave money back without being asked by us; `None` when it is not this
    /// payment's money.
    pub fn refunded_elsewhere(&self, id: RefundId, receipt: &Receipt) -> Option<Change> {
        let amount = receipt.amount.minor_units;
        if !self.has_money() || amount <= 0 || receipt.amount.currency != self.currency.code() {
            return None;
        }
        let event = PaymentEvent::Refunded(Refunded {
            refund_id: Some(id),
            reference: Some(receipt.reference.clone()),
            elsewhere: true,
            ..self.given_back(amount)
        });
        Some(Change { event, private: Some(json!({ "reason": ELSEWHERE })) })
    }

    /// That `amount` was given back, besides what was before.
    fn given_back(&self, amount: i64) -> Refunded {
        let refunded_total = self.refunded.saturating_add(amount);
        Refunded {
            payment_id: self.id,
            order_id: self.order_id,
            refund_id: None,
            amount: self.sum(amount),
            reference: None,
            refunded_total,
            full: refunded_total == self.amount,
            restock: false,
            elsewhere: false,
        }
    }

    /// `minor` units of its currency.
    fn sum(&self, minor: i64) -> Amount {
        Amount::new(minor, self.currency)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use contract::DomainEvent;
    use contract::payments::PaymentEventKind as Kind;
    use strum::IntoDiscriminant;

    use crate::domain::{PaymentState, tests::at, tests::started};
    use crate::provider::{Decline, Money};

    const F: RefundId = RefundId::from_u128(0xf);

    fn receipt(minor_units: i64, currency: &str) -> Outcome {
        let amount = Money { minor_units, currency: currency.to_owned() };
        Outcome::Captured(Receipt { reference: "r".to_owned(), amount })
    }

    /// A refund that is under way.
    pub fn refund(amount: i64) -> Refund {
        let text = |t: &str| t.to_owned();
        Refund {
            id: F,
            payment_id: started().id,
            state: RefundState::Pending,
            amount,
            reason: text("late"),
            restock: false,
            failure: None,
            retries: 0,
            owed: false,
            retry_at: None,
            booked: None,
            created_at: at("2026-11-21T00:00:00.000Z"),
            updated_at: at("2026-11-21T00:00:00.000Z"),
        }
    }

    #[test]
    fn the_refund_that_gives_back_the_rest_says_so() {
        let mut payment = started();
        (payment.state, payment.refunded) = (PaymentState::PartiallyRefunded, 999);
        let data = |amount| {
            payment.after_refund(&refund(amount), receipt(amount, "USD"), now()).unwrap().event.data()
        };
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
        payment.state = PaymentState::Captured;
        let kind = |outcome| {
            payment.after_refund(&refund(500), outcome, now()).map(|change| change.event.discriminant())
        };
        let no =
            |retryable| Outcome::Declined(Decline { code: "x".to_owned(), retryable, provider_code: None });
        assert_eq!(kind(receipt(500, "USD")), Some(Kind::Refunded));
        assert_eq!(kind(receipt(501, "USD")), Some(Kind::Conflicted));
        assert_eq!(kind(receipt(500, "KRW")), Some(Kind::Conflicted));
        assert_eq!(kind(no(false)), Some(Kind::RefundFailed));
        assert_eq!(kind(no(true)), None);
        assert_eq!(kind(Outcome::Pending), None);
    }

    #[test]
    fn what_was_given_back_elsewhere_is_booked_when_it_is_of_this_payment() {
        let mut payment = started();
        (payment.state, payment.refunded) = (PaymentState::PartiallyRefunded, 999);
        let of = |payment: &Payment, minor_units, currency: &str| {
            let Outcome::Captured(receipt) = receipt(minor_units, currency) else { return None };
            payment.refunded_elsewhere(F, &receipt).map(|change| change.event.data())
        };
        assert_eq!(of(&payment, 1000, "USD").unwrap()["full"], false);
        let rest = of(&payment, 2000, "USD").unwrap();
        assert_eq!(
            (&rest["full"], &rest["refundedTotal"], &rest["elsewhere"]),
            (&json!(true), &json!(2999), &json!(true))
        );
        assert_eq!((of(&payment, 0, "USD"), of(&payment, 5, "KRW")), (None, None));
        payment.state = PaymentState::Cancelled;
        assert_eq!(of(&payment, 1000, "USD"), None);
    }

    fn now() -> Timestamp {
        at("2026-11-21T00:00:00.000Z")
    }

    #[test]
    fn a_refused_refund_is_asked_for_again_under_another_key_with_growing_pauses_and_not_for_ever() {
        let mut payment = started();
        payment.state = PaymentState::Captured;
        let mut refused = refund(500);
        let (mut pauses, mut keys) = (Vec::new(), vec![refused.key()]);
        loop {
            let no = Decline { code: "x".to_owned(), retryable: false, provider_code: None };
            let change = payment.after_refund(&refused, Outcome::Declined(no), now()).unwrap();
            let Some(private) = change.private else { break };
            let at = Timestamp::parse(private["retryAt"].as_str().unwrap()).unwrap();
            pauses.push((at.0 - now().0) / 1000);
            refused.retries += 1;
            keys.push(refused.key());
        }
        assert_eq!(pauses, RETRY_AFTER);
        assert!(pauses.is_sorted());
        assert!(keys.iter().all(|key| Refund::id_of(key) == Some(refused.id)));
        keys.dedup();
        assert_eq!(keys.len(), pauses.len() + 1, "a key for each");
    }

    #[test]
    fn states_are_written_in_capitals() {
        assert_eq!(
            (json!(RefundState::Pending), RefundState::Failed.to_string()),
            (json!("PENDING"), "FAILED".to_owned())
        );
    }
}
