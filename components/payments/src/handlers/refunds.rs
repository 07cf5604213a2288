//! Refunds: ask for one, retry one, list them. A refund is recorded before the provider is asked, and its id is the
//! idempotency key there.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::permissions::{PaymentsRead, PaymentsRefund};
use contract::{PaymentId, RefundId};
use edge::{
    Context, FieldError, Key, Keyed, List, Nothing, OptionalBody, Page, Path, Permitted, REPLAYED, User, text,
};
use http::StatusCode;

use super::give_back::{ask_after, new, reconcile, send_refund};
use super::outcomes::{self, look};
use super::relation::related;
use crate::api::{self, NewRefund};
use crate::domain::refund::MAX_REASON;
use crate::domain::{Change, Payment, Refund, RefundState};
use crate::error::Error;
use crate::provider;
use crate::record::{self, faults};
use crate::store::{DB, refunds};

/// The scope of this route's idempotency keys.
const OPERATION: &str = "payments.refund";
/// As above, of asking again.
const RETRY: &str = "payments.refunds.retry";
/// `POST /api/payments/{id}/refunds`: 201 when the money was given back, 202 when the provider has not said so yet.
pub async fn create(
    context: Context,
    user: User,
    Path(id): Path<PaymentId>,
    request: Keyed<NewRefund>,
) -> Result<Response, Error> {
    let payment = refundable(&context, &user, id).await?;
    // The same key for another payment is another key.
    let operation = format!("{OPERATION}.{}", payment.id);
    if let Some(key) = &request.key
        && let Some(replay) = DB.replay(&user.actor(), &key.scoped(&operation)).await?
    {
        return replayed(&context, &payment, key, &replay).await;
    }
    let step = provider::step(&context, &payment.provider, payment.currency).await?.unwrap_or(1);
    let refund = check(&payment, request.body, step)?;
    let change = payment.refund_requested(&refund, ask_after());
    let key = request.key.as_ref().map(|key| (key, operation));
    ask(&context, &user, &payment, refund, &change, key).await
}

/// `POST /api/payments/{id}/refunds/{refundId}/retry`: as [`create`], for a refund that the provider refused.
pub async fn retry(
    context: Context,
    user: User,
    Path((id, refund_id)): Path<(PaymentId, RefundId)>,
    OptionalBody(request): OptionalBody<Nothing>,
) -> Result<Response, Error> {
    let payment = refundable(&context, &user, id).await?;
    let operation = format!("{RETRY}.{refund_id}");
    if let Some(key) = &request.key
        && let Some(replay) = DB.replay(&user.actor(), &key.scoped(&operation)).await?
    {
        return replayed(&context, &payment, key, &replay).await;
    }
    // The money may have been given back at the provider's dashboard: then it is not owed any more.
    let (payment, _) = look(&context, payment, 1).await?;
    let refund = refunds::find(refund_id).await?.filter(|refund| refund.payment_id == payment.id);
    let refund = refund.ok_or(Error::NoRefund)?;
    if !refund.owed {
        return Err(Error::NotRetryable(Box::new(refund)));
    }
    let change = payment.refund_retried(&refund, false, ask_after());
    let key = request.key.as_ref().map(|key| (key, operation));
    ask(&context, &user, &payment, refund.again(), &change, key).await
}

/// Record by `change` that `refund` is asked for, once per key, and ask for it.
async fn ask(
    context: &Context,
    user: &User,
    payment: &Payment,
    refund: Refund,
    change: &Change,
    key: Option<(&Key, String)>,
) -> Result<Response, Error> {
    let kept = key.as_ref().map(|(key, operation)| key.kept(operation, refund.id));
    match (record::refund_asked(context, payment, change, &user.actor(), kept).await, key) {
        (Ok(_), _) => {}
        (Err(store::Error::Replayed(replay)), Some((key, _))) => {
            return replayed(context, payment, key, &replay).await;
        }
        (Err(error), _) => return Err(refused(error, payment, refund)),
    }
    let refund = send_refund(context, refund).await?;
    faults::point("refunding.told").await;
    answer(payment, &refund)
}

/// `GET /api/payments/{id}/refunds`: oldest first.
pub async fn list(
    context: Context,
    user: Permitted<PaymentsRead>,
    Path(id): Path<PaymentId>,
    page: Page,
) -> Result<Json<List<api::Refund>>, Error> {
    let (payment, _) = related(&context, &user, id).await?;
    let payment = outcomes::reconcile(&context, payment).await?;
    let page = page.of::<RefundId>("refunds", payment.id)?;
    let found = refunds::list(payment.id, page.after, page.rows()).await?;
    let items = found.iter().map(|refund| show(&payment, refund)).collect();
    Ok(Json(page.list(items, |refund: &api::Refund| refund.id)))
}

/// The payment, if `user` may refund it: who sold all of its order, and who deals with all payments. Its buyer learns
/// that they may not, whatever else they may do; a stranger, that there is none.
async fn refundable(context: &Context, user: &User, id: PaymentId) -> Result<Payment, Error> {
    let (payment, relation) = related(context, user, id).await?;
    user.require(PaymentsRefund)?;
    relation.refuse_buyer()?;
    Ok(payment)
}

/// `step`: what the provider gives back is a multiple of it.
fn check(payment: &Payment, body: NewRefund, step: i64) -> Result<Refund, Error> {
    let amount =
        body.amount.as_ref().map_or(Ok(payment.refundable()), |amount| payment.currency.minor_units(amount));
    let mut errors = Vec::new();
    if let Err(error) = &amount {
        errors.push(FieldError::new("amount", error.to_string()));
    } else if body.amount.is_some() && amount.is_ok_and(|amount| amount <= 0) {
        errors.push(FieldError::new("amount", "must be more than nothing"));
    } else if amount.is_ok_and(|amount| amount.checked_rem(step) != Some(0)) {
        let (step, currency) = (payment.currency.decimal(step), payment.currency);
        errors.push(FieldError::new(
            "amount",
            format!("must be a multiple of {step} {currency} at this provider"),
        ));
    }
    let reason = text::line(&mut errors, "reason", &body.reason, 1..=MAX_REASON);
    let amount = amount.unwrap_or(0);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    if !payment.state.is_refundable() {
        return Err(Error::NotRefundable(Box::new(payment.clone())));
    }
    match amount {
        0 => Err(Error::RefundExceeds(Box::new(payment.clone()))),
        _ => Ok(new(payment, amount, reason, body.restock)),
    }
}

fn restock_of_a_part() -> Error {
    let rule = "is for the refund of all that is left, while no other one is on its way";
    Error::Invalid(vec![FieldError::new("restock", rule)])
}

/// Why `refund` cannot be asked for.
fn refused(error: store::Error, payment: &Payment, refund: Refund) -> Error {
    match error {
        error if refunds::exceeds(&error) => Error::RefundExceeds(Box::new(payment.clone())),
        store::Error::Refused { code, .. } if code == "refund_settled" => {
            Error::NotRetryable(Box::new(refund))
        }
        store::Error::Refused { code, .. } if code == "restock_of_a_part" => restock_of_a_part(),
        store::Error::Refused { code, .. } if code == "invalid_transition" => {
            Error::NotRefundable(Box::new(payment.clone()))
        }
        error => error.into(),
    }
}

/// The answer to a request that came before, as the refund is now.
async fn replayed(
    context: &Context,
    payment: &Payment,
    key: &Key,
    replay: &store::Replay,
) -> Result<Response, Error> {
    key.check_same(&replay.request_hash)?;
    let refund = refunds::find(replay.result()?).await?.ok_or(Error::NotFound)?;
    let refund = reconcile(context, refund).await?;
    Ok(([REPLAYED], answer(payment, &refund).unwrap_or_else(Error::into_response)).into_response())
}

fn answer(payment: &Payment, refund: &Refund) -> Result<Response, Error> {
    let status = match refund.state {
        RefundState::Succeeded => StatusCode::CREATED,
        RefundState::Pending | RefundState::Conflict => StatusCode::ACCEPTED,
        RefundState::Failed => return Err(Error::RefundDeclined(Box::new(refund.clone()))),
    };
    Ok((status, Json(show(payment, refund))).into_response())
}

fn show(payment: &Payment, refund: &Refund) -> api::Refund {
    let in_conflict = refund.state == RefundState::Conflict;
    api::Refund {
        id: refund.id,
        payment_id: refund.payment_id,
        amount: payment.currency.decimal(refund.amount),
        currency: payment.currency,
        status: refund.state,
        reason: refund.reason.clone(),
        restock: refund.restock,
        failure_code: refund.failure.clone(),
        retry_at: refund.retry_at,
        booked: refund.booked.filter(|_| in_conflict).map(|booked| payment.currency.decimal(booked)),
        created_at: refund.created_at,
        updated_at: refund.updated_at,
    }
}
