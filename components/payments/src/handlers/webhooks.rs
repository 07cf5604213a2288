//! What providers tell about their charges.

use edge::{Code, Context, Path, Problem, Raw};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::outcomes::look;
use crate::domain::Payment;
use crate::error::Error;
use crate::provider::{self, Delivery, Notice, Refusal};
use crate::store::hints;
use crate::{record, settings, store as payments};

/// The longest body of a webhook: as JSON numbers it fits what the plug-in's gate takes, and events have a few KiB.
const MAX_WEBHOOK: usize = 128 * 1024;
/// The longest header that a plug-in gets to see, and the longest id of a webhook, in bytes.
const MAX_HEADER: usize = 4096;
/// How many headers a plug-in gets to see.
const MAX_HEADERS: usize = 64;

/// `POST /api/payments/webhooks/{provider}`: 204 for every webhook that is believed. It only says which payment to ask
/// about; the provider's answer counts, so webhooks may come twice, late and in any order. Anybody can send one that is
/// not signed: it makes us ask the provider at most once in a while, and is recorded only if something had happened.
pub async fn receive(
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
    if payments::was_answered(&cause).await? || !(notice.signed || hints::claim(payment.id).await?) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let (id, before) = (payment.id, payment.version);
    let after = match &notice.dispute {
        Some(dispute) => {
            record::disputed(&context, &payment, dispute, format!("{cause}:dispute")).await?;
            payment
        }
        None => ask_provider(&context, payment).await?,
    };
    if notice.signed || after.version != before {
        record::webhook(&context, &provider, &notice.id, id, cause).await?;
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

fn refused(refusal: Refusal) -> Problem {
    // RFC 9110 section 15.5.2: a 401 says how to authenticate, here by the provider's own signature.
    let how = HeaderValue::from_static("Signature");
    let forged = |why: &str| Problem::new(Code::UNAUTHENTICATED, why).header(header::WWW_AUTHENTICATE, how);
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
        let Ok(id) = id.parse() else { return Ok(None) };
        return Ok(payments::find(id).await?.filter(|payment| payment.provider == provider));
    }
    match &notice.reference {
        Some(reference) => Ok(payments::find_by_reference(provider, reference).await?),
        None => Ok(None),
    }
}

/// Ask what became of the payment and its refunds; 503 has the provider send the webhook again.
async fn ask_provider(context: &Context, payment: Payment) -> Result<Payment, Error> {
    let before = payment.version;
    let (after, said) = look(context, payment, 1).await?;
    if said && !(after.state.is_open() && after.version == before) {
        return Ok(after);
    }
    Err(Problem::new(Code::UNAVAILABLE, "The provider does not say more yet; send it again").into())
}
