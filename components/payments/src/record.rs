//! The one place that appends. It sets trace and cause, starts the relay, and delivers to orders at once what the next
//! read of an order must show.

pub mod faults;

use contract::PaymentId;
use contract::payments::PaymentEvent;
use edge::Context;
use serde_json::json;
use store::{Appended, Event, Idempotency, NEXT, Timestamp};
use uuid::Uuid;

use crate::RELAY;
use crate::domain::{Change, Payment};
use crate::error::Error;
use crate::provider::{Dispute, label};
use crate::store::{self as payments, DB, hints};

/// The name under which our own deeds are recorded.
pub const SELF: &str = "service:payments";

/// Append that `payment` is about to be asked of its provider, unless its buyer has tried `limit` cards since then (0:
/// however many).
///
/// # Errors
/// As [`store::Db::append`]; the caller knows what each means.
pub async fn started(
    context: &Context,
    payment: &Payment,
    limit: i64,
    since: Timestamp,
    key: Option<Idempotency>,
) -> Result<(), store::Error> {
    let started = PaymentEvent::Started {
        order_id: payment.order_id,
        buyer_id: payment.buyer_id,
        amount: money::Amount::new(payment.amount, payment.currency),
        provider: payment.provider.clone(),
    };
    let card = &payment.card;
    let mut event = Event::new(payment.id, payment.version, payment.buyer_id, &started);
    event.private = Some(json!({
        "card": { "brand": card.brand, "last4": card.last4, "expiry": card.expiry },
        "askAfter": payment.ask_after,
        "tries": { "limit": limit, "since": since },
    }));
    event.traceparent = context.traceparent.clone();
    event.idempotency = key;
    DB.append(event).await.map(drop)
}

/// Append `change`, unless something else happened to the payment meanwhile: false then.
pub async fn append(
    context: &Context,
    payment: &Payment,
    change: Change,
    actor: &str,
    cause: Option<&str>,
) -> Result<bool, Error> {
    let mut event = next(context, payment, &change, actor);
    event.cause = cause.map(str::to_owned);
    let appended = match DB.append(event).await {
        Err(error) if payments::is_outrun(&error) => return Ok(false),
        other => other?,
    };
    match &change.event {
        // A failure is logged there, and the relay delivers it later.
        PaymentEvent::Captured(_) => {
            faults::point("paying.recorded").await;
            _ = RELAY.deliver(context, "orders", appended.seq).await;
        }
        PaymentEvent::Refunded(_) => {
            faults::point("refunding.recorded").await;
            _ = RELAY.deliver(context, "orders", appended.seq).await;
        }
        // The buyer may pay again, or not: the next read of the order says so. Nobody waits for what it never heard of.
        PaymentEvent::Deferred { .. }
        | PaymentEvent::Declined { was_open: true, .. }
        | PaymentEvent::Failed { was_open: true, .. }
        | PaymentEvent::Cancelled { was_open: true, .. } => {
            _ = RELAY.deliver(context, "orders", appended.seq).await;
        }
        PaymentEvent::Conflicted { .. } => {
            alert(payment, "the provider booked something else than was asked")
        }
        PaymentEvent::RefundFailed { .. } => {
            alert(payment, "the provider refuses a refund");
            // It may have given the money back already, by another hand.
            hints::leave(payment.id).await?;
        }
        _ => {}
    }
    RELAY.kick();
    Ok(true)
}

/// Append that a refund is asked for, first or again. Two refunds of one payment commute; the database sees to it that
/// they are not too much.
///
/// # Errors
/// As [`store::Db::append`]; the caller knows what each means.
pub async fn refund_asked(
    context: &Context,
    payment: &Payment,
    change: &Change,
    actor: &str,
    key: Option<Idempotency>,
) -> Result<(), store::Error> {
    let mut event = next(context, payment, change, actor);
    event.version = NEXT;
    event.idempotency = key;
    DB.append(event).await?;
    RELAY.kick();
    Ok(())
}

/// Append how the conflict of `payment` ends.
///
/// # Errors
/// As [`store::Db::append`]; the caller knows what each means.
pub async fn resolved(
    context: &Context,
    payment: &Payment,
    change: &Change,
    actor: &str,
    key: Option<Idempotency>,
) -> Result<Appended, store::Error> {
    let mut event = next(context, payment, change, actor);
    event.idempotency = key;
    DB.append(event).await
}

fn next(context: &Context, payment: &Payment, change: &Change, actor: &str) -> Event {
    let mut event = Event::new(payment.id, payment.version.saturating_add(1), actor, &change.event);
    event.private.clone_from(&change.private);
    event.traceparent = context.traceparent.clone();
    event
}

/// Append what the provider tells of a dispute of `payment`, once per `cause`.
pub async fn disputed(
    context: &Context,
    payment: &Payment,
    told: &Dispute,
    cause: String,
) -> Result<(), Error> {
    let opened_at = Timestamp(told.opened_at.saturating_mul(1000).clamp(0, Timestamp::now().0));
    let dispute_id = label(&told.id);
    let stream = format!("dispute:{dispute_id}");
    let recorded = PaymentEvent::DisputeRecorded {
        dispute_id,
        payment_id: payment.id,
        order_id: payment.order_id,
        amount: told.amount.minor_units,
        currency: told.amount.currency.clone(),
        reason: label(&told.reason),
        status: label(&told.status),
        provider: payment.provider.clone(),
        open: told.open,
        opened_at,
        as_of: told.as_of,
    };
    let mut event = Event::new(stream, NEXT, format!("provider:{}", payment.provider), &recorded);
    event.traceparent = context.traceparent.clone();
    event.cause = Some(cause);
    if append_once(event).await? {
        alert(payment, "a dispute was opened or has changed");
    }
    Ok(())
}

/// Append that a webhook was acted on: the next one with its id is dropped.
pub async fn webhook(
    context: &Context,
    provider: &str,
    webhook_id: &str,
    payment_id: PaymentId,
    cause: String,
) -> Result<(), Error> {
    let received = PaymentEvent::WebhookReceived {
        provider: provider.to_owned(),
        webhook_id: webhook_id.to_owned(),
        payment_id,
    };
    let stream = Uuid::now_v7().to_string();
    let mut event = Event::new(stream, NEXT, format!("provider:{provider}"), &received);
    event.traceparent = context.traceparent.clone();
    event.cause = Some(cause);
    append_once(event).await.map(drop)
}

/// Whether `event` was appended now, and its cause not answered before.
async fn append_once(event: Event) -> Result<bool, Error> {
    match DB.append(event).await {
        Err(error) if DB.is_answered(&error) => Ok(false),
        Err(error) => Err(error.into()),
        Ok(_) => {
            RELAY.kick();
            Ok(true)
        }
    }
}

/// A line for whoever watches the log: money is not where it should be.
pub fn alert(payment: &Payment, what: &str) {
    logline::log!("ALERT payment {} of order {}: {what}", payment.id, payment.order_id);
}
