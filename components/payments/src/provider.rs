//! The provider plug-in: its interface, and calls to it that end in time.

use std::time::Duration;

use futures::future::{Either, select};

use crate::card::{Card, without_digits};
use crate::domain::Payment;

mod bindings {
    wit_bindgen::generate!({ path: "../../wit/payments", world: "client", generate_all });
}

use bindings::jangteo::payments::provider::{self, Card as ProviderCard, ChargeRequest, RefundRequest};
pub use bindings::jangteo::payments::provider::{Decline, Money, Outcome, Receipt};

/// How long a charge or a refund may take: card networks answer within seconds, and a buyer waits. After it
/// the call is cancelled and its outcome unknown.
pub const CHARGE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the question for a charge's fate may take: a reader of the payment waits for it.
const STATUS_TIMEOUT: Duration = Duration::from_secs(3);

/// The name of the provider that is composed in.
pub fn name() -> String {
    provider::name()
}

/// Charge `card` with `payment`. The card is gone afterwards.
pub async fn charge(payment: &Payment, mut card: Card) -> Outcome {
    let request = ChargeRequest {
        payment_id: payment.id.clone(),
        order_id: payment.order_id.clone(),
        amount: money(payment, payment.amount),
        card: ProviderCard {
            number: std::mem::take(&mut *card.number),
            expiry_month: card.month,
            expiry_year: card.year,
            cvv: std::mem::take(&mut *card.cvv),
        },
    };
    noted(payment, "charge", within(CHARGE_TIMEOUT, provider::charge(request)).await)
}

/// What became of `payment`; `None` when the provider never heard of it.
pub async fn status(payment: &Payment) -> Option<Outcome> {
    match within(STATUS_TIMEOUT, provider::status(payment.id.clone())).await {
        Some(None) => None,
        Some(Some(outcome)) => Some(noted(payment, "status", Some(outcome))),
        None => Some(noted(payment, "status", None)),
    }
}

/// Give back all that is left of `payment`.
pub async fn refund(payment: &Payment, refund_id: &str) -> Outcome {
    let request = RefundRequest {
        refund_id: refund_id.to_owned(),
        payment_id: payment.id.clone(),
        reference: payment.reference.clone().unwrap_or_default(),
        amount: money(payment, payment.refundable()),
    };
    noted(payment, "refund", within(CHARGE_TIMEOUT, provider::refund(request)).await)
}

fn money(payment: &Payment, minor_units: i64) -> Money {
    Money { minor_units, currency: payment.currency.code().to_owned() }
}

/// The call's answer, or `None` when it takes longer than `limit`; it is cancelled then.
async fn within<T>(limit: Duration, call: impl Future<Output = T>) -> Option<T> {
    let alarm = Box::pin(spin_sdk::time::sleep(limit));
    match select(Box::pin(call), alarm).await {
        Either::Left((answer, _)) => Some(answer),
        Either::Right(_) => None,
    }
}

/// No answer is an unknown outcome; why it is unknown is for the log only.
fn noted(payment: &Payment, call: &str, answer: Option<Outcome>) -> Outcome {
    let outcome = answer.unwrap_or_else(|| Outcome::Unknown("no answer in time".to_owned()));
    if let Outcome::Unknown(why) = &outcome {
        eprintln!("{call} of payment {}: {}", payment.id, without_digits(why));
    }
    outcome
}
