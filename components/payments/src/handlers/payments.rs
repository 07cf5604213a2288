//! Reading payments.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::PaymentId;
use contract::permissions::{PaymentsAny, PaymentsRead};
use edge::{Context, List, Page, Path, Permitted, Preconditions, etag};
use http::{StatusCode, header};

use super::outcomes::reconcile;
use crate::domain::Payment;
use crate::error::Error;
use crate::{api, store as payments};

/// `GET /api/payments/{id}`: 200, or 304 when the client's copy is current. Reading an open payment asks the
/// provider what became of it.
pub async fn get(
    context: Context,
    user: Permitted<PaymentsRead>,
    Path(id): Path<PaymentId>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    let payment = payments::find(id).await?.ok_or(Error::NotFound)?;
    user.relation(payment.buyer_id, PaymentsAny).ok_or(Error::NotFound)?;
    let payment = reconcile(&context, payment).await?;
    let tag = [(header::ETAG, etag(payment.version))];
    if preconditions.unchanged(payment.version) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(show(&payment))).into_response())
}

/// `GET /api/payments`: the caller's, or everyone's with `payments:any`; newest first.
pub async fn list(user: Permitted<PaymentsRead>, page: Page) -> Result<Json<List<api::Payment>>, Error> {
    let any = user.may(PaymentsAny);
    let page = page.of::<PaymentId>("payments", (!any).then_some(user.id))?;
    let (after, rows) = (page.after, page.rows());
    let found = if any {
        payments::list_all(after, rows).await?
    } else {
        payments::list_of(user.id, after, rows).await?
    };
    let items = found.iter().map(show).collect();
    Ok(Json(page.list(items, |payment: &api::Payment| payment.id)))
}

/// A payment as clients see it.
pub fn show(payment: &Payment) -> api::Payment {
    let card = payment.card.clone();
    let failure = payment.failure.clone();
    api::Payment {
        id: payment.id,
        order_id: payment.order_id,
        buyer_id: payment.buyer_id,
        status: payment.state,
        amount: payment.currency.decimal(payment.amount),
        currency: payment.currency,
        refunded: payment.currency.decimal(payment.refunded),
        provider: payment.provider.clone(),
        card: api::Card { brand: card.brand, last4: card.last4, expiry: card.expiry },
        failure: failure.map(|(code, retryable)| api::Failure {
            code,
            retryable,
            provider_code: payment.provider_code.clone(),
        }),
        action_url: payment.action_url.clone(),
        booked: payment.booked.as_ref().map(|_| {
            let taken = payment.really_taken();
            api::Booked { amount: taken.decimal(), currency: taken.currency }
        }),
        created_at: payment.created_at,
        updated_at: payment.updated_at,
    }
}
