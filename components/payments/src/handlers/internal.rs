//! What other services and the sweep ask of payments.

use axum::Json;
use contract::{PaymentId, UserId};
use edge::{Context, List, Page, Path, ServiceCaller};
use http::StatusCode;

use super::outcomes::round;
use super::payments::show;
use crate::api::{self, Reconciled};
use crate::error::Error;
use crate::store as payments;

/// `GET /internal/payments/buyers/{id}/payments`: 200 with what someone paid, newest first.
pub async fn paid_by(
    _: ServiceCaller,
    Path(buyer): Path<UserId>,
    page: Page,
) -> Result<Json<List<api::Payment>>, Error> {
    let page = page.of::<PaymentId>("payments.buyer", buyer)?;
    let found = payments::list_of(buyer, page.after, page.rows()).await?;
    Ok(Json(page.list(found.iter().map(show).collect(), |payment: &api::Payment| payment.id)))
}

/// `POST /internal/payments/reconcile`: ask the provider about what was cut off; a round at a time.
pub async fn reconcile(context: Context, _: ServiceCaller) -> Result<Json<Reconciled>, Error> {
    round(&context).await.map(Json)
}

/// `GET /internal/payments/ready`: 204. Were a provider not set up, `edge::serve` would have said so.
pub async fn ready(_: ServiceCaller) -> StatusCode {
    StatusCode::NO_CONTENT
}
