//! What payments tells: money that was taken for an order, and money that was given back.

use edge::{Message, ServiceCaller};
use events::{CloudEvent, intake};
use http::StatusCode;
use serde_json::{Value, json};
use store::{Event, NEXT};

use super::MAX_TRIES;
use super::people::told;
use crate::RELAY;
use crate::api::{Captured, News, Refunded, Resolved, Sum};
use crate::domain::{Order, Verdict, judge, judge_news, judge_refund};
use crate::error::Error;
use crate::store::{self as orders, DB};

/// `POST /internal/orders/events`: payments' and auth's events. Each is answered once, so a batch may come again.
pub async fn on_events(
    caller: ServiceCaller,
    Message(batch): Message<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    let actor = caller.actor();
    for event in &batch {
        match event.kind.as_str() {
            "jangteo.payment.captured.v1" => {
                let Some(captured) = intake::<Captured>(event) else { continue };
                let taken = Sum { amount: captured.amount, currency: captured.currency };
                settle_captured(event, &captured, taken, &actor).await?;
            }
            "jangteo.payment.refunded.v1" => {
                let Some(refunded) = intake::<Refunded>(event) else { continue };
                settle(event, &refunded.order_id, |order| refunded_answer(&refunded, order, &actor)).await?;
            }
            "jangteo.conflict.resolved.v1" => {
                let Some(resolved) = intake::<Resolved>(event) else { continue };
                settle_resolved(event, &resolved, &actor).await?;
            }
            "jangteo.payment.deferred.v1"
            | "jangteo.payment.authorized.v1"
            | "jangteo.payment.conflicted.v1" => {
                tell(event, true, &actor).await?;
            }
            "jangteo.payment.declined.v1" | "jangteo.payment.failed.v1" | "jangteo.payment.cancelled.v1" => {
                tell(event, false, &actor).await?;
            }
            _ => told(event, actor.clone()).await?,
        }
    }
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

/// Note that a payment of an order is `open`, or is no longer.
async fn tell(event: &CloudEvent, open: bool, actor: &str) -> Result<(), Error> {
    let Some(news) = intake::<News>(event) else { return Ok(()) };
    settle(event, &news.order_id, |order| news_answer(&news, open, event, order?, actor)).await
}

/// Append what `answer` decides on the order as it stands, until there is nothing more to be said.
async fn settle(
    cause: &CloudEvent,
    order_id: &str,
    answer: impl Fn(Option<&Order>) -> Option<Event>,
) -> Result<(), Error> {
    for _ in 0..MAX_TRIES {
        let order = orders::find(order_id).await?;
        let Some(mut event) = answer(order.as_ref()) else { return Ok(()) };
        // A refund may be answered twice: the order is cancelled, then refunded.
        let first_of_two = event.kind == "order.cancelled";
        event.cause = Some(if first_of_two { format!("{}:cancelled", cause.id) } else { cause.id.clone() });
        event.traceparent = cause.traceparent.clone();
        match DB.append(event).await {
            Ok(_) if first_of_two => {}
            Err(error) if orders::is_lost_race(&error) => {}
            Err(error) if orders::is_answered(&error) => return Ok(()),
            other => return Ok(other.map(drop)?),
        }
    }
    Err(Error::Contended)
}

/// As [`settle`], of money that was `taken` where `captured` was asked for.
async fn settle_captured(
    cause: &CloudEvent,
    captured: &Captured,
    taken: Sum,
    actor: &str,
) -> Result<(), Error> {
    let paid = |order: Option<&Order>| captured_answer(captured, taken, None, order, actor);
    match settle(cause, &captured.order_id, paid).await {
        Err(error) if error.is_seller_stopped() => {
            let refused = |order: Option<&Order>| {
                captured_answer(captured, taken, Some("seller_stopped"), order, actor)
            };
            settle(cause, &captured.order_id, refused).await
        }
        settled => settled,
    }
}

/// The order is paid, or the money is refused (for this `reason`, or the order's own) so that payments gives it back;
/// `None` when that was told before.
fn captured_answer(
    captured: &Captured,
    taken: Sum,
    reason: Option<&'static str>,
    order: Option<&Order>,
    actor: &str,
) -> Option<Event> {
    let verdict =
        match (order.map_or(Verdict::Rejected("unknown_order"), |order| judge(order, captured)), reason) {
            (Verdict::Paid, Some(reason)) => Verdict::Rejected(reason),
            (verdict, _) => verdict,
        };
    let mut data =
        json!({ "paymentId": captured.payment_id, "amount": taken.amount, "currency": taken.currency });
    let kind = match verdict {
        Verdict::Known => return None,
        // These leave the warehouse, whatever else is still held by a change that was cut off.
        Verdict::Paid => {
            add(&mut data, "lines", order?.sold());
            "order.paid"
        }
        Verdict::Rejected(reason) => {
            add(&mut data, "reason", json!(reason));
            "order.payment_rejected"
        }
    };
    Some(match order {
        Some(order) => orders::next(order, kind, actor, data),
        None => Event::new(&captured.order_id, NEXT, kind, actor, data),
    })
}

/// What becomes of the order whose money was given back; `None` when nothing does.
fn refunded_answer(refunded: &Refunded, order: Option<&Order>, actor: &str) -> Option<Event> {
    let order = order?;
    let kind = judge_refund(order, refunded)?;
    let mut data = json!({
        "paymentId": refunded.payment_id,
        "amount": refunded.amount,
        "refundedTotal": refunded.refunded_total,
        "currency": refunded.currency,
    });
    match kind {
        // Nothing was shipped, so all of it is for sale again.
        "order.cancelled" => {
            data = json!({ "paymentId": refunded.payment_id, "reason": "refunded", "restock": true })
        }
        "order.refunded" => add(&mut data, "restock", json!(refunded.restock)),
        // The parcel is on its way, but who gives all of the money back says what becomes of the goods.
        "order.refund_noted" if refunded.full => add(&mut data, "restock", json!(refunded.restock)),
        _ => {}
    }
    Some(orders::next(order, kind, actor, data))
}

/// What news of a payment that has not paid its order are for the order; `None` when nothing changes.
fn news_answer(news: &News, open: bool, event: &CloudEvent, order: &Order, actor: &str) -> Option<Event> {
    let sequence = event.sequence.as_deref()?.parse().ok()?;
    let kind = judge_news(order, news, open, sequence)?;
    let data = json!({ "paymentId": news.payment_id, "sequence": sequence });
    Some(orders::next(order, kind, actor, data))
}

/// An ADMIN has looked into a payment that the provider booked otherwise than was asked: it pays the order after all, if
/// the order still costs what was asked; the order may be paid anew; or more of what paid it was given back than was
/// known.
async fn settle_resolved(event: &CloudEvent, resolved: &Resolved, actor: &str) -> Result<(), Error> {
    let Resolved { taken, asked, accepted, full, refunded, refunded_total, .. } = *resolved;
    let (order_id, payment_id) = (resolved.order_id.clone(), resolved.payment_id.clone());
    let order = orders::find(&order_id).await?;
    let paid_by_it = order.is_some_and(|order| order.payment_id.as_ref() == Some(&payment_id));
    if paid_by_it {
        let (amount, currency) = (refunded, taken.currency);
        let refunded =
            Refunded { order_id, payment_id, amount, refunded_total, currency, full, restock: false };
        let known = |order: Option<&Order>| refunded_answer(&refunded, order, actor);
        return if amount > 0 { settle(event, &refunded.order_id, known).await } else { Ok(()) };
    }
    if accepted {
        let captured = Captured { order_id, payment_id, amount: asked.amount, currency: asked.currency };
        return settle_captured(event, &captured, taken, actor).await;
    }
    let news = News { order_id, payment_id, was_open: true };
    settle(event, &news.order_id, |order| news_answer(&news, false, event, order?, actor)).await
}

fn add(data: &mut Value, name: &str, value: Value) {
    if let Some(data) = data.as_object_mut() {
        data.insert(name.to_owned(), value);
    }
}
