//! Stock: adjust it, hold it for orders, and settle the holds as orders are paid or cancelled.

use axum::Json as Reply;
use axum::extract::Path;
use edge::{Context, Json, ServiceCaller, User};
use events::CloudEvent;
use http::StatusCode;
use serde_json::json;
use store::Event;

use crate::domain::{check_change, price_lines, shortages};
use crate::error::Error;
use crate::handlers::products::show;
use crate::store::{DB, Settlement};
use crate::{RELAY, api, store as products};

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
    let ids: Vec<_> = wanted.lines.iter().map(|line| line.product_id.as_str()).collect();
    let found = products::find_all(&ids).await?;
    let (currency, lines) = price_lines(&wanted.lines, &found)?;
    let data = json!({ "orderId": wanted.order_id, "expiresAt": wanted.expires_at, "lines": lines });
    let mut event = Event::new(&wanted.order_id, 1, "stock.reserved", caller.actor(), data);
    event.traceparent = context.traceparent;
    match DB.append(event).await {
        Ok(_) => RELAY.kick(),
        Err(error) if products::is_shortage(&error) => {
            let found = products::find_all(&ids).await?;
            return Err(Error::OutOfStock(shortages(&wanted.lines, &found)));
        }
        Err(error) => return Err(error.into()),
    }
    Ok((StatusCode::CREATED, Reply(api::Reserved { currency, lines })))
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
