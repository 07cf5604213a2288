//! Money that the provider gave back: our own refunds whose answer was lost, and what was done in its dashboard.

use contract::RefundId;
use edge::Context;

use super::give_back::{TRIES, current, record_refund};
use crate::domain::{Payment, Refund, RefundState};
use crate::error::Error;
use crate::provider::{Outcome, Payback, Receipt};
use crate::record;
use crate::store::{self as payments, hints};

/// Book what of `paybacks` is not booked yet; the payment as it is then. Each is booked once, by the provider's id.
pub async fn book(context: &Context, payment: Payment, paybacks: Vec<Payback>) -> Result<Payment, Error> {
    for payback in paybacks {
        if !is_ours(context, &payment, &payback).await? {
            book_elsewhere(context, &payment, payback.receipt).await?;
        }
    }
    current(payment.id).await
}

/// Whether the shop asked for it; it is settled then.
async fn is_ours(context: &Context, payment: &Payment, payback: &Payback) -> Result<bool, Error> {
    let Some(key) = &payback.refund_id else { return Ok(false) };
    let Some(id) = Refund::id_of(key) else { return Ok(false) };
    let found = payments::refunds::find(id).await?;
    // A refund that the provider first refused and then made after all is not the retry of it.
    let is_it = |refund: &Refund| refund.payment_id == payment.id && refund.key() == *key;
    match found.filter(is_it) {
        None => Ok(false),
        Some(refund) => match refund.state {
            RefundState::Failed => Ok(false),
            RefundState::Succeeded | RefundState::Conflict => Ok(true),
            RefundState::Pending => {
                record_refund(context, refund, Outcome::Captured(payback.receipt.clone())).await?;
                Ok(true)
            }
        },
    }
}

async fn book_elsewhere(context: &Context, payment: &Payment, receipt: Receipt) -> Result<(), Error> {
    let actor = format!("provider:{}", payment.provider);
    let cause = format!("{}:refund:{}", payment.provider, receipt.reference);
    for _ in 0..TRIES {
        if payments::was_answered(&cause).await? {
            return Ok(());
        }
        let payment = current(payment.id).await?;
        let Some(change) = payment.refunded_elsewhere(RefundId::generate(), &receipt) else {
            record::alert(&payment, "the provider gave back what is not of it");
            return Ok(());
        };
        match record::append(context, &payment, change, &actor, Some(&cause)).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            // A refund of ours that is under way wants the same money; the provider will refuse one of the two.
            Err(Error::Internal(error)) if payments::refunds::exceeds(&error) => {
                record::alert(&payment, "the provider gave back more than is left");
                return Ok(hints::leave(payment.id).await?);
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::RefundPending)
}
