//! What is in the warehouse, changed by its seller.

use axum::Json as Reply;
use axum::response::Response;
use edge::{Context, Id, Json, List, Page, Path, User};

use crate::domain::check_change;
use crate::error::Error;
use crate::handlers::products::{answer, own};
use crate::store::DB;
use crate::{RELAY, api, store as products};

/// `POST /api/products/{id}/stock`: 200 with the product. Never below what is promised to orders.
pub async fn adjust(
    context: Context,
    user: User,
    Path(Id(id)): Path<Id>,
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
    Path(Id(id)): Path<Id>,
    page: Page,
) -> Result<Reply<List<api::Movement>>, Error> {
    own(&user, &id).await?;
    let page = page.of("stock", &id)?;
    let found = products::movements(&id, page.after.unwrap_or(i64::MAX), page.rows()).await?;
    Ok(Reply(page.list(found, |movement| movement.sequence)))
}
