//! Shipping and delivering: by each seller for their own part, or by an ADMIN for all.

use axum::response::Response;
use contract::orders::OrderEvent;
use contract::permissions::OrdersRead;
use contract::{OrderId, UserId};
use edge::{Context, Key, Keyed, OptionalBody, Path, Permitted, Preconditions, Problem};
use http::StatusCode;
use store::Timestamp;
use strum::IntoDiscriminant;

use super::{act, answer, relation, show};
use crate::api::{NewDelivery, NewShipment};
use crate::domain::{Action, InvalidTransition, Label, Order, Role};
use crate::error::Error;
use crate::personal;
use crate::record::Happening;
use crate::store::DB;

/// `POST /api/orders/{id}/ship`: 200 with the order, which is SHIPPED when all of its sellers have shipped.
pub async fn ship(
    context: Context,
    user: Permitted<OrdersRead>,
    Path(id): Path<OrderId>,
    preconditions: Preconditions,
    OptionalBody(Keyed { body, key }): OptionalBody<NewShipment>,
) -> Result<Response, Error> {
    let label = Label::parse(body.carrier.as_deref(), body.tracking_number.as_deref());
    let label = label.map_err(Error::Invalid)?;
    let request = Request { context, user, id, preconditions, key, action: Action::Ship };
    fulfil(request, |order, role, viewer, now| order.ship(&label, role, viewer, now)).await
}

/// `POST /api/orders/{id}/deliver`: 200 with the order, which is DELIVERED when all of its parts have arrived.
pub async fn deliver(
    context: Context,
    user: Permitted<OrdersRead>,
    Path(id): Path<OrderId>,
    preconditions: Preconditions,
    OptionalBody(Keyed { key, .. }): OptionalBody<NewDelivery>,
) -> Result<Response, Error> {
    let request = Request { context, user, id, preconditions, key, action: Action::Deliver };
    fulfil(request, Order::deliver).await
}

struct Request {
    context: Context,
    user: Permitted<OrdersRead>,
    id: OrderId,
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
        let answer = personal::decrypt_answer(self.id, replay.result).await?;
        Ok(Some(edge::replayed(key, &replay.request_hash, StatusCode::OK, answer)?))
    }
}

/// Do it once, however often it comes with the same key.
async fn fulfil(
    request: Request,
    decide: impl Fn(&mut Order, Role, UserId, Timestamp) -> Result<OrderEvent, InvalidTransition>,
) -> Result<Response, Error> {
    let Request { context, user, id, preconditions, action, .. } = &request;
    if let Some(answer) = request.earlier().await? {
        return Ok(answer);
    }
    let done = act(context, user, *id, preconditions, *action, |order, role, now| {
        let event = decide(order, role, user.id, now)?;
        let mut happening = Happening::new(event, user.actor());
        if let Some(key) = &request.key {
            let mut after = order.clone();
            after.advance(happening.event.discriminant(), now);
            let answer = serde_json::to_string(&show(&after, relation(user, &after)?, user.id));
            let answer = answer.map_err(Problem::internal)?;
            happening.idempotency = Some(key.kept(&request.operation(), answer));
        }
        Ok(happening)
    });
    match done.await {
        Ok((done, relation)) => Ok(answer(&done.order, relation, user.id)),
        // A twin with the same key may have been faster.
        Err(error) => request.earlier().await?.ok_or(error),
    }
}
