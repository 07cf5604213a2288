//! Calls to provider plug-ins, by way of the component in front of each: in time, retried where that is safe, and
//! kept from a provider that is down.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use edge::{Context, Problem};
use http::StatusCode;
use money::Currency;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::card::{Card, without_digits};
use crate::domain::{Payment, Refund};
use crate::error::Error;
use crate::{CLIENT, breaker};

mod bindings {
    // Only the types are used: they travel as JSON to where the functions are.
    wit_bindgen::generate!({
        path: "../../wit/payments",
        world: "client",
        additional_derives: [serde::Serialize, serde::Deserialize],
        generate_all,
    });
}

use bindings::jangteo::payments::provider::{Attempt, Card as ProviderCard, RefundRequest};
pub use bindings::jangteo::payments::provider::{
    Decline, Delivery, Dispute, Money, Notice, Outcome, Payback, Receipt, Refusal, Standing, Tender,
};

/// How long a charge or a refund may take: card networks answer within seconds, and a buyer waits. After it
/// the call is given up and its outcome unknown.
pub const CHARGE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the question for a charge's fate may take: a reader of the payment waits for it.
const STATUS_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a call that is safe to repeat is made before its outcome counts as unknown.
pub const TRIES: u32 = 3;
/// The longest word of a provider that is kept, in characters: its codes and ids have some thirty.
const MAX_LABEL: usize = 64;
/// The pause before the second try; doubled with each further one, and from half to all of it is waited.
const PAUSE: Duration = Duration::from_millis(100);

/// Refuse a sum that `provider` does not take exactly.
///
/// # Errors
/// [`Error::NotTaken`] then; 503 when the plug-in does not answer.
pub async fn takes(context: &Context, provider: &str, currency: Currency, amount: i64) -> Result<(), Error> {
    let step = step(context, provider, currency).await?;
    match step {
        Some(step) if amount.checked_rem(step) == Some(0) => Ok(()),
        step => Err(Error::NotTaken { currency, step: step.map(|step| currency.decimal(step)) }),
    }
}

/// Of what, in minor units, each sum in `currency` is a multiple at `provider`; none when it does not take the
/// currency. The plug-in is asked once per instance: its list is part of its code, and this saves a hop per payment.
///
/// # Errors
/// 503 when the plug-in does not answer.
pub async fn step(context: &Context, provider: &str, currency: Currency) -> Result<Option<i64>, Problem> {
    static KNOWN: Mutex<Vec<(String, Arc<[Tender]>)>> = Mutex::new(Vec::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let of = |list: &[Tender]| {
        let found = list.iter().find(|tender| tender.currency == currency.code());
        found.map(|tender| tender.step.max(1))
    };
    if let Some((_, list)) = known().iter().find(|(name, _)| name == provider) {
        return Ok(of(list));
    }
    let list: Vec<Tender> = call(context, provider, "currencies", &[(); 0], STATUS_TIMEOUT).await?;
    let found = of(&list);
    known().push((provider.to_owned(), list.into()));
    Ok(found)
}

/// A word of a provider as it may be kept and shown: short, and of letters, digits and a few marks.
pub fn label(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-.: ".contains(c) { c } else { '?' };
    text.chars().take(MAX_LABEL).map(plain).collect()
}

/// Charge `card` with `payment`. The card is gone afterwards. Made once: only the provider knows whether it was heard.
pub async fn charge(context: &Context, payment: &Payment, mut card: Card) -> Outcome {
    let card = ProviderCard {
        number: std::mem::take(&mut *card.number),
        expiry_month: card.month,
        expiry_year: card.year,
        cvv: std::mem::take(&mut *card.cvv),
    };
    let arguments = (attempt(payment), card);
    once(context, payment, "charge", &arguments, CHARGE_TIMEOUT).await
}

/// Take the money that is held.
pub async fn capture(context: &Context, payment: &Payment) -> Outcome {
    repeated(context, payment, "capture", &(attempt(payment),), (CHARGE_TIMEOUT, TRIES)).await
}

/// Give up a charge whose money was not taken.
pub async fn cancel(context: &Context, payment: &Payment) -> Outcome {
    repeated(context, payment, "cancel", &(attempt(payment),), (STATUS_TIMEOUT, TRIES)).await
}

/// How `payment` stands, asked up to `tries` times; `None` when the provider never heard of it.
pub async fn status(context: &Context, payment: &Payment, tries: u32) -> Option<Standing> {
    repeated(context, payment, "status", &(attempt(payment),), (STATUS_TIMEOUT, tries)).await
}

/// Give back what `refund` says of `payment`.
pub async fn refund(context: &Context, payment: &Payment, refund: &Refund) -> Outcome {
    let request = RefundRequest {
        refund_id: refund.key(),
        attempt: attempt(payment),
        amount: money(payment, refund.amount),
    };
    repeated(context, payment, "refund", &(request,), (CHARGE_TIMEOUT, TRIES)).await
}

/// Whether to believe a webhook of `provider`, and what it is about.
///
/// # Errors
/// 503 when the plug-in does not answer.
pub async fn verify(
    context: &Context,
    provider: &str,
    delivery: Delivery,
) -> Result<Result<Notice, Refusal>, Problem> {
    call(context, provider, "verify", &(delivery,), STATUS_TIMEOUT).await
}

fn attempt(payment: &Payment) -> Attempt {
    Attempt {
        payment_id: payment.id.to_string(),
        order_id: payment.order_id.to_string(),
        amount: money(payment, payment.amount),
        started_at: payment.created_at.0.div_euclid(1000),
        reference: payment.reference.clone(),
    }
}

fn money(payment: &Payment, minor_units: i64) -> Money {
    Money { minor_units, currency: payment.currency.code().to_owned() }
}

/// An answer that may be that nobody knows.
trait Answer: DeserializeOwned {
    fn unknown(why: String) -> Self;
    /// Why nobody knows, if that is the answer.
    fn why(&self) -> Option<&str>;
    /// What the provider says when it refuses our account.
    fn refusal(&self) -> Option<&str>;
}

impl Answer for Outcome {
    fn unknown(why: String) -> Self {
        Self::Unknown(why)
    }

    fn why(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) => Some(why),
            _ => None,
        }
    }

    fn refusal(&self) -> Option<&str> {
        match self {
            Self::Unauthorized(said) => Some(said),
            _ => None,
        }
    }
}

impl Answer for Option<Standing> {
    fn unknown(why: String) -> Self {
        Some(Standing { outcome: Outcome::Unknown(why), refunds: Vec::new() })
    }

    fn why(&self) -> Option<&str> {
        self.as_ref().and_then(|standing| standing.outcome.why())
    }

    fn refusal(&self) -> Option<&str> {
        self.as_ref().and_then(|standing| standing.outcome.refusal())
    }
}

/// Calls that do the same however often they are made: made again while nobody knows and there is time.
async fn repeated<T: Answer>(
    context: &Context,
    payment: &Payment,
    function: &str,
    arguments: &impl Serialize,
    (limit, tries): (Duration, u32),
) -> T {
    let start = Instant::now();
    let mut pause = PAUSE;
    let mut answer = T::unknown(String::new());
    for number in 1..=tries {
        let left = limit.saturating_sub(start.elapsed());
        answer = once(context, payment, function, arguments, left).await;
        if answer.why().is_none() || number == tries || start.elapsed().saturating_add(pause) >= limit {
            break;
        }
        spin_sdk::time::sleep(jittered(pause)).await;
        pause = pause.saturating_mul(2);
    }
    answer
}

/// From half of `pause` to all of it, so that those who failed together do not come again together.
fn jittered(pause: Duration) -> Duration {
    let random = u32::try_from(Uuid::now_v7().as_u128() & 0xff).unwrap_or(0);
    let half = pause / 2;
    half.saturating_add(half.saturating_mul(random) / 0xff)
}

async fn once<T: Answer>(
    context: &Context,
    payment: &Payment,
    function: &str,
    arguments: &impl Serialize,
    limit: Duration,
) -> T {
    let pass = match breaker::admit(&payment.provider).await {
        Ok(pass) => pass,
        Err(open) => return T::unknown(open.to_string()),
    };
    let answer = call(context, &payment.provider, function, arguments, limit).await;
    let answer = answer.unwrap_or_else(|problem| T::unknown(problem.to_string()));
    if let Some(why) = answer.why() {
        logline::log!("{function} of payment {}: {}", payment.id, without_digits(why));
    }
    if let Some(said) = answer.refusal() {
        logline::log!("ALERT provider {} refuses our account: {}", payment.provider, without_digits(said));
    }
    // An answer is an answer, a refusal too: only what the provider leaves unknown is its trouble.
    breaker::note(&payment.provider, pass, answer.why().is_none()).await;
    answer
}

async fn call<T: DeserializeOwned>(
    context: &Context,
    provider: &str,
    function: &str,
    arguments: &impl Serialize,
    limit: Duration,
) -> Result<T, Problem> {
    let gate = format!("pay-{provider}");
    let reply = CLIENT.post_within(context, &gate, function, arguments, limit).await?;
    match reply.status {
        StatusCode::OK => reply.json(),
        status => Err(Problem::new(edge::Code::UNAVAILABLE, format!("{gate} answered {status}"))),
    }
}
