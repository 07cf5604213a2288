//! The one place that appends. It encrypts what is personal, sets trace and cause, and starts the relay.

use clock::Timestamp;
use contract::OrderId;
use contract::orders::OrderEvent;
use edge::Context;
use events::CloudEvent;
use serde_json::json;
use store::{Event, Idempotency, NEXT};
use strum::IntoDiscriminant;

use crate::domain::{Address, Order};
use crate::error::Error;
use crate::store::{self as orders, DB};
use crate::{RELAY, personal};

/// What happens to an order next, and who does it.
pub struct Happening {
    pub event: OrderEvent,
    pub actor: String,
    /// Where the order goes from now on.
    pub address: Option<Address>,
    /// The request's key, and the answer to be given again, in clear.
    pub idempotency: Option<Idempotency>,
}

impl Happening {
    /// That `actor` makes `event` happen.
    pub fn new(event: OrderEvent, actor: impl Into<String>) -> Self {
        Self { event, actor: actor.into(), address: None, idempotency: None }
    }
}

/// An order after what happened to it.
pub struct Done {
    pub order: Order,
    /// The place of the event in the log.
    pub seq: i64,
}

/// Append what happens to `order` as it was read; `None` when something else happened to it first.
pub async fn next(
    context: &Context,
    mut order: Order,
    happening: Happening,
    now: Timestamp,
) -> Result<Option<Done>, Error> {
    let Happening { event: happens, actor, address, idempotency } = happening;
    let mut event = Event::new(order.id, order.next_version(), actor, &happens);
    event.traceparent = context.traceparent.clone();
    event.idempotency = encrypted(order.id, idempotency).await?;
    if let Some(address) = address {
        event.private = Some(json!({ "shippingAddress": personal::encrypt(order.id, &address).await? }));
        order.address = Some(address);
    }
    order.advance(happens.discriminant(), now);
    match DB.append_at(event, now).await {
        Ok(appended) => {
            RELAY.kick();
            Ok(Some(Done { order, seq: appended.seq }))
        }
        Err(error) if orders::is_lost_race(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Append that `order` was placed, unless its buyer has `limit` others that wait for their payment (0: however many).
/// `address` is its address, encrypted before the stock was held.
///
/// # Errors
/// As [`store::Db::append`]; the caller knows what each means for the hold.
pub async fn placed(
    context: &Context,
    order: &Order,
    address: String,
    limit: i64,
    idempotency: Option<Idempotency>,
) -> Result<(), store::Error> {
    let mut event = Event::new(order.id, order.version, order.buyer_id, &OrderEvent::Placed(order.content()));
    event.traceparent = context.traceparent.clone();
    event.private = Some(json!({ "shippingAddress": address, "openOrdersLimit": limit }));
    event.idempotency = idempotency;
    DB.append_at(event, order.created_at).await?;
    RELAY.kick();
    Ok(())
}

/// `idempotency` with its answer encrypted: the address is in it, too.
pub async fn encrypted(
    order_id: OrderId,
    idempotency: Option<Idempotency>,
) -> Result<Option<Idempotency>, Error> {
    let Some(mut kept) = idempotency else { return Ok(None) };
    kept.result = personal::encrypt_answer(order_id, &kept.result).await?;
    Ok(Some(kept))
}

/// What became of the answer to another service's event.
pub enum Answered {
    /// It was appended.
    Now,
    /// It stands since before.
    Before,
    /// Something else happened to the order first.
    LostRace,
}

/// Append what `cause` makes happen to the order with this id, at the version after `order` was read. Each part of an
/// answer, which begins with what `part` names, is appended once.
pub async fn answer(
    cause: &CloudEvent,
    part: &str,
    order: Result<&Order, OrderId>,
    happens: &OrderEvent,
    actor: &str,
) -> Result<Answered, Error> {
    let mut event = match order {
        Ok(order) => Event::new(order.id, order.next_version(), actor, happens),
        Err(unknown_id) => Event::new(unknown_id, NEXT, actor, happens),
    };
    event.cause = Some(format!("{}{part}", cause.id));
    event.traceparent = cause.traceparent.clone();
    match DB.append(event).await {
        Ok(_) => Ok(Answered::Now),
        Err(error) if DB.is_answered(&error) => Ok(Answered::Before),
        Err(error) if orders::is_lost_race(&error) => Ok(Answered::LostRace),
        Err(error) => Err(error.into()),
    }
}
