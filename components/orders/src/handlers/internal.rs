//! What other services ask, and the sweep that ends orders which nobody paid.

use axum::Json as Reply;
use axum::response::{IntoResponse, Response};
use edge::{Context, Id, Path, Query, ServiceCaller};
use serde_json::json;
use store::Timestamp;

use super::{current, write};
use crate::RELAY;
use crate::api::{Pair, Summary, Swept};
use crate::error::Error;
use crate::settings::pay_within;
use crate::store as orders;

/// Orders that one sweep ends: well under a second, so that nobody gives up waiting for it.
const SWEEP: i64 = 200;

/// `GET /internal/orders/orders/{id}`: whether and for how much an order can be paid, and whether its people are there.
pub async fn get(context: Context, _: ServiceCaller, Path(Id(id)): Path<Id>) -> Result<Response, Error> {
    let order = current(&context, &id).await?;
    let people: Vec<_> = order.sellers().into_iter().chain([order.buyer_id.as_str()]).collect();
    let stopped = orders::stopped(&people).await?;
    let summary = Summary {
        id: &order.id,
        buyer_id: &order.buyer_id,
        status: order.status,
        currency: order.currency,
        total: order.total,
        version: order.version,
        seller_ids: order.sellers(),
        lines: order.sold(),
        stopped,
    };
    Ok(Reply(summary).into_response())
}

/// `GET /internal/orders/sold?sellerId=&buyerId=`: whether the buyer ever paid for something of the seller.
pub async fn sold(_: ServiceCaller, Query(pair): Query<Pair>) -> Result<Response, Error> {
    let sold = orders::has_sold(&pair.seller_id, &pair.buyer_id).await?;
    Ok(Reply(json!({ "sold": sold })).into_response())
}

/// `POST /internal/orders/sweep`: orders that were not paid in time become EXPIRED, and their stock is free. Several at
/// once do no harm: each order expires once.
pub async fn sweep(context: Context, _: ServiceCaller) -> Result<Reply<Swept>, Error> {
    let now = Timestamp::now();
    let due = orders::unpaid(now, pay_within().await?, SWEEP).await?;
    let more = i64::try_from(due.len()).is_ok_and(|found| found == SWEEP);
    let mut expired = 0usize;
    for order in due {
        let event = orders::expired(&order);
        let done = write(&context, order, event, now).await?;
        expired = expired.saturating_add(usize::from(done.is_some()));
    }
    RELAY.drain().await;
    Ok(Reply(Swept { expired, more }))
}
