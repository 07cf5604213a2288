//! What is in the warehouse, changed by its seller.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::ProductId;
use contract::permissions::ProductsWrite;
use edge::{Answer, Context, Keyed, List, Once, Page, Path, Permitted, Preconditions};
use http::StatusCode;
use store::Timestamp;

use crate::domain::{Adjustment, Shortage};
use crate::error::Error;
use crate::handlers::products::{own, show};
use crate::store::DB;
use crate::{api, record, store as products};

/// How often a change is made anew because others were faster: orders change the product, too.
const MAX_TRIES: usize = 20;

/// `POST /api/products/{id}/stock`: 200 with the product. Never below what is promised to orders.
pub async fn adjust(
    context: Context,
    user: Permitted<ProductsWrite>,
    Path(id): Path<ProductId>,
    preconditions: Preconditions,
    request: Keyed<api::StockChange>,
) -> Result<Response, Error> {
    let mut product = own(&user, id).await?;
    let change = Adjustment::parse(request.body.delta, &request.body.reason).map_err(Error::Invalid)?;
    let once = Once::new(&DB, user.actor(), format!("products.stock.{id}"), request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    for _ in 0..MAX_TRIES {
        preconditions.check(product.revision)?;
        let (now, available) = (Timestamp::now(), product.available());
        let at = product.revision;
        product.adjust(change.delta, now);
        let answer = Answer::json(StatusCode::OK, &show(&product))?.tagged(product.revision);
        let kept = (&once, &answer);
        match record::adjusted(&context, (id, at), &change, user.actor(), kept, now).await {
            Ok(()) => return Ok(answer.into_response()),
            Err(Error::Internal(error)) if products::is_stale(&error) => product = own(&user, id).await?,
            Err(Error::Internal(error)) if products::is_shortage(&error) => {
                let (product_id, requested) = (id, change.delta.saturating_neg());
                return Err(Error::OutOfStock(vec![Shortage { product_id, requested, available }]));
            }
            Err(Error::Internal(error)) => return once.replayed(error).await,
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}

/// `GET /api/products/{id}/stock`: what changed the stock by hand, and why, newest first. What was sold is in the
/// orders.
pub async fn movements(
    user: Permitted<ProductsWrite>,
    Path(id): Path<ProductId>,
    page: Page,
) -> Result<Json<List<api::Movement>>, Error> {
    own(&user, id).await?;
    let page = page.of("stock", id)?;
    let found = products::movements(id, page.after.unwrap_or(i64::MAX), page.rows()).await?;
    Ok(Json(page.list(found, |movement| movement.sequence)))
}
