//! What becomes of payments that the provider has, and of those that their order could not take.

use axum::Json as Reply;
use edge::{Context, Json, ServiceCaller};
use events::CloudEvent;
use http::StatusCode;
use store::Timestamp;

use crate::api::{PaymentRejected, Reconciled};
use crate::domain::{Change, Payment, State};
use crate::error::Error;
use crate::provider::Outcome;
use crate::store::DB;
use crate::{RELAY, provider, store as payments};

/// The name under which our own deeds are recorded.
const SELF: &str = "service:payments";
/// Payments of one round of reconciliation: at 3 s each, the longest round ends within the 30 s that
/// platforms grant a request.
const ROUND: i64 = 10;
/// Tries to record an outcome while other requests record theirs.
const TRIES: usize = 3;

/// Record what the provider said of `payment`; the payment as it is then. An order that is paid by it is PAID
/// when this returns, if the orders service is there.
pub async fn record(
    context: &Context,
    mut payment: Payment,
    outcome: Outcome,
    actor: &str,
) -> Result<Payment, Error> {
    for _ in 0..TRIES {
        let Some(change) = payment.after(outcome.clone(), Timestamp::now()) else { break };
        if append(context, &payment, change, actor, None).await? {
            return current(&payment).await;
        }
        payment = current(&payment).await?;
    }
    let taken = matches!(outcome, Outcome::Captured(_) | Outcome::Authorized(_));
    if taken && !payment.state.is_live() && payment.state != State::Refunded {
        alert(&payment, "the provider has money of a payment that is not live");
    }
    Ok(payment)
}

/// Ask the provider about `payment` if that is due; the payment as it is then.
pub async fn reconcile(context: &Context, payment: Payment) -> Result<Payment, Error> {
    if !payment.is_due(Timestamp::now()) || !payments::claim(&payment.id).await? {
        return Ok(payment);
    }
    if let Some(outcome) = provider::status(&payment).await {
        return record(context, payment, outcome, SELF).await;
    }
    match payment.never_heard_of(Timestamp::now()) {
        // When it was outrun, someone else knew more.
        Some(change) => {
            append(context, &payment, change, SELF, None).await?;
            current(&payment).await
        }
        None => Ok(payment),
    }
}

/// `POST /internal/payments/reconcile`: ask the provider about payments that were cut off; a round at a time.
pub async fn reconcile_due(context: Context, _: ServiceCaller) -> Result<Reply<Reconciled>, Error> {
    let due = payments::due(ROUND).await?;
    let (checked, mut settled) = (due.len(), 0usize);
    for payment in due {
        let payment = reconcile(&context, payment).await?;
        settled = settled.saturating_add(usize::from(!payment.state.is_open()));
    }
    Ok(Reply(Reconciled { checked, settled }))
}

/// `POST /internal/payments/events`: give back the money of payments that came too late for their order.
pub async fn on_events(
    context: Context,
    _: ServiceCaller,
    Json(batch): Json<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    for event in batch.iter().filter(|event| event.kind == "jangteo.order.payment_rejected.v1") {
        if let Some(rejected) = events::intake::<PaymentRejected>(event) {
            give_back(&context, &rejected, &event.id).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Refund all that is left of a payment, once: its refund id does not change.
async fn give_back(context: &Context, rejected: &PaymentRejected, cause: &str) -> Result<(), Error> {
    let Some(payment) = payments::find(&rejected.payment_id).await? else { return Ok(()) };
    if !payment.state.is_refundable() || payments::is_answered(cause).await? {
        return Ok(());
    }
    let refund_id = format!("{}-rest", payment.id);
    let outcome = provider::refund(&payment, &refund_id).await;
    let change = payment.after_refund(&refund_id, &rejected.reason, outcome).ok_or(Error::RefundPending)?;
    match append(context, &payment, change, SELF, Some(cause)).await? {
        false if current(&payment).await?.state.is_refundable() => Err(Error::RefundPending),
        _ => Ok(()),
    }
}

/// Append `change`, unless something else happened to the payment meanwhile: false then.
async fn append(
    context: &Context,
    payment: &Payment,
    change: Change,
    actor: &str,
    cause: Option<&str>,
) -> Result<bool, Error> {
    let kind = change.kind;
    let mut event = payments::changed(payment, change, actor);
    event.traceparent = context.traceparent.clone();
    event.cause = cause.map(str::to_owned);
    let appended = match DB.append(event).await {
        Err(error) if payments::is_outrun(&error) => return Ok(false),
        other => other?,
    };
    match kind {
        // A failure is logged there, and the relay delivers it later.
        "payment.captured" => _ = RELAY.deliver(context, "orders", appended.seq).await,
        "payment.conflicted" => alert(payment, "the provider booked something else than was asked"),
        "payment.refund_declined" => alert(payment, "the provider refuses a refund"),
        _ => {}
    }
    RELAY.kick();
    Ok(true)
}

async fn current(payment: &Payment) -> Result<Payment, Error> {
    payments::find(&payment.id).await?.ok_or(Error::NotFound)
}

/// A line for whoever watches the log: money is not where it should be.
fn alert(payment: &Payment, what: &str) {
    eprintln!("ALERT payment {} of order {}: {what}", payment.id, payment.order_id);
}
