//! What payments and auth tell: money that was taken for an order, money that was given back, people who are gone.

use contract::OrderId;
use contract::auth::AuthEvent;
use contract::orders::{OrderEvent, Rejection};
use contract::payments::{PaymentEvent, Receipt, Refunded, Resolved};
use edge::{Message, ServiceCaller};
use events::CloudEvent;
use http::StatusCode;
use money::Amount;

use super::MAX_TRIES;
use crate::RELAY;
use crate::domain::{News, Order, Verdict, judge, judge_news, judge_refund};
use crate::error::Error;
use crate::record::{self, Answered};
use crate::store as orders;

/// `POST /internal/orders/events`: payments' and auth's events. Each is answered once, so a batch may come again.
pub async fn receive(
    caller: ServiceCaller,
    Message(batch): Message<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    let actor = caller.actor();
    for event in &batch {
        if let Some(told) = event.read::<PaymentEvent>() {
            of_payment(event, &told, &actor).await?;
        } else if let Some(told) = event.read::<AuthEvent>() {
            of_person(event, &told, &actor).await?;
        }
    }
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

async fn of_payment(event: &CloudEvent, told: &PaymentEvent, actor: &str) -> Result<(), Error> {
    let news = |payment_id, open, was_open| News { payment_id, open, was_open, sequence: event.place() };
    match told {
        PaymentEvent::Captured(receipt) => captured(event, receipt, receipt.amount, actor).await,
        PaymentEvent::Refunded(money) => refunded(event, money, actor).await,
        PaymentEvent::Resolved(resolved) => self::resolved(event, resolved, actor).await,
        PaymentEvent::Deferred { order_id, payment_id, .. }
        | PaymentEvent::Authorized(Receipt { order_id, payment_id, .. })
        | PaymentEvent::Conflicted { order_id, payment_id, .. } => {
            undecided(event, *order_id, &news(*payment_id, true, false), actor).await
        }
        PaymentEvent::Declined { order_id, payment_id, was_open, .. }
        | PaymentEvent::Failed { order_id, payment_id, was_open, .. }
        | PaymentEvent::Cancelled { order_id, payment_id, was_open } => {
            undecided(event, *order_id, &news(*payment_id, false, *was_open), actor).await
        }
        _ => Ok(()),
    }
}

/// Note that a payment of an order is open, or is no longer.
async fn undecided(event: &CloudEvent, order_id: OrderId, news: &News, actor: &str) -> Result<(), Error> {
    if news.sequence == 0 {
        return Ok(());
    }
    answer_until_done(event, order_id, actor, |order| judge_news(order?, news)).await
}

/// Append what `answer` decides on the order as it stands, until there is nothing more to be said.
async fn answer_until_done(
    cause: &CloudEvent,
    order_id: OrderId,
    actor: &str,
    answer: impl Fn(Option<&Order>) -> Option<OrderEvent>,
) -> Result<(), Error> {
    for _ in 0..MAX_TRIES {
        let order = orders::find(order_id).await?;
        let Some(happens) = answer(order.as_ref()) else { return Ok(()) };
        // A refund may be answered twice: the order is cancelled, then refunded.
        let first_of_two = matches!(happens, OrderEvent::Cancelled { .. });
        let part = if first_of_two { ":cancelled" } else { "" };
        match record::answer(cause, part, order.as_ref().ok_or(order_id), &happens, actor).await? {
            Answered::Now if !first_of_two => return Ok(()),
            Answered::Before => return Ok(()),
            Answered::Now | Answered::LostRace => {}
        }
    }
    Err(Error::Contended)
}

/// Money was taken, `taken` where `receipt` says what was asked for. The order is paid, or the money is refused so that
/// payments gives it back.
async fn captured(cause: &CloudEvent, receipt: &Receipt, taken: Amount, actor: &str) -> Result<(), Error> {
    let answer = |stopped: Option<Rejection>| {
        move |order: Option<&Order>| captured_answer(receipt, taken, stopped, order)
    };
    match answer_until_done(cause, receipt.order_id, actor, answer(None)).await {
        Err(error) if error.is_seller_stopped() => {
            answer_until_done(cause, receipt.order_id, actor, answer(Some(Rejection::SellerStopped))).await
        }
        answered => answered,
    }
}

/// `None` when it was told before. An order that could be paid is refused when it is `stopped`.
fn captured_answer(
    receipt: &Receipt,
    taken: Amount,
    stopped: Option<Rejection>,
    order: Option<&Order>,
) -> Option<OrderEvent> {
    let verdict = order.map_or(Verdict::Rejected(Rejection::UnknownOrder), |order| {
        judge(order, receipt.payment_id, receipt.amount)
    });
    let payment_id = receipt.payment_id;
    let buyer_id = order.map(|order| order.buyer_id);
    let reject = |reason| Some(OrderEvent::PaymentRejected { buyer_id, payment_id, amount: taken, reason });
    match (verdict, stopped) {
        (Verdict::Known, _) => None,
        (Verdict::Paid, Some(reason)) | (Verdict::Rejected(reason), _) => reject(reason),
        // These leave the warehouse, whatever else is still held by a change that was cut off.
        (Verdict::Paid, None) => {
            let lines = order?.units();
            Some(OrderEvent::Paid { buyer_id: buyer_id?, payment_id, amount: taken, lines })
        }
    }
}

async fn refunded(cause: &CloudEvent, refunded: &Refunded, actor: &str) -> Result<(), Error> {
    answer_until_done(cause, refunded.order_id, actor, |order| judge_refund(order?, refunded)).await
}

/// An ADMIN has resolved a payment that the provider booked otherwise than asked. It pays the order after all, if the
/// order still costs what was asked; or the order may be paid anew; or more of what paid it was given back than was
/// known.
async fn resolved(event: &CloudEvent, resolved: &Resolved, actor: &str) -> Result<(), Error> {
    let Resolved { taken, asked, accepted, full, refunded: amount, refunded_total, .. } = *resolved;
    let (order_id, payment_id) = (resolved.order_id, resolved.payment_id);
    let order = orders::find(order_id).await?;
    if order.is_some_and(|order| order.payment_id == Some(payment_id)) {
        if amount == 0 {
            return Ok(());
        }
        let amount = Amount::new(amount, taken.currency);
        let (refund_id, reference, restock, elsewhere) = (None, None, false, true);
        let money = Refunded {
            order_id,
            payment_id,
            refund_id,
            amount,
            reference,
            refunded_total,
            full,
            restock,
            elsewhere,
        };
        return refunded(event, &money, actor).await;
    }
    if accepted {
        let receipt = Receipt { order_id, payment_id, amount: asked, reference: String::new() };
        return captured(event, &receipt, taken, actor).await;
    }
    let news = News { payment_id, open: false, was_open: true, sequence: event.place() };
    undecided(event, order_id, &news, actor).await
}

/// Auth's news of a person. Disabled or erased people do nothing more here; enabled ones may again. An erasure deletes
/// their addresses, here and in the log; the orders stay.
async fn of_person(event: &CloudEvent, told: &AuthEvent, actor: &str) -> Result<(), Error> {
    if matches!(told, AuthEvent::UserErased {}) {
        let erased = OrderEvent::BuyerErased { sequence: Some(event.place()) };
        return Ok(RELAY.answer(event, &erased, actor).await?);
    }
    match events::person(event, told) {
        Some(answer) => Ok(RELAY.answer(event, &answer, actor).await?),
        None => Ok(()),
    }
}
