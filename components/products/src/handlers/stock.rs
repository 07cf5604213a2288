//! What is in the warehouse, changed by its seller.

use axum::Json as Reply;
use edge::{Context, Json, Path, User};

use crate::domain::check_change;
use crate::error::Error;
use crate::handlers::products::show;
use crate::store::DB;
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
