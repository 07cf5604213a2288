//! Stock for orders: hold it, and settle the holds as orders are paid, cancelled, refunded or forgotten.

use axum::Json;
use contract::orders::Summary;
use contract::products::{Hold, Reserve, Reserved};
use contract::{OrderId, Units};
use edge::{Context, Message, Path, ServiceCaller};
use http::StatusCode;
use store::Timestamp;

use crate::domain::{ReservationState, Settlement, all_held, price_lines, shortages};
use crate::error::Error;
use crate::store::{self as products, DB, FIRST_VERSION, Overdue};
use crate::{CLIENT, RELAY, api, record};

/// How often a hold is tried anew after stock became free, a price changed or another request was faster.
const RETRIES: usize = 1;
/// How often a settlement reads and decides anew: a reservation has an order's few events, so more means trouble.
const MAX_TRIES: usize = 8;
/// How many overdue holds a reservation looks after: each costs a hop, and a buyer waits.
const OVERDUE_BATCH: i64 = 10;
/// How many overdue holds a sweep looks after: well under a second, so that no platform ends the request.
const SWEEP_BATCH: usize = 100;
/// After so many seconds a hold without an order will not get one: longer than `orders` waits for products (6 s) and
/// for its database (5 s) together.
const PLACING_SECONDS: i64 = 15;

/// What a hold replaces.
struct Current {
    version: i64,
    lines: Vec<Units>,
}

/// `POST /internal/products/reservations`: hold all lines for an order, or none. 201 with the lines' prices.
pub async fn reserve(
    context: Context,
    caller: ServiceCaller,
    Message(wanted): Message<Reserve>,
) -> Result<(StatusCode, Json<Reserved>), Error> {
    let mut tries = 0;
    loop {
        let held = hold(&context, &caller.actor(), &wanted, &Current { version: 0, lines: Vec::new() }).await;
        if tries == RETRIES || !is_worth_a_try(&context, &wanted, &held).await? {
            return held.map(|reserved| (StatusCode::CREATED, Json(reserved)));
        }
        tries += 1;
    }
}

/// `PUT /internal/products/reservations/{orderId}`: hold these lines instead, all or none. 200 with their prices, 409
/// when the reservation is settled or not at the given version. What the order holds already is free for it.
pub async fn replace(
    context: Context,
    caller: ServiceCaller,
    Path(order_id): Path<OrderId>,
    Message(mut wanted): Message<Reserve>,
) -> Result<Json<Reserved>, Error> {
    wanted.order_id = order_id;
    let mut tries = 0;
    loop {
        let current = products::reservation(wanted.order_id).await?.ok_or(Error::NotReserved)?;
        if current.state != ReservationState::Held {
            return Err(Error::Settled);
        }
        if wanted.version.is_some_and(|version| version != current.version) {
            return Err(Error::Contended);
        }
        let current = Current { version: current.version, lines: current.lines };
        let held = hold(&context, &caller.actor(), &wanted, &current).await;
        let overtaken = matches!(held, Err(Error::Contended));
        if tries == RETRIES || !(overtaken || is_worth_a_try(&context, &wanted, &held).await?) {
            return held.map(Json);
        }
        tries += 1;
    }
}

/// Whether a refused hold may be granted now.
async fn is_worth_a_try<T>(
    context: &Context,
    wanted: &Reserve,
    held: &Result<T, Error>,
) -> Result<bool, Error> {
    match held {
        Err(Error::OutOfStock(_)) => free_overdue(context, wanted).await,
        Err(Error::Internal(error)) => Ok(products::is_repriced(error)),
        _ => Ok(false),
    }
}

async fn hold(
    context: &Context,
    actor: &str,
    wanted: &Reserve,
    current: &Current,
) -> Result<Reserved, Error> {
    let ids: Vec<_> = wanted.lines.iter().map(|line| line.product_id).collect();
    let found = products::find_all(&ids).await?;
    let (currency, lines) = price_lines(&wanted.lines, &found)?;
    let version = current.version.saturating_add(1);
    let kept = if wanted.keep { current.lines.as_slice() } else { &[] };
    let (order_id, expires_at) = (wanted.order_id, wanted.expires_at);
    let hold = Hold { order_id, expires_at, currency, lines: all_held(&lines, kept) };
    match record::reserved(context, hold, version, actor).await {
        Ok(()) => {}
        Err(Error::Internal(error)) if products::is_shortage(&error) => {
            let found = products::find_all(&ids).await?;
            return Err(Error::OutOfStock(shortages(&wanted.lines, &found, &current.lines)));
        }
        Err(Error::Internal(error)) if products::is_overtaken(&error) => return Err(Error::Contended),
        Err(error) => return Err(error),
    }
    Ok(Reserved { currency, lines, version })
}

/// Release overdue holds on the wanted products, if orders agrees. Returns whether any stock became free.
async fn free_overdue(context: &Context, wanted: &Reserve) -> Result<bool, Error> {
    let ids: Vec<_> = wanted.lines.iter().map(|line| line.product_id).collect();
    let now = Timestamp::now();
    let mut freed = false;
    for overdue in products::overdue_of(&ids, now, OVERDUE_BATCH).await? {
        freed |= look_after(context, &overdue, now).await?;
    }
    Ok(freed)
}

/// `POST /internal/products/sweep`: look after overdue holds, oldest first. Safe at any time, also twice at once.
pub async fn sweep(context: Context, _: ServiceCaller) -> Result<Json<api::Swept>, Error> {
    let now = Timestamp::now();
    let limit = i64::try_from(SWEEP_BATCH).unwrap_or(i64::MAX).saturating_add(1);
    let due = products::overdue(now, limit).await?;
    let mut swept = api::Swept { looked_at: 0, settled: 0, more: due.len() > SWEEP_BATCH };
    for overdue in due.iter().take(SWEEP_BATCH) {
        swept.looked_at += 1;
        if look_after(&context, overdue, now).await? {
            swept.settled += 1;
        }
    }
    RELAY.kick();
    Ok(Json(swept))
}

/// Settle an overdue hold by what orders says of its order; says whether it is settled now.
///
/// Asking orders for an order that is overdue expires it. An order it has never heard of did not come about (its
/// process died), once it is old enough.
async fn look_after(context: &Context, overdue: &Overdue, now: Timestamp) -> Result<bool, Error> {
    let id = overdue.order_id;
    let answer = CLIENT.get(context, "orders", &format!("orders/{id}")).await?;
    let given_up = overdue.held_at < now.plus_seconds(-PLACING_SECONDS);
    let settlement = match answer.status {
        StatusCode::OK => {
            let order: Summary = answer.json()?;
            Settlement::of_status(order.status).map(|settlement| (settlement, Some(order.lines)))
        }
        StatusCode::NOT_FOUND => given_up.then_some((Settlement::Release, None)),
        _ => None,
    };
    let Some((settlement, lines)) = settlement else { return Ok(false) };
    settle(id, settlement, lines.as_deref(), &format!("overdue:{id}")).await.map(|()| true)
}

/// `POST /internal/products/reservations/{orderId}/release`: let go what was held for an order that did not come about.
pub async fn release(_: ServiceCaller, Path(order_id): Path<OrderId>) -> Result<StatusCode, Error> {
    settle(order_id, Settlement::Release, None, &format!("release:{order_id}")).await?;
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

/// Settle the stock held for an order. When it was paid, `sold` are the lines that leave the warehouse; without them,
/// all that is held.
pub async fn settle(
    order_id: OrderId,
    settlement: Settlement,
    sold: Option<&[Units]>,
    cause: &str,
) -> Result<(), Error> {
    // Most holds were not changed: nothing needs to be read unless the append says otherwise. An order whose hold has
    // not arrived (it was given up meanwhile) is settled in advance.
    let mut current = Some((ReservationState::Held, FIRST_VERSION));
    for _ in 0..MAX_TRIES {
        let Some((state, version)) = current else { return Ok(()) };
        let Some(event) = settlement.event(state, order_id, sold) else { return Ok(()) };
        match record::settled(order_id, version.saturating_add(1), &event, cause).await {
            Err(error) if DB.is_answered(&error) => return Ok(()),
            Err(error) if products::is_overtaken(&error) => {
                let found = products::reservation(order_id).await?;
                current = found.map(|found| (found.state, found.version));
            }
            other => return Ok(other?),
        }
    }
    Err(Error::Contended)
}
