//! Shipping and delivering: by each seller for their own part, or by an ADMIN for all.

use axum::response::Response;
use edge::{Context, Id, Key, Keyed, KeyedOr, Path, Preconditions, Problem, User};
use http::StatusCode;
use serde_json::json;
use store::Event;

use super::{act, answer, relation, show};
use crate::api::{NewDelivery, NewShipment};
use crate::domain::{Action, Order, Role, check_shipment};
use crate::error::Error;
use crate::personal;
use crate::store::{self as orders, DB};

/// `POST /api/orders/{id}/ship`: 200 with the order, which is SHIPPED when all of its sellers have shipped.
pub async fn ship(
    context: Context,
    user: User,
    Path(Id(id)): Path<Id>,
    preconditions: Preconditions,
    KeyedOr(Keyed { body, key }): KeyedOr<NewShipment>,
) -> Result<Response, Error> {
    let body = check_shipment(&body).map_err(Error::Invalid)?;
    let request = Request { context, user, id, preconditions, key, action: Action::Ship };
    fulfil(request, |order, role, subject, now| {
        let (kind, sellers) = order.ship(&body, role, subject, now)?;
        let data = json!({
            "sellerIds": sellers, "carrier": body.carrier, "trackingNumber": body.tracking_number
        });
        Ok(orders::next(order, kind, subject, data))
    })
    .await
}

/// `POST /api/orders/{id}/deliver`: 200 with the order, which is DELIVERED when all of its parts have arrived.
pub async fn deliver(
    context: Context,
    user: User,
    Path(Id(id)): Path<Id>,
    preconditions: Preconditions,
    KeyedOr(Keyed { key, .. }): KeyedOr<NewDelivery>,
) -> Result<Response, Error> {
    let request = Request { context, user, id, preconditions, key, action: Action::Deliver };
    fulfil(request, |order, role, subject, now| {
        let (kind, sellers) = order.deliver(role, subject, now)?;
        Ok(orders::next(order, kind, subject, json!({ "sellerIds": sellers })))
    })
    .await
}

struct Request {
    context: Context,
    user: User,
    id: String,
    preconditions: Preconditions,
    key: Option<Key>,
    action: Action,
}

impl Request {
    /// What its key is for: that of another order is another.
    fn operation(&self) -> String {
        format!("orders.{}.{}", self.action, self.id)
    }

    /// The answer to an earlier request with the same key.
    async fn earlier(&self) -> Result<Option<Response>, Error> {
        let Some(key) = &self.key else { return Ok(None) };
        let Some(replay) = DB.replay(&self.user.actor(), &key.scoped(&self.operation())).await? else {
            return Ok(None);
        };
        let answer = personal::open_answer(&replay.stream, replay.result).await?;
        Ok(Some(edge::replayed(key, &replay.request_hash, StatusCode::OK, answer)?))
    }
}

/// Do it once, however often it comes with the same key.
async fn fulfil(
    request: Request,
    decide: impl Fn(&mut Order, Role, &str, &str) -> Result<Event, Error>,
) -> Result<Response, Error> {
    let Request { context, user, id, preconditions, action, .. } = &request;
    user.require("orders:read")?;
    if let Some(answer) = request.earlier().await? {
        return Ok(answer);
    }
    let done = act(context, user, id, preconditions, *action, |order, role, now| {
        let mut event = decide(order, role, &user.subject, &now.to_string())?;
        if let Some(key) = &request.key {
            let mut after = order.clone();
            after.advance(event.kind, &now.to_string());
            let answer = serde_json::to_string(&show(&after, relation(user, &after)?, &user.subject));
            event.idempotency = Some(key.kept(&request.operation(), answer.map_err(Problem::internal)?));
        }
        Ok(event)
    });
    match done.await {
        Ok((done, relation)) => Ok(answer(&done.order, relation, &user.subject)),
        // A twin with the same key may have been faster.
        Err(error) => request.earlier().await?.ok_or(error),
    }
}
