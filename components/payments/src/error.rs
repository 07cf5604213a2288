//! What can go wrong, and how clients see it.

use axum::response::{IntoResponse, Response};
use contract::orders::Status;
use edge::{Code, FieldError, Problem};
use http::{HeaderValue, header};
use money::{Currency, Decimal};
use serde_json::json;

use crate::breaker::Open;
use crate::domain::{Payment, Refund, RefundState};

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Edge(Problem),
    #[error("not valid")]
    Invalid(Vec<FieldError>),
    #[error("no such payment")]
    NotFound,
    #[error("no such order")]
    NoOrder,
    #[error("An order that is {0} cannot become PAID")]
    InvalidTransition(Status),
    #[error("The order is paid, or is just being paid")]
    OrderPaid,
    #[error("Payment {} of the order is {}", .0.id, .0.state)]
    AlreadyPaid(Box<Payment>),
    #[error("Who sells this may not sell now; cancel the order")]
    SellerStopped,
    #[error("Pay exactly the order's total in its currency")]
    AmountMismatch,
    #[error("{}", declined(.0))]
    Declined(Box<Payment>),
    /// Seconds until the next try.
    #[error("Too many cards were declined; wait a while")]
    TooMany(i64),
    #[error("The payment is {}; pay again with a new Idempotency-Key", .0.state)]
    CameToNothing(Box<Payment>),
    #[error("The provider refuses the shop's account; nothing was charged")]
    Misconfigured(Box<Payment>),
    #[error("{}", not_taken(.currency, .step.as_ref()))]
    NotTaken { currency: Currency, step: Option<Decimal> },
    #[error("Ask again in a few seconds")]
    InProgress,
    #[error("The provider has trouble; nothing was charged. Try again")]
    ProviderAway(Open),
    #[error("A payment that is {} cannot be refunded", .0.state)]
    NotRefundable(Box<Payment>),
    #[error("Some of it was given back already; resolve it by refund")]
    PartlyGivenBack,
    #[error("A payment that is {} is in no conflict", .0.state)]
    NoConflict(Box<Payment>),
    #[error("{}", not_retryable(.0))]
    NotRetryable(Box<Refund>),
    #[error("no such refund")]
    NoRefund,
    #[error("{} {} of it can be given back", .0.currency.decimal(.0.refundable()), .0.currency)]
    RefundExceeds(Box<Payment>),
    #[error("The provider does not give the money back ({})", .0.failure.as_deref().unwrap_or("do_not_honor"))]
    RefundDeclined(Box<Refund>),
    #[error("a refund is not through; try again")]
    RefundPending,
    #[error(transparent)]
    Internal(#[from] store::Error),
}

fn not_taken(currency: &Currency, step: Option<&Decimal>) -> String {
    match step {
        Some(step) => format!("The payment provider takes {currency} in multiples of {step} only"),
        None => format!("The payment provider does not take {currency}"),
    }
}

fn not_retryable(refund: &Refund) -> String {
    match refund.state {
        RefundState::Failed => {
            "Another refund was asked for or made since; see what is left, and ask for that".to_owned()
        }
        state => format!("A refund that is {} is not asked for again", state),
    }
}

/// Code and advice in words.
fn declined(payment: &Payment) -> String {
    let (code, retryable) = reason(payment);
    let advice = if retryable { "try again, or use another card" } else { "use another card" };
    format!("The card was declined ({code}); {advice}")
}

fn reason(payment: &Payment) -> (&str, bool) {
    payment.failure.as_ref().map_or(("do_not_honor", false), |(code, retryable)| (code, *retryable))
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Edge(problem)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Edge(problem) => problem,
            Error::Invalid(errors) => Self::validation(errors),
            Error::NotFound => Self::not_found("payment"),
            Error::NoOrder => Self::not_found("order"),
            Error::InvalidTransition(from) => {
                Self::new(Code::INVALID_TRANSITION, detail).with("from", from.to_string()).with("to", "PAID")
            }
            Error::OrderPaid => Self::new(Code::ALREADY_PAID, detail),
            Error::AlreadyPaid(payment) => Self::new(Code::ALREADY_PAID, detail)
                .with("paymentId", payment.id)
                .with("paymentStatus", payment.state.to_string()),
            Error::SellerStopped => Self::new(Code::CONFLICT, detail),
            Error::AmountMismatch => Self::new(Code::AMOUNT_MISMATCH, detail),
            Error::Declined(payment) => {
                let (code, retryable) = reason(&payment);
                let problem = Self::new(Code::CARD_DECLINED, detail)
                    .with("declineCode", code)
                    .with("retryable", retryable)
                    .with("paymentId", payment.id);
                match payment.provider_code {
                    Some(code) => problem.with("providerCode", code),
                    None => problem,
                }
            }
            Error::Misconfigured(payment) => {
                Self::new(Code::MISCONFIGURED, detail).with("paymentId", payment.id).with("retryable", true)
            }
            Error::NotTaken { currency, step } => {
                let problem =
                    Self::new(Code::CURRENCY_NOT_SUPPORTED, detail).with("currency", currency.code());
                match step {
                    Some(step) => problem.with("step", json!(step)),
                    None => problem,
                }
            }
            Error::CameToNothing(payment) => {
                Self::new(Code::CONFLICT, detail).with("paymentId", payment.id).with("retryable", true)
            }
            Error::TooMany(seconds) => Self::new(Code::TOO_MANY_ATTEMPTS, detail)
                .header(header::RETRY_AFTER, HeaderValue::from(seconds)),
            Error::InProgress => Self::new(Code::IDEMPOTENCY_IN_PROGRESS, detail),
            Error::ProviderAway(open) => Self::new(Code::UNAVAILABLE, detail)
                .header(header::RETRY_AFTER, HeaderValue::from(open.seconds)),
            Error::NotRefundable(payment) => Self::new(Code::INVALID_TRANSITION, detail)
                .with("from", payment.state.to_string())
                .with("to", "REFUNDED"),
            Error::PartlyGivenBack => Self::new(Code::CONFLICT, detail),
            Error::NoConflict(payment) => {
                Self::new(Code::INVALID_TRANSITION, detail).with("from", payment.state.to_string())
            }
            Error::NotRetryable(refund) => Self::new(Code::INVALID_TRANSITION, detail)
                .with("from", refund.state.to_string())
                .with("to", RefundState::Pending.to_string()),
            Error::NoRefund => Self::not_found("refund"),
            Error::RefundExceeds(_) => Self::new(Code::REFUND_EXCEEDS_CAPTURED, detail),
            Error::RefundDeclined(refund) => Self::new(Code::REFUND_DECLINED, detail)
                .with("declineCode", refund.failure.as_deref().unwrap_or("do_not_honor"))
                .with("refundId", refund.id),
            Error::RefundPending => Self::new(Code::UNAVAILABLE, detail),
            Error::Internal(source) => Self::internal(source),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
