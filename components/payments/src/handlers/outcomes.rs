//! The outcomes of payments: the provider's answer is recorded, and asked for again when none came.

use edge::Context;
use store::Timestamp;

use super::give_back::{self, TRIES, ask_after, current, give_back_rest, send_refund};
use super::paybacks;
use crate::api::Reconciled;
use crate::domain::{Payment, PaymentState, Refund, RefundState};
use crate::error::Error;
use crate::provider::{self, Outcome, Standing};
use crate::record::{self, SELF, faults};
use crate::store::{self as payments, hints, refunds};

/// Payments and refunds of one round of reconciliation: at 3 s each, the longest round ends within the 30 s that
/// platforms grant a request.
const ROUND: i64 = 10;

/// Record what the provider said of `payment`; the payment as it is then. Money that is held is taken. An order that
/// is paid by it is PAID when this returns, if the orders service is there.
pub async fn record_outcome(
    context: &Context,
    payment: Payment,
    outcome: Outcome,
    actor: &str,
) -> Result<Payment, Error> {
    let payment = record_once(context, payment, outcome, actor).await?;
    if payment.state != PaymentState::Authorized {
        return Ok(payment);
    }
    faults::point("paying.authorized").await;
    let outcome = provider::capture(context, &payment).await;
    record_once(context, payment, outcome, actor).await
}

/// As [`record_outcome`], of the first answer to a charge: a provider that refuses our account has not taken it.
pub async fn record_charge(
    context: &Context,
    payment: Payment,
    outcome: Outcome,
    actor: &str,
) -> Result<Payment, Error> {
    match outcome {
        Outcome::Unauthorized(_) => {
            // When it was outrun, someone else knew more.
            record::append(context, &payment, payment.misconfigured(), actor, None).await?;
            current(payment.id).await
        }
        outcome => record_outcome(context, payment, outcome, actor).await,
    }
}

async fn record_once(
    context: &Context,
    mut payment: Payment,
    outcome: Outcome,
    actor: &str,
) -> Result<Payment, Error> {
    for _ in 0..TRIES {
        let Some(change) = payment.after(outcome.clone(), Timestamp::now()) else { break };
        if record::append(context, &payment, change, actor, None).await? {
            return current(payment.id).await;
        }
        payment = current(payment.id).await?;
    }
    let taken = matches!(outcome, Outcome::Captured(_) | Outcome::Authorized(_));
    if taken && !payment.state.is_live() && payment.state != PaymentState::Refunded {
        record::alert(&payment, "the provider has money of a payment that is not live");
    }
    Ok(payment)
}

/// Ask the provider about `payment` and its refunds if that is due; the payment as it is then.
pub async fn reconcile(context: &Context, payment: Payment) -> Result<Payment, Error> {
    if payment.refunding > 0 {
        for refund in refunds::due_of(payment.id, ROUND).await? {
            give_back::reconcile(context, refund).await?;
        }
        return current(payment.id).await;
    }
    if hints::claim_left(payment.id).await? {
        let (payment, said) = look(context, payment, 1).await?;
        if !said {
            hints::leave(payment.id).await?;
        }
        return Ok(payment);
    }
    if !payment.is_due(Timestamp::now()) || !payments::claim(payment.id).await? {
        return Ok(payment);
    }
    look(context, payment, provider::TRIES).await.map(|(payment, _)| payment)
}

/// Ask the provider up to `tries` times what became of `payment`, and what it gave back; the payment as it is then,
/// and whether the provider said anything.
pub async fn look(context: &Context, payment: Payment, tries: u32) -> Result<(Payment, bool), Error> {
    let Some(Standing { outcome, refunds }) = provider::status(context, &payment, tries).await else {
        return Ok((never_heard_of(context, payment).await?, true));
    };
    let waits = matches!(outcome, Outcome::RequiresAction(_) | Outcome::Pending);
    let outcome = if waits && payment.is_abandoned(Timestamp::now()) {
        provider::cancel(context, &payment).await
    } else {
        outcome
    };
    let said = !matches!(outcome, Outcome::Unknown(_) | Outcome::Unauthorized(_));
    let payment = record_outcome(context, payment, outcome, SELF).await?;
    Ok((paybacks::book(context, payment, refunds).await?, said))
}

async fn never_heard_of(context: &Context, payment: Payment) -> Result<Payment, Error> {
    match payment.never_heard_of(Timestamp::now()) {
        // When it was outrun, someone else knew more.
        Some(change) => {
            record::append(context, &payment, change, SELF, None).await?;
            current(payment.id).await
        }
        None => Ok(payment),
    }
}

/// One round of reconciliation. What fails is left for the next.
pub async fn round(context: &Context) -> Result<Reconciled, Error> {
    let mut done = Reconciled { checked: 0, settled: 0 };
    for payment in payments::due(ROUND).await? {
        let payment = reconcile(context, payment).await?;
        done.count(!payment.state.is_open());
    }
    for payment in hints::due(ROUND).await? {
        reconcile(context, payment).await?;
        done.count(true);
    }
    for refund in refunds::due(ROUND).await? {
        let refund = give_back::reconcile(context, refund).await?;
        done.count(refund.state != RefundState::Pending);
    }
    for payment in payments::due_back(ROUND).await? {
        give_back_rest(context, payment.id, give_back::ENDED).await?;
        done.count(true);
    }
    for refund in refunds::owed(ROUND).await? {
        retry_owed(context, refund).await?;
        done.count(true);
    }
    Ok(done)
}

/// Ask again for a refund that the provider refused, when that is due and its money has not gone back by another hand.
async fn retry_owed(context: &Context, refund: Refund) -> Result<(), Error> {
    if !refunds::claim_owed(refund.id).await? {
        return Ok(());
    }
    let (payment, said) = look(context, current(refund.payment_id).await?, 1).await?;
    if !said {
        return Ok(());
    }
    let change = payment.refund_retried(&refund, true, ask_after());
    match record::refund_asked(context, &payment, &change, SELF, None).await {
        // Somebody else was faster, or there is not so much left: then the money went otherwise.
        Err(error) if payments::is_outrun(&error) || refunds::exceeds(&error) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => send_refund(context, refund.again()).await.map(drop),
    }
}
