//! Paying an order.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::orders::{Status, Summary};
use contract::permissions::PaymentsCreate;
use contract::{OrderId, PaymentId, UserId};
use edge::{Code, Context, FieldError, Key, Keyed, Permitted, Problem, REPLAYED, User, etag};
use http::{StatusCode, header};
use money::Decimal;
use store::{Replay, Timestamp};

use super::outcomes::{reconcile, record_charge, record_outcome};
use super::payments::show;
use crate::api::NewPayment;
use crate::card::Card;
use crate::domain::{LOST_AFTER_SECONDS, MISCONFIGURED, Payment, PaymentState};
use crate::error::Error;
use crate::record::{self, SELF, faults};
use crate::settings::{TRIES_WITHIN, declines_limit};
use crate::store::DB;
use crate::{CLIENT, RELAY, breaker, provider, settings, store as payments};

/// The scope of this route's idempotency keys.
const OPERATION: &str = "payments.create";
/// The purpose of hashes of bodies with a card number in them.
const SEALED: &str = "payments.request";

/// `POST /api/payments`: 201 with the captured payment, 402 when the card was declined, 202 when the provider
/// has not decided. The attempt is recorded before the provider is called.
pub async fn create(
    context: Context,
    user: Permitted<PaymentsCreate>,
    request: Keyed<NewPayment>,
) -> Result<Response, Error> {
    let key = match request.key {
        Some(key) => Some(key.sealed(SEALED).await?),
        None => None,
    };
    if let Some(key) = &key
        && let Some(replay) = DB.replay(&user.actor(), &key.scoped(OPERATION)).await?
    {
        return replayed(&context, key, &replay).await;
    }
    let (order_id, amount, card) = check(request.body)?;
    let order = payable(&context, &user, order_id).await?;
    if amount.is_some_and(|amount| order.currency.minor_units(&amount) != Ok(order.total)) {
        return Err(Error::AmountMismatch);
    }
    let provider = settings::providers().await?.first().cloned().unwrap_or_default();
    provider::takes(&context, &provider, order.currency, order.total).await?;
    breaker::check(&provider).await.map_err(Error::ProviderAway)?;
    let payment = new_payment(order, provider, &card);
    match (start(&context, &payment, key.as_ref()).await, &key) {
        (Ok(()), _) => {}
        (Err(Error::Internal(store::Error::Replayed(replay))), Some(key)) => {
            return replayed(&context, key, &replay).await;
        }
        (Err(error), _) => return Err(error),
    }
    faults::point("paying.started").await;
    let outcome = provider::charge(&context, &payment, card).await;
    faults::point("paying.charged").await;
    let payment = record_charge(&context, payment, outcome, &user.actor()).await?;
    faults::point("paying.told").await;
    answer(payment)
}

/// The answer to a request that came before, as the payment is now.
async fn replayed(context: &Context, key: &Key, replay: &Replay) -> Result<Response, Error> {
    key.check_same(&replay.request_hash)?;
    let payment = payments::find(replay.id()?).await?.ok_or(Error::NotFound)?;
    let payment = reconcile(context, payment).await?;
    if payment.is_running() {
        return Err(Error::InProgress);
    }
    Ok(([REPLAYED], answer(payment).unwrap_or_else(Error::into_response)).into_response())
}

fn check(body: NewPayment) -> Result<(OrderId, Option<Decimal>, Card), Error> {
    let mut errors = Vec::new();
    if body.payment_method != "credit_card" {
        errors.push(FieldError::new("paymentMethod", "must be credit_card"));
    }
    match (body.card_details.check(this_month()), errors.is_empty()) {
        (Ok(card), true) => Ok((body.order_id, body.amount, card)),
        (Ok(_), false) => Err(Error::Invalid(errors)),
        (Err(more), _) => {
            errors.extend(more);
            Err(Error::Invalid(errors))
        }
    }
}

/// Year and month, UTC.
fn this_month() -> (u16, u8) {
    let now = Timestamp::now().to_string();
    let part = |range: std::ops::Range<usize>| now.get(range).unwrap_or_default();
    (part(0..4).parse().unwrap_or(0), part(5..7).parse().unwrap_or(0))
}

/// The caller's order, if it waits for a payment.
async fn payable(context: &Context, user: &User, order_id: OrderId) -> Result<Summary, Error> {
    let reply = CLIENT.get(context, "orders", &format!("orders/{order_id}")).await?;
    let order: Summary = match reply.status {
        StatusCode::OK => reply.json()?,
        StatusCode::NOT_FOUND => return Err(Error::NoOrder),
        _ => return Err(Problem::new(Code::UNAVAILABLE, "The order cannot be read now; try again").into()),
    };
    match order.status {
        _ if order.buyer_id != user.id => Err(Error::NoOrder),
        _ if order.stopped.contains(&user.id) => Err(Problem::stopped().into()),
        Status::Ordered if !order.stopped.is_empty() => Err(Error::SellerStopped),
        Status::Ordered => Ok(order),
        Status::Paid => Err(Error::OrderPaid),
        other => Err(Error::InvalidTransition(other)),
    }
}

fn new_payment(order: Summary, provider: String, card: &Card) -> Payment {
    let now = Timestamp::now();
    Payment {
        id: PaymentId::generate(),
        order_id: order.id,
        buyer_id: order.buyer_id,
        state: PaymentState::Pending,
        amount: order.total,
        currency: order.currency,
        refunded: 0,
        refunding: 0,
        provider,
        reference: None,
        card: card.face(),
        failure: None,
        provider_code: None,
        action_url: None,
        booked: None,
        ask_after: now.plus_seconds(LOST_AFTER_SECONDS),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Record the attempt. An earlier one that was cut off may stand in the way: ask what became of it first.
async fn start(context: &Context, payment: &Payment, key: Option<&Key>) -> Result<(), Error> {
    let (limit, now) = (declines_limit().await?, Timestamp::now());
    let since = now.plus_seconds(-TRIES_WITHIN);
    let kept = key.map(|key| key.kept(OPERATION, payment.id));
    match record::started(context, payment, limit, since, kept.clone()).await {
        Err(error) if payments::is_live(&error) => refuse_if_live(context, payment.order_id).await?,
        Err(error) if payments::is_too_many(&error) => return too_many(payment.buyer_id, limit).await,
        other => return Ok(other?),
    }
    match record::started(context, payment, limit, since, kept).await {
        // Another one was faster again: never go on without the attempt's row.
        Err(error) if payments::is_live(&error) => Err(Error::OrderPaid),
        other => Ok(other?),
    }
}

/// 429, with the time until the oldest of the last `limit` tries no longer counts.
async fn too_many(buyer_id: UserId, limit: i64) -> Result<(), Error> {
    let oldest = payments::oldest_try(buyer_id, limit).await?;
    let now = Timestamp::now();
    let free = oldest.map_or(now, |oldest| oldest.plus_seconds(TRIES_WITHIN));
    Err(Error::TooMany(free.wait_from(now)))
}

async fn refuse_if_live(context: &Context, order_id: OrderId) -> Result<(), Error> {
    let Some(live) = payments::live(order_id).await? else { return Ok(()) };
    let mut live = reconcile(context, live).await?;
    if live.waits_for_payer() {
        // A buyer who pays with another card gives up the payment that they have not confirmed. If it was just
        // confirmed, its money counts.
        let outcome = provider::cancel(context, &live).await;
        live = record_outcome(context, live, outcome, SELF).await?;
    }
    // The order may wait for the news.
    RELAY.kick();
    if live.state.is_live() { Err(Error::AlreadyPaid(Box::new(live))) } else { Ok(()) }
}

/// A payment as the answer to the request that made it.
fn answer(payment: Payment) -> Result<Response, Error> {
    let status = match payment.state {
        PaymentState::Captured | PaymentState::PartiallyRefunded | PaymentState::Refunded => {
            StatusCode::CREATED
        }
        PaymentState::Pending | PaymentState::Authorized | PaymentState::Conflict => StatusCode::ACCEPTED,
        PaymentState::Declined => return Err(Error::Declined(Box::new(payment))),
        PaymentState::Failed if payment.failure.as_ref().is_some_and(|(code, _)| code == MISCONFIGURED) => {
            return Err(Error::Misconfigured(Box::new(payment)));
        }
        PaymentState::Failed | PaymentState::Cancelled => {
            return Err(Error::CameToNothing(Box::new(payment)));
        }
    };
    let headers = [(header::LOCATION, format!("/api/payments/{}", payment.id))];
    Ok((status, headers, [(header::ETAG, etag(payment.version))], Json(show(&payment))).into_response())
}
