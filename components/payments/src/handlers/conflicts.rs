//! The way out of a conflict: an ADMIN has looked at what the provider booked.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::PaymentId;
use contract::permissions::PaymentsAny;
use edge::{Code, Context, Key, Keyed, Path, Permitted, Preconditions, Problem, REPLAYED, etag, text};
use http::header;

use super::give_back::{ENDED, TRIES, ask_after, current, give_back_rest, new, send_refund};
use super::paybacks;
use super::payments::show;
use super::relation::related;
use crate::api::Resolve;
use crate::domain::refund::MAX_REASON;
use crate::domain::{Change, Payment, PaymentState, Refund, Resolution};
use crate::error::Error;
use crate::provider::{self, Outcome, Standing};
use crate::store::{DB, refunds};
use crate::{RELAY, record, store as payments};

/// The scope of this route's idempotency keys.
const OPERATION: &str = "payments.resolve";

/// `POST /api/payments/{id}/resolve`: 200 with the payment, which is as the provider booked it. When its money is to go
/// back, that is begun with it, and ends as any refund does.
pub async fn resolve(
    context: Context,
    user: Permitted<PaymentsAny>,
    Path(id): Path<PaymentId>,
    preconditions: Preconditions,
    request: Keyed<Resolve>,
) -> Result<Response, Error> {
    let (mut payment, relation) = related(&context, &user, id).await?;
    relation.refuse_buyer()?;
    let mut errors = Vec::new();
    let reason = text::line(&mut errors, "reason", &request.body.reason, 1..=MAX_REASON);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    // The same key for another payment is another key.
    let (key, operation) = (request.key.as_ref(), format!("{OPERATION}.{id}"));
    if let Some(key) = key
        && let Some(replay) = DB.replay(&user.actor(), &key.scoped(&operation)).await?
    {
        return replayed(key, &replay).await;
    }
    let given_back = given_back(&context, &payment).await?;
    payment = current(id).await?;
    for _ in 0..TRIES {
        preconditions.check(payment.version)?;
        let mut rest = new(&payment, 0, reason.clone(), false);
        let change = resolved(&payment, &request.body, given_back, &mut rest).await?;
        let kept = key.map(|key| key.kept(&operation, id));
        match (record::resolved(&context, &payment, &change, &user.actor(), kept).await, key) {
            (Ok(appended), _) => {
                // A failure is logged there, and the relay delivers it later.
                _ = RELAY.deliver(&context, "orders", appended.seq).await;
                if rest.amount > 0 {
                    send_refund(&context, rest).await?;
                }
                if payments::is_due_back(id).await? {
                    give_back_rest(&context, id, ENDED).await?;
                }
                RELAY.kick();
                return answer(id).await;
            }
            (Err(store::Error::Replayed(replay)), Some(key)) => return replayed(key, &replay).await,
            (Err(error), _) if payments::is_outrun(&error) => payment = current(id).await?,
            (Err(error), _) => return Err(error.into()),
        }
    }
    Err(Error::RefundPending)
}

/// What the provider gave back of `payment` by now; what of it was not known is booked.
async fn given_back(context: &Context, payment: &Payment) -> Result<i64, Error> {
    let currency = payment.really_taken().currency;
    let Some(Standing { outcome, refunds }) = provider::status(context, payment, provider::TRIES).await
    else {
        return Ok(0);
    };
    if matches!(outcome, Outcome::Unknown(_) | Outcome::Unauthorized(_)) {
        return Err(Problem::new(Code::UNAVAILABLE, "The provider does not answer; try again").into());
    }
    let amounts = refunds.iter().map(|payback| &payback.receipt.amount);
    let of_it = amounts.filter(|amount| amount.currency == currency.code());
    let sum = of_it.fold(0i64, |sum, amount| sum.saturating_add(amount.minor_units));
    paybacks::book(context, payment.clone(), refunds).await?;
    Ok(sum)
}

/// What resolves the conflict, and in `rest` the refund that begins with it. `given_back` is what the provider
/// says that it gave back.
async fn resolved(
    payment: &Payment,
    body: &Resolve,
    given_back: i64,
    rest: &mut Refund,
) -> Result<Change, Error> {
    if payment.state != PaymentState::Conflict {
        return Err(Error::NoConflict(Box::new(payment.clone())));
    }
    // What pays an order is all there.
    if body.action == Resolution::Accept && payment.booked.is_some() && given_back > 0 {
        return Err(Error::PartlyGivenBack);
    }
    let wrong = refunds::in_conflict(payment.id).await?;
    Ok(payment.resolved(body.action, &wrong, given_back, rest, ask_after()))
}

async fn answer(id: PaymentId) -> Result<Response, Error> {
    let payment = current(id).await?;
    Ok(([(header::ETAG, etag(payment.version))], Json(show(&payment))).into_response())
}

/// The answer to a request that came before, with the payment as it is now.
async fn replayed(key: &Key, replay: &store::Replay) -> Result<Response, Error> {
    key.check_same(&replay.request_hash)?;
    Ok(([REPLAYED], answer(replay.result()?).await?).into_response())
}
