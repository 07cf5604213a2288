//! How money goes back: a refund is recorded, sent to the provider, and what that says of it is recorded.

use contract::{PaymentId, RefundId};
use edge::Context;
use store::Timestamp;

use crate::domain::{LOST_AFTER_SECONDS, Payment, Refund, RefundState};
use crate::error::Error;
use crate::provider::{self, Outcome};
use crate::record::{self, SELF, faults};
use crate::store::{self as payments, refunds};

/// The reason of a refund of what is left when an order has ended.
pub const ENDED: &str = "order_ended";
/// Tries to record an outcome while other requests record theirs.
pub const TRIES: usize = 8;

/// The order rejects a payment, as the event `cause` says: give back all that is left. The sweep goes on with what
/// cannot be given back now.
pub async fn give_back(
    context: &Context,
    payment_id: PaymentId,
    reason: &str,
    cause: &str,
) -> Result<(), Error> {
    for _ in 0..TRIES {
        let Some(payment) = payments::find(payment_id).await? else { return Ok(()) };
        if payments::was_answered(cause).await? {
            return give_back_rest(context, payment_id, reason).await;
        }
        if !payment.has_money() {
            return Ok(());
        }
        // The provider is not asked to give back a sum of zero, but the order waits for the event.
        let of_nothing = payment.amount == 0 && payment.state.is_refundable();
        let change = if of_nothing { payment.nothing_to_give_back() } else { payment.return_due(reason) };
        if record::append(context, &payment, change, SELF, Some(cause)).await? {
            return give_back_rest(context, payment_id, reason).await;
        }
    }
    Err(Error::RefundPending)
}

/// Give back what is left of a payment, if it is not asked for already.
pub async fn give_back_rest(context: &Context, payment_id: PaymentId, reason: &str) -> Result<(), Error> {
    for _ in 0..TRIES {
        let payment = current(payment_id).await?;
        let rest = payment.refundable();
        if !payment.state.is_refundable() || rest == 0 {
            return Ok(());
        }
        let refund = new(&payment, rest, reason.to_owned(), false);
        let change = payment.refund_requested(&refund, ask_after());
        match record::refund_asked(context, &payment, &change, SELF, None).await {
            // Someone else asked for a part of it meanwhile, or it is in conflict: what is left now?
            Err(error) if refunds::exceeds(&error) || payments::is_outrun(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return send_refund(context, refund).await.map(drop),
        }
    }
    Err(Error::RefundPending)
}

/// Ask the provider for `refund` again if that is due; the refund as it is then.
pub async fn reconcile(context: &Context, refund: Refund) -> Result<Refund, Error> {
    if refund.state != RefundState::Pending || !refunds::claim(refund.id).await? {
        return Ok(refund);
    }
    send_refund(context, refund).await
}

/// Ask the provider for the recorded refund, and record its answer.
pub async fn send_refund(context: &Context, refund: Refund) -> Result<Refund, Error> {
    faults::point("refunding.requested").await;
    let payment = current(refund.payment_id).await?;
    let outcome = provider::refund(context, &payment, &refund).await;
    faults::point("refunding.provided").await;
    record_refund(context, refund, outcome).await
}

/// Record what the provider says of `refund`; the refund as it is then.
pub async fn record_refund(context: &Context, refund: Refund, outcome: Outcome) -> Result<Refund, Error> {
    for _ in 0..TRIES {
        let payment = current(refund.payment_id).await?;
        let Some(change) = payment.after_refund(&refund, outcome.clone(), Timestamp::now()) else { break };
        if record::append(context, &payment, change, SELF, None).await? {
            break;
        }
    }
    refunds::find(refund.id).await?.ok_or(Error::NotFound)
}

/// A refund that is about to be asked for.
pub fn new(payment: &Payment, amount: i64, reason: String, restock: bool) -> Refund {
    let now = Timestamp::now();
    Refund {
        id: RefundId::generate(),
        payment_id: payment.id,
        state: RefundState::Pending,
        amount,
        reason,
        restock,
        failure: None,
        retries: 0,
        owed: false,
        retry_at: None,
        booked: None,
        created_at: now,
        updated_at: now,
    }
}

/// When the provider is asked what became of a refund that is asked for now, if no answer comes.
pub fn ask_after() -> Timestamp {
    Timestamp::now().plus_seconds(LOST_AFTER_SECONDS)
}

/// The payment with this id as it is now.
pub async fn current(id: PaymentId) -> Result<Payment, Error> {
    payments::find(id).await?.ok_or(Error::NotFound)
}
