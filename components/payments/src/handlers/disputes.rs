//! Disputes: what the payers' banks want back.

use axum::Json;
use contract::PaymentId;
use contract::permissions::PaymentsAny;
use edge::{List, Page, Path, Permitted};

use crate::api;
use crate::error::Error;
use crate::store::{self as payments, disputes};

/// `GET /api/payments/{id}/disputes`: 200, for `payments:any`.
pub async fn list(
    _: Permitted<PaymentsAny>,
    Path(id): Path<PaymentId>,
    page: Page,
) -> Result<Json<List<api::Dispute>>, Error> {
    let payment = payments::find(id).await?.ok_or(Error::NotFound)?;
    // Their ids are the provider's.
    let page = page.of::<String>("disputes", payment.id)?;
    let found = disputes::list(payment.id, page.after.as_deref(), page.rows()).await?;
    let items = found.into_iter().map(show).collect();
    Ok(Json(page.list(items, |dispute: &api::Dispute| dispute.id.clone())))
}

fn show(dispute: disputes::Dispute) -> api::Dispute {
    api::Dispute {
        amount: dispute.currency.decimal(dispute.amount),
        currency: dispute.currency,
        id: dispute.id,
        reason: dispute.reason,
        status: dispute.status,
        created_at: dispute.created_at,
    }
}
