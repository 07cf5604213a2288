//! Stock: adjust it, hold it for orders, and settle the holds as orders are paid or cancelled.

use axum::Json as Reply;
use edge::{Context, Json, Path, ServiceCaller, User};
use events::CloudEvent;
use http::StatusCode;
use serde_json::json;
use store::{Event, Timestamp};

use crate::domain::{check_change, price_lines, shortages};
use crate::error::Error;
use crate::handlers::products::show;
use crate::store::{DB, Settlement};
use crate::{CLIENT, RELAY, api, store as products};

/// How often a hold is tried anew after stock became free or a price changed.
const RETRIES: usize = 1;
/// How many overdue holds one request looks after: each costs a hop.
const OVERDUE_BATCH: i64 = 10;

/// `POST /api/products/{id}/stock`: 200 with the product. Never below what is promised to orders.
pub async fn adjust(
    context: Context,
    user: User,
    Path(id): Path<String>,
    Json(change): Json<api::StockChange>,
) -> Result<Reply<api::Product>, Error> {
    user.require("products:write")?;
    check_change(&change).map_err(Error::Invalid)?;
    let product = products::find(&id).await?.ok_or(Error::NotFound)?;
    if product.seller_id != user.subject && !user.may("products:any") {
        return Err(Error::NotFound);
    }
    let mut event = products::adjust(&id, change.delta, &change.reason, user.actor());
    event.traceparent = context.traceparent;
    match DB.append(event).await {
        Err(error) if products::is_shortage(&error) => {
            let short =
                api::Shortage { product_id: id, requested: -change.delta, available: product.available() };
            return Err(Error::OutOfStock(vec![short]));
        }
        other => other?,
    };
    RELAY.kick();
    let product = products::find(&id).await?.ok_or(Error::NotFound)?;
    Ok(Reply(show(&product)))
}

/// `POST /internal/products/reservations`: hold all lines for an order, or none. 201 with the lines' prices.
pub async fn reserve(
    context: Context,
    caller: ServiceCaller,
    Json(wanted): Json<api::Reserve>,
) -> Result<(StatusCode, Reply<api::Reserved>), Error> {
    let mut tries = 0;
    loop {
        let held = hold(&context, &caller.actor(), &wanted).await;
        let again = match &held {
            Err(Error::OutOfStock(_)) => free_overdue(&context, &wanted).await?,
            Err(Error::Internal(error)) => products::is_repriced(error),
            _ => false,
        };
        if !again || tries == RETRIES {
            return held.map(|reserved| (StatusCode::CREATED, Reply(reserved)));
        }
        tries += 1;
    }
}

async fn hold(context: &Context, actor: &str, wanted: &api::Reserve) -> Result<api::Reserved, Error> {
    let ids: Vec<_> = wanted.lines.iter().map(|line| line.product_id.as_str()).collect();
    let found = products::find_all(&ids).await?;
    let (currency, lines) = price_lines(&wanted.lines, &found)?;
    let data = json!({ "orderId": wanted.order_id, "expiresAt": wanted.expires_at, "lines": lines });
    let mut event = Event::new(&wanted.order_id, 1, "stock.reserved", actor, data);
    event.traceparent = context.traceparent.clone();
    match DB.append(event).await {
        Ok(_) => RELAY.kick(),
        Err(error) if products::is_shortage(&error) => {
            let found = products::find_all(&ids).await?;
            return Err(Error::OutOfStock(shortages(&wanted.lines, &found)));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(api::Reserved { currency, lines })
}

/// Let go holds whose time is over, if orders agrees; says whether there is anything new to be had.
///
/// orders decides: asking it for an order that is overdue expires the order, which frees the stock by event. An
/// order it has never heard of did not come about (its process died), so its hold ends here.
async fn free_overdue(context: &Context, wanted: &api::Reserve) -> Result<bool, Error> {
    let ids: Vec<_> = wanted.lines.iter().map(|line| line.product_id.as_str()).collect();
    let now = Timestamp::now().to_string();
    let mut asked = false;
    for order_id in products::overdue(&ids, &now, OVERDUE_BATCH).await? {
        let answer = CLIENT.get(context, "orders", &format!("orders/{order_id}")).await?;
        if answer.status == StatusCode::NOT_FOUND {
            settle(&order_id, Settlement::Released, &format!("overdue:{order_id}")).await?;
        }
        asked = true;
    }
    Ok(asked)
}

/// `POST /internal/products/reservations/{orderId}/release`: let go what was held for an order that did not come about.
pub async fn release(_: ServiceCaller, Path(order_id): Path<String>) -> Result<StatusCode, Error> {
    settle(&order_id, Settlement::Released, &format!("release:{order_id}")).await?;
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /internal/products/events`: settle holds. Each cause is answered once, so a batch may come again.
pub async fn on_events(_: ServiceCaller, Json(batch): Json<Vec<CloudEvent>>) -> Result<StatusCode, Error> {
    for event in &batch {
        let settlement = match event.kind.as_str() {
            "jangteo.order.paid.v1" => Settlement::Confirmed,
            "jangteo.order.cancelled.v1" | "jangteo.order.expired.v1" => Settlement::Released,
            _ => continue,
        };
        let Some(order_id) = event.subject.as_deref() else { continue };
        settle(order_id, settlement, &event.id).await?;
    }
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

async fn settle(order_id: &str, settlement: Settlement, cause: &str) -> Result<(), store::Error> {
    match DB.append(products::settle(order_id, settlement, cause)).await {
        Err(error) if products::is_settled(&error) => Ok(()),
        other => other.map(drop),
    }
}
