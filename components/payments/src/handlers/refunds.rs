//! Giving money back. A refund is durable before the provider hears of it, and made under its id until it is settled.

use axum::Json as Reply;
use axum::response::{IntoResponse, Response};
use contract::permissions::{PaymentsRead, PaymentsRefund};
use edge::{
    Context, FieldError, Id, Key, Keyed, List, Nothing, OptionalBody, Page, Path, Permitted, REPLAYED, User,
    text,
};
use http::StatusCode;
use store::Timestamp;
use uuid::Uuid;

use super::relation::related;
use super::settle::{TRIES, current, look};
use crate::api::{self, NewRefund};
use crate::domain::{Change, LOST_AFTER_SECONDS, Payment, Refund, RefundState};
use crate::error::Error;
use crate::provider::{self, Outcome};
use crate::record::{self, SELF};
use crate::store::{DB, refunds};
use crate::{faults, store as payments};

/// The scope of this route's idempotency keys.
const OPERATION: &str = "payments.refund";
/// As above, of asking again.
const RETRY: &str = "payments.refunds.retry";
/// The reason of a refund of what is left when an order has ended.
pub const ENDED: &str = "order_ended";
/// The longest reason, in characters.
pub const MAX_REASON: usize = 500;

/// `POST /api/payments/{id}/refunds`: 201 when the money was given back, 202 when the provider has not said so yet.
pub async fn create(
    context: Context,
    user: User,
    Path(Id(id)): Path<Id>,
    request: Keyed<NewRefund>,
) -> Result<Response, Error> {
    let payment = refundable(&context, &user, &id).await?;
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
    Path((Id(id), Id(refund_id))): Path<(Id, Id)>,
    OptionalBody(request): OptionalBody<Nothing>,
) -> Result<Response, Error> {
    let payment = refundable(&context, &user, &id).await?;
    let operation = format!("{RETRY}.{refund_id}");
    if let Some(key) = &request.key
        && let Some(replay) = DB.replay(&user.actor(), &key.scoped(&operation)).await?
    {
        return replayed(&context, &payment, key, &replay).await;
    }
    // Its money may have gone back by another hand: then it is owed no more.
    let (payment, _) = look(&context, payment, 1).await?;
    let refund = refunds::find(&refund_id).await?.filter(|refund| refund.payment_id == payment.id);
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
    let kept = key.as_ref().map(|(key, operation)| key.kept(operation, refund.id.as_str()));
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
    Path(Id(id)): Path<Id>,
    page: Page,
) -> Result<Reply<List<api::Refund>>, Error> {
    let (payment, _) = related(&context, &user, &id).await?;
    let payment = super::settle::reconcile(&context, payment).await?;
    let page = page.of::<Id>("refunds", &payment.id)?;
    let found = refunds::list(&payment.id, page.after.as_deref(), page.rows()).await?;
    let items = found.iter().map(|refund| show(&payment, refund)).collect();
    Ok(Reply(page.list(items, |refund: &api::Refund| refund.id.clone())))
}

/// The order of a payment will not have it, as the event `cause` says: give back all that is left. What cannot go back
/// now is not forgotten: the sweep goes on with it.
pub async fn give_back(context: &Context, payment_id: &str, reason: &str, cause: &str) -> Result<(), Error> {
    for _ in 0..TRIES {
        let Some(payment) = payments::find(payment_id).await? else { return Ok(()) };
        if payments::was_answered(cause).await? {
            return give_back_rest(context, payment_id, reason).await;
        }
        if !payment.has_money() {
            return Ok(());
        }
        // Of nothing there is nothing to ask the provider for, but the order waits for the news.
        let of_nothing = payment.amount == 0 && payment.state.is_refundable();
        let change = if of_nothing { payment.nothing_to_give_back() } else { payment.return_due(reason) };
        if record::append(context, &payment, change, SELF, Some(cause)).await? {
            return give_back_rest(context, payment_id, reason).await;
        }
    }
    Err(Error::RefundPending)
}

/// Give back what is left of a payment, if it is not asked for already.
pub async fn give_back_rest(context: &Context, payment_id: &str, reason: &str) -> Result<(), Error> {
    for _ in 0..TRIES {
        let payment = current(payment_id).await?;
        let rest = payment.refundable();
        if !payment.state.is_refundable() || rest == 0 {
            return Ok(());
        }
        let refund = new(&payment, rest, reason.to_owned(), false);
        let change = payment.refund_requested(&refund, ask_after());
        match record::refund_asked(context, &payment, &change, SELF, None).await {
            // Someone else asked for a part of it meanwhile, or it is in conflict: what is left now?
            Err(error) if refunds::exceeds(&error) || payments::is_outrun(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return send_refund(context, refund).await.map(drop),
        }
    }
    Err(Error::RefundPending)
}

/// Ask the provider for `refund` again if that is due; the refund as it is then.
pub async fn reconcile(context: &Context, refund: Refund) -> Result<Refund, Error> {
    if refund.state != RefundState::Pending || !refunds::claim(&refund.id).await? {
        return Ok(refund);
    }
    send_refund(context, refund).await
}

/// Ask again for a refund that the provider refused, when that is due and its money has not gone back by another hand.
pub async fn retry_owed(context: &Context, refund: Refund) -> Result<(), Error> {
    if !refunds::claim_owed(&refund.id).await? {
        return Ok(());
    }
    let (payment, said) = look(context, current(&refund.payment_id).await?, 1).await?;
    if !said {
        return Ok(());
    }
    let change = payment.refund_retried(&refund, true, ask_after());
    match record::refund_asked(context, &payment, &change, SELF, None).await {
        // Somebody else was faster, or there is not so much left: then the money went otherwise.
        Err(error) if payments::is_outrun(&error) || refunds::exceeds(&error) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => send_refund(context, refund.again()).await.map(drop),
    }
}

/// Have the provider give back what was recorded, and record what it says.
pub async fn send_refund(context: &Context, refund: Refund) -> Result<Refund, Error> {
    faults::point("refunding.requested").await;
    let payment = current(&refund.payment_id).await?;
    let outcome = provider::refund(context, &payment, &refund).await;
    faults::point("refunding.provided").await;
    settle_refund(context, refund, outcome).await
}

/// Record what the provider says of `refund`; the refund as it is then.
pub async fn settle_refund(context: &Context, refund: Refund, outcome: Outcome) -> Result<Refund, Error> {
    for _ in 0..TRIES {
        let payment = current(&refund.payment_id).await?;
        let Some(change) = payment.after_refund(&refund, outcome.clone(), Timestamp::now()) else { break };
        if record::append(context, &payment, change, SELF, None).await? {
            break;
        }
    }
    refunds::find(&refund.id).await?.ok_or(Error::NotFound)
}

/// The payment, if `user` may refund it: who sold all of its order, and who deals with all payments. Its buyer learns
/// that they may not, whatever else they may do; a stranger, that there is none.
async fn refundable(context: &Context, user: &User, id: &str) -> Result<Payment, Error> {
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

/// A refund that is about to be asked for.
pub fn new(payment: &Payment, amount: i64, reason: String, restock: bool) -> Refund {
    let now = Timestamp::now();
    Refund {
        id: Uuid::now_v7().to_string(),
        payment_id: payment.id.clone(),
        state: RefundState::Pending,
        amount,
        reason,
        restock,
        failure: None,
        retries: 0,
        owed: false,
        retry_at: None,
        booked: None,
        created_at: now,
        updated_at: now,
    }
}

/// When the provider is asked what became of a refund that is asked for now, if no answer comes.
pub fn ask_after() -> Timestamp {
    Timestamp::now().plus_seconds(LOST_AFTER_SECONDS)
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
    let refund = refunds::find(&replay.result).await?.ok_or(Error::NotFound)?;
    let refund = reconcile(context, refund).await?;
    Ok(([REPLAYED], answer(payment, &refund).unwrap_or_else(Error::into_response)).into_response())
}

fn answer(payment: &Payment, refund: &Refund) -> Result<Response, Error> {
    let status = match refund.state {
        RefundState::Succeeded => StatusCode::CREATED,
        RefundState::Pending | RefundState::Conflict => StatusCode::ACCEPTED,
        RefundState::Failed => return Err(Error::RefundDeclined(Box::new(refund.clone()))),
    };
    Ok((status, Reply(show(payment, refund))).into_response())
}

fn show(payment: &Payment, refund: &Refund) -> api::Refund {
    let in_conflict = refund.state == RefundState::Conflict;
    api::Refund {
        id: refund.id.clone(),
        payment_id: refund.payment_id.clone(),
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
