//! What payments asks, and what it tells: an order's state, and money that was taken for it.

use axum::Json as Reply;
use axum::response::{IntoResponse, Response};
use edge::{Context, Json, Path, Query, ServiceCaller};
use events::{CloudEvent, intake};
use http::StatusCode;
use serde_json::json;
use store::{Event, NEXT};

use super::people::erase;
use super::{MAX_TRIES, current};
use crate::RELAY;
use crate::api::{Captured, Pair, Summary};
use crate::domain::{Order, Verdict, judge};
use crate::error::Error;
use crate::store::{self as orders, DB};

/// `GET /internal/orders/orders/{id}`: whether and for how much an order can be paid.
pub async fn get(context: Context, _: ServiceCaller, Path(id): Path<String>) -> Result<Response, Error> {
    let order = current(&context, &id).await?;
    let mut seller_ids: Vec<_> = order.lines.iter().map(|line| line.seller_id.as_str()).collect();
    seller_ids.sort_unstable();
    seller_ids.dedup();
    let summary = Summary {
        id: &order.id,
        buyer_id: &order.buyer_id,
        status: order.status,
        currency: order.currency,
        total: order.total,
        version: order.version,
        seller_ids,
    };
    Ok(Reply(summary).into_response())
}

/// `GET /internal/orders/sold?sellerId=&buyerId=`: whether the buyer ever paid for something of the seller.
pub async fn sold(_: ServiceCaller, Query(pair): Query<Pair>) -> Result<Response, Error> {
    let sold = orders::has_sold(&pair.seller_id, &pair.buyer_id).await?;
    Ok(Reply(json!({ "sold": sold })).into_response())
}

/// `POST /internal/orders/events`: payments' and auth's events. Each is answered once, so a batch may come again.
pub async fn on_events(
    caller: ServiceCaller,
    Json(batch): Json<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    for event in &batch {
        match event.kind.as_str() {
            "jangteo.payment.captured.v1" => {
                if let Some(captured) = intake::<Captured>(event) {
                    settle(event, &captured, caller.actor()).await?;
                }
            }
            "jangteo.user.erased.v1" => erase(event, caller.actor()).await?,
            _ => {}
        }
    }
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

/// Mark the order as paid, or refuse the money so that payments gives it back.
async fn settle(cause: &CloudEvent, captured: &Captured, actor: String) -> Result<(), Error> {
    for _ in 0..MAX_TRIES {
        let order = orders::find(&captured.order_id).await?;
        let verdict =
            order.as_ref().map_or(Verdict::Rejected("unknown_order"), |order| judge(order, captured));
        let Some(mut event) = answer(captured, order.as_ref(), verdict, &actor) else { return Ok(()) };
        event.cause = Some(cause.id.clone());
        event.traceparent = cause.traceparent.clone();
        match DB.append(event).await {
            Err(error) if orders::is_lost_race(&error) => {}
            Err(error) if orders::is_answered(&error) => return Ok(()),
            other => return Ok(other.map(drop)?),
        }
    }
    Err(Error::Contended)
}

/// The event that tells the verdict; none when it was told before.
fn answer(captured: &Captured, order: Option<&Order>, verdict: Verdict, actor: &str) -> Option<Event> {
    let mut data = json!({
        "paymentId": captured.payment_id,
        "amount": captured.amount,
        "currency": captured.currency,
    });
    let mut add =
        |name: &str, value: &str| data.as_object_mut().map(|data| data.insert(name.to_owned(), value.into()));
    if let Some(order) = order {
        add("buyerId", &order.buyer_id);
    }
    let kind = match verdict {
        Verdict::Known => return None,
        Verdict::Paid => "order.paid",
        Verdict::Rejected(reason) => {
            add("reason", reason);
            "order.payment_rejected"
        }
    };
    let version = order.map_or(NEXT, Order::next_version);
    Some(Event::new(&captured.order_id, version, kind, actor, data))
}
