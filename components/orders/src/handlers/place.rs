//! Placing an order: hold the stock, then write the order; let the stock go if there is no order after all.

use axum::response::{IntoResponse, Response};
use contract::OrderId;
use contract::permissions::OrdersCreate;
use contract::products::Wanted;
use edge::{Context, Key, Keyed, Permitted, Problem, User, etag};
use http::{HeaderName, HeaderValue, StatusCode, header};
use store::{Replay, Timestamp};

use super::show;
use crate::domain::{Draft, Order, Pending, Relation, Shipments, Status, total};
use crate::error::Error;
use crate::reservation::{release, reserve};
use crate::settings::{open_orders_limit, pay_within, payable};
use crate::store::{self as orders, DB};
use crate::{api, personal, record};

/// The scope of this route's idempotency keys.
const OPERATION: &str = "orders.place";
/// The version of an order that was just placed.
const FIRST_VERSION: i64 = 1;

/// `POST /api/orders`: 201 with the order and its `Location`. One hop, one statement, and a look by an index that
/// spares the hop where too many orders of the buyer are unpaid.
pub async fn place(
    context: Context,
    user: Permitted<OrdersCreate>,
    request: Keyed<api::NewOrder>,
) -> Result<Response, Error> {
    let api::NewOrder { items, shipping_address } = request.body;
    let items = items.into_iter().map(Wanted::from).collect();
    let draft = Draft::parse(items, &shipping_address).map_err(Error::Invalid)?;
    let key = request.key.as_ref();
    if let Some(answer) = earlier(&user, key).await? {
        return Ok(answer);
    }
    match try_to(&context, &user, key, draft).await {
        // A twin with the same key may have made the order that is too many, or have taken the last unit.
        Err(refusal @ (Error::TooMany(_) | Error::Edge(_))) => earlier(&user, key).await?.ok_or(refusal),
        other => other,
    }
}

async fn try_to(context: &Context, user: &User, key: Option<&Key>, draft: Draft) -> Result<Response, Error> {
    let (id, now) = (OrderId::generate(), Timestamp::now());
    payable(context).await?;
    refuse_too_many(user, now).await?;
    let expires_at = now.plus_seconds(pay_within().await?);
    let address = personal::encrypt(id, &draft.address).await?;
    let held = reserve(context, id, expires_at, draft.lines).await?;
    let Some(total) = total(&held.lines) else {
        release(context, id).await;
        return Err(too_much());
    };
    let order = Order {
        id,
        buyer_id: user.id,
        status: Status::Ordered,
        currency: held.currency,
        total,
        address: Some(draft.address),
        payment_id: None,
        pending: Pending::default(),
        refunded: 0,
        taken: None,
        shipments: Shipments::new(),
        version: FIRST_VERSION,
        expires_at,
        created_at: now,
        updated_at: now,
        lines: held.lines,
    };
    save(context, key, &order, address).await
}

/// Write the order, with its `address` encrypted, and answer with it.
async fn save(
    context: &Context,
    key: Option<&Key>,
    order: &Order,
    address: String,
) -> Result<Response, Error> {
    let body =
        serde_json::to_string(&show(order, Relation::BUYER, order.buyer_id)).map_err(Problem::internal)?;
    let kept = key.map(|key| key.kept(OPERATION, body.as_str()));
    let kept = record::encrypted(order.id, kept).await?;
    let limit = open_orders_limit().await?;
    match (record::placed(context, order, address, limit, kept).await, key) {
        (Ok(_), _) => {}
        (Err(store::Error::Replayed(replay)), Some(key)) => {
            release(context, order.id).await;
            return replayed(key, *replay).await;
        }
        (Err(error), _) if orders::is_too_many(&error) => {
            release(context, order.id).await;
            // All of them may be as young as this one.
            return Err(Error::TooMany(wait(order.expires_at)));
        }
        (Err(error), _) => recover(context, order.id, error).await?,
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((StatusCode::CREATED, json, place_of(order.id), body).into_response())
}

/// 429 for a buyer who has too many unpaid orders already. The append enforces the same limit when many come at once.
async fn refuse_too_many(user: &User, now: Timestamp) -> Result<(), Error> {
    let limit = open_orders_limit().await?;
    if limit == 0 {
        return Ok(());
    }
    let until = orders::open_until(user.id, now, limit).await?;
    until.map_or(Ok(()), |until| Err(Error::TooMany(wait(until))))
}

/// After a failed append: without an order the stock is free again. But an append whose answer was lost may have
/// happened; then the order stands. When not even that can be found out, the hold is left until it is overdue.
async fn recover(context: &Context, id: OrderId, error: store::Error) -> Result<(), Error> {
    match orders::find(id).await {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => release(context, id).await,
        Err(_) => {}
    }
    Err(error.into())
}

/// The answer to an earlier request with the same key.
async fn earlier(user: &User, key: Option<&Key>) -> Result<Option<Response>, Error> {
    let Some(key) = key else { return Ok(None) };
    match DB.replay(&user.actor(), &key.scoped(OPERATION)).await? {
        Some(replay) => replayed(key, replay).await.map(Some),
        None => Ok(None),
    }
}

async fn replayed(key: &Key, replay: Replay) -> Result<Response, Error> {
    let id = replay.id()?;
    let answer = personal::decrypt_answer(id, replay.result).await?;
    let answer = edge::replayed(key, &replay.request_hash, StatusCode::CREATED, answer)?;
    Ok((place_of(id), answer).into_response())
}

/// `Location` and `ETag` of the order as it was placed.
fn place_of(id: OrderId) -> [(HeaderName, HeaderValue); 2] {
    let location = HeaderValue::try_from(format!("/api/orders/{id}"));
    let location = location.unwrap_or(HeaderValue::from_static("/api/orders"));
    [(header::LOCATION, location), (header::ETAG, etag(FIRST_VERSION))]
}

/// Seconds from now to `until`. Not from when the request came: what it waits for may have begun since.
fn wait(until: Timestamp) -> i64 {
    until.wait_from(Timestamp::now())
}

fn too_much() -> Error {
    Error::Invalid(vec![edge::FieldError::new("items", "cost more than can be counted")])
}
