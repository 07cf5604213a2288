//! Questions of other services (an order, who sold what, where parcels went), and the sweep that expires unpaid orders.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::orders::Summary;
use contract::{OrderId, UserId};
use edge::{Context, Page, Path, Query, ServiceCaller};
use serde_json::json;
use store::Timestamp;

use super::{SELF, current, show};
use crate::RELAY;
use crate::api::{Pair, Swept};
use crate::domain::{Filter, Relation};
use crate::error::Error;
use crate::record::{self, Happening};
use crate::settings::pay_within;
use crate::store as orders;

/// Orders that one sweep ends: well under a second, so that nobody gives up waiting for it.
const SWEEP: i64 = 200;

/// How many addresses a seller is told of: those of the latest orders.
const LATEST: i64 = 10;

/// `GET /internal/orders/orders/{id}`: whether and for how much an order can be paid, and whether its people are there.
pub async fn get(context: Context, _: ServiceCaller, Path(id): Path<OrderId>) -> Result<Response, Error> {
    let order = current(&context, id).await?;
    let people: Vec<_> = order.sellers().into_iter().chain([order.buyer_id]).collect();
    let stopped = orders::stopped(&people).await?;
    let summary = Summary {
        seller_ids: order.sellers(),
        lines: order.units(),
        id: order.id,
        buyer_id: order.buyer_id,
        status: order.status,
        currency: order.currency,
        total: order.total,
        version: order.version,
        stopped,
    };
    Ok(Json(summary).into_response())
}

/// `GET /internal/orders/sold?sellerId=&buyerId=`: whether the buyer ever paid for something of the seller.
pub async fn sold(_: ServiceCaller, Query(pair): Query<Pair>) -> Result<Response, Error> {
    let sold = orders::has_sold(pair.seller_id, pair.buyer_id).await?;
    Ok(Json(json!({ "sold": sold })).into_response())
}

/// `GET /internal/orders/shipping?sellerId=&buyerId=`: 200 with the addresses of what the seller has to send to the
/// buyer or has sent, the latest first, each once.
pub async fn shipping(_: ServiceCaller, Query(pair): Query<Pair>) -> Result<Response, Error> {
    let mut addresses = Vec::new();
    for order in orders::sold(pair.seller_id, pair.buyer_id, LATEST).await? {
        if let Some(address) = order.address.filter(|address| !addresses.contains(address)) {
            addresses.push(address);
        }
    }
    Ok(Json(addresses).into_response())
}

/// `GET /internal/orders/buyers/{id}/orders`: 200 with what someone ordered, newest first.
pub async fn bought(_: ServiceCaller, Path(buyer): Path<UserId>, page: Page) -> Result<Response, Error> {
    let page = page.of::<OrderId>("orders.bought", buyer)?;
    let found = orders::list_bought(buyer, &Filter::default(), page.after, page.rows()).await?;
    let items = found.iter().map(|order| show(order, Relation::BUYER, buyer)).collect();
    Ok(Json(page.list(items, |order| order.id)).into_response())
}

/// `POST /internal/orders/sweep`: orders that were not paid in time become EXPIRED, and their stock is free. Several at
/// once do no harm: each order expires once.
pub async fn sweep(context: Context, _: ServiceCaller) -> Result<Json<Swept>, Error> {
    let now = Timestamp::now();
    let due = orders::unpaid(now, pay_within().await?, SWEEP).await?;
    let more = i64::try_from(due.len()).is_ok_and(|found| found == SWEEP);
    let mut expired = 0usize;
    for order in due {
        let expired_now = Happening::new(order.expired(), SELF);
        if record::next(&context, order, expired_now, now).await?.is_some() {
            expired = expired.saturating_add(1);
        }
    }
    RELAY.drain().await;
    Ok(Json(Swept { expired, more }))
}
