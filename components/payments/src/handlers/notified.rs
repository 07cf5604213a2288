//! What others tell: orders about their orders, providers about their charges.

use edge::{Code, Context, Message, Path, Problem, Raw, ServiceCaller};
use events::CloudEvent;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use store::{Event, NEXT};
use uuid::Uuid;

use super::refunds::give_back;
use super::settle::{alert, look, record};
use crate::api::{OrderEnded, PaymentRejected};
use crate::domain::Payment;
use crate::error::Error;
use crate::provider::{self, Delivery, Dispute, Notice, Refusal};
use crate::store::{DB, disputes, hints};
use crate::{RELAY, settings, store as payments};

/// The longest body of a webhook: as JSON numbers it fits what the plug-in's gate takes, and events have a few KiB.
const MAX_WEBHOOK: usize = 128 * 1024;
/// The longest header that a plug-in gets to see, and the longest id of a webhook, in bytes.
const MAX_HEADER: usize = 4096;
/// How many headers a plug-in gets to see.
const MAX_HEADERS: usize = 64;

/// `POST /internal/payments/events`: what happened to orders and people. Each event is answered once, so a batch may
/// come again.
pub async fn on_events(
    context: Context,
    caller: ServiceCaller,
    Message(batch): Message<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    for event in &batch {
        match event.kind.as_str() {
            "jangteo.order.payment_rejected.v1" => {
                if let Some(rejected) = events::intake::<PaymentRejected>(event) {
                    give_back(&context, &rejected.payment_id, &rejected.reason, &event.id).await?;
                }
            }
            "jangteo.order.cancelled.v1" | "jangteo.order.expired.v1" => ended(&context, event).await?,
            _ => told(event, caller.actor()).await?,
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Auth's news of somebody: disabled or erased they neither pay nor give money back.
async fn told(event: &CloudEvent, actor: String) -> Result<(), Error> {
    let Some(answer) = events::person(event, actor) else { return Ok(()) };
    match DB.append(answer).await {
        Err(error) if payments::is_answered(&error) => Ok(()),
        other => Ok(other.map(|_| RELAY.kick())?),
    }
}

/// An order came to an end: what was paid for it goes back, what was not paid yet is not waited for.
async fn ended(context: &Context, event: &CloudEvent) -> Result<(), Error> {
    let (Some(end), Some(order_id)) = (events::intake::<OrderEnded>(event), &event.subject) else {
        return Ok(());
    };
    if let (true, Some(payment_id)) = (end.refund, &end.payment_id) {
        return give_back(context, payment_id, "order_cancelled", &event.id).await;
    }
    // A call that is running ends as it will; its money is then refused by the order and goes back.
    match payments::open_of(order_id).await? {
        Some(payment) if !payment.is_running() => {
            let outcome = provider::cancel(context, &payment).await;
            record(context, payment, outcome, super::settle::SELF).await.map(drop)
        }
        _ => Ok(()),
    }
}

/// `POST /api/payments/webhooks/{provider}`: 204 when it is believed, whatever it is about. It only says what to ask
/// about: the provider's answer counts, so webhooks may come twice, late and in any order. One that is not signed may
/// be anybody's: it has the provider asked once in a while, and leaves nothing behind unless something had happened.
pub async fn webhook(
    context: Context,
    Path(provider): Path<String>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<StatusCode, Error> {
    if body.len() > MAX_WEBHOOK {
        return Err(Problem::too_large(MAX_WEBHOOK).into());
    }
    if !settings::providers().await?.contains(&provider) {
        return Err(Problem::not_found("provider").into());
    }
    let notice = provider::verify(&context, &provider, delivery(&headers, &body)).await?.map_err(refused)?;
    let known = concerned(&provider, &notice).await?;
    let Some(payment) = known.filter(|_| notice.id.len() <= MAX_HEADER) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let cause = format!("{provider}:{}", notice.id);
    if payments::was_answered(&cause).await? || !(notice.signed || hints::claim(&payment.id).await?) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let (id, before) = (payment.id.clone(), payment.version);
    let after = match &notice.dispute {
        Some(dispute) => disputed(&context, payment, dispute, &cause).await?,
        None => settle(&context, payment).await?,
    };
    if notice.signed || after.version != before {
        remember(&context, &provider, &notice.id, &id, cause).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Headers that are not text, or longer than any signature, are left out.
fn delivery(headers: &HeaderMap, body: &[u8]) -> Delivery {
    let text = headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?)));
    let short = text.filter(|(_, value)| value.len() <= MAX_HEADER);
    let headers = short.take(MAX_HEADERS).map(|(name, value)| (name, value.to_owned())).collect();
    Delivery { headers, body: body.to_vec() }
}

/// Record a dispute as the provider tells it, once per webhook.
async fn disputed(
    context: &Context,
    payment: Payment,
    dispute: &Dispute,
    cause: &str,
) -> Result<Payment, Error> {
    let mut event = disputes::recorded(&payment, dispute);
    event.traceparent = context.traceparent.clone();
    event.cause = Some(format!("{cause}:dispute"));
    match DB.append(event).await {
        Err(error) if !payments::is_answered(&error) => return Err(error.into()),
        Err(_) => {}
        Ok(_) => alert(&payment, "a dispute was opened or has changed"),
    }
    Ok(payment)
}

fn refused(refusal: Refusal) -> Problem {
    let forged = |why: &str| Problem::new(Code::UNAUTHENTICATED, why);
    match refusal {
        Refusal::Unsupported => Problem::not_found("webhook"),
        Refusal::Forged => forged("The signature is missing or wrong"),
        Refusal::Stale => forged("The signature is too old"),
        Refusal::Unreadable(_) => Problem::new(Code::MALFORMED, "The provider's plug-in cannot read this"),
    }
}

/// The payment that a webhook is about, if it is one of this provider's.
async fn concerned(provider: &str, notice: &Notice) -> Result<Option<Payment>, Error> {
    if let Some(id) = &notice.payment_id {
        return Ok(payments::find(id).await?.filter(|payment| payment.provider == provider));
    }
    match &notice.reference {
        Some(reference) => Ok(payments::find_by_reference(provider, reference).await?),
        None => Ok(None),
    }
}

/// Ask what became of the payment and its refunds; 503 has the provider send the webhook again.
async fn settle(context: &Context, payment: Payment) -> Result<Payment, Error> {
    let before = payment.version;
    let (after, said) = look(context, payment, 1).await?;
    if said && !(after.state.is_open() && after.version == before) {
        return Ok(after);
    }
    Err(Problem::new(Code::UNAVAILABLE, "The provider does not say more yet; send it again").into())
}

/// A webhook that was acted on is an event, and the next one with its id is dropped.
async fn remember(
    context: &Context,
    provider: &str,
    webhook_id: &str,
    payment_id: &str,
    cause: String,
) -> Result<(), Error> {
    let data = json!({ "provider": provider, "webhookId": webhook_id, "paymentId": payment_id });
    let stream = Uuid::now_v7().to_string();
    let mut event = Event::new(stream, NEXT, "webhook.received", format!("provider:{provider}"), data);
    event.traceparent = context.traceparent.clone();
    event.cause = Some(cause);
    match DB.append(event).await {
        Err(error) if !payments::is_answered(&error) => Err(error.into()),
        _ => {
            RELAY.kick();
            Ok(())
        }
    }
}
