//! What is in the warehouse, changed by its seller.

use axum::Json as Reply;
use axum::response::Response;
use edge::{Context, FieldError, Json, List, Page, Path, User};

use crate::domain::check_change;
use crate::error::Error;
use crate::handlers::products::{answer, own};
use crate::store::DB;
use crate::{RELAY, api, store as products};

/// `POST /api/products/{id}/stock`: 200 with the product. Never below what is promised to orders.
pub async fn adjust(
    context: Context,
    user: User,
    Path(id): Path<String>,
    Json(change): Json<api::StockChange>,
) -> Result<Response, Error> {
    let product = own(&user, &id).await?;
    check_change(&change).map_err(Error::Invalid)?;
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
    answer(&id).await
}

/// `GET /api/products/{id}/stock`: what changed the stock by hand, and why, newest first. What was sold is in the orders.
pub async fn movements(
    user: User,
    Path(id): Path<String>,
    page: Page,
) -> Result<Reply<List<api::Movement>>, Error> {
    own(&user, &id).await?;
    let before = page.after.as_deref().map_or(Ok(i64::MAX), str::parse).map_err(|_| {
        Error::Invalid(vec![FieldError::new("cursor", "must be the nextCursor of an earlier page")])
    })?;
    let found = products::movements(&id, before, page.rows()).await?;
    Ok(Reply(page.list(found, |movement| movement.sequence.to_string())))
}
