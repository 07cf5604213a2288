//! What other services ask and tell about people: where parcels went, what someone ordered, that someone is disabled or
//! erased.

use axum::Json as Reply;
use axum::response::{IntoResponse, Response};
use edge::{Id, Page, Path, Query, ServiceCaller};
use events::{CloudEvent, person};
use serde_json::json;

use super::show;
use crate::api::Pair;
use crate::domain::{Filter, Relation};
use crate::error::Error;
use crate::store::{self as orders, DB};

/// How many addresses a seller is told of: those of the latest orders.
const LATEST: i64 = 10;

/// `GET /internal/orders/shipping?sellerId=&buyerId=`: 200 with the addresses of what the seller has to send to the
/// buyer or has sent, the latest first, each once.
pub async fn shipping(_: ServiceCaller, Query(pair): Query<Pair>) -> Result<Response, Error> {
    let mut addresses = Vec::new();
    for order in orders::sold(&pair.seller_id, &pair.buyer_id, LATEST).await? {
        if let Some(address) = order.address.filter(|address| !addresses.contains(address)) {
            addresses.push(address);
        }
    }
    Ok(Reply(addresses).into_response())
}

/// `GET /internal/orders/buyers/{id}/orders`: 200 with what someone ordered, newest first.
pub async fn bought(_: ServiceCaller, Path(Id(id)): Path<Id>, page: Page) -> Result<Response, Error> {
    let page = page.of::<Id>("orders.bought", &id)?;
    let found = orders::list_bought(&id, &Filter::default(), page.after.as_deref(), page.rows()).await?;
    let items = found.iter().map(|order| show(order, Relation::BUYER, &id)).collect();
    Ok(Reply(page.list(items, |order| order.id.to_owned())).into_response())
}

/// What auth tells of somebody: disabled or erased they do nothing more here, enabled they may again. After an erasure no
/// address of theirs is left, here and in the log; the orders stay.
pub async fn told(event: &CloudEvent, actor: String) -> Result<(), Error> {
    let Some(mut answer) = person(event, actor) else { return Ok(()) };
    if event.kind == "jangteo.user.erased.v1" {
        (answer.kind, answer.data) = ("buyer.erased", json!({ "sequence": event.place() }));
    }
    match DB.append(answer).await {
        Err(error) if orders::is_answered(&error) => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
