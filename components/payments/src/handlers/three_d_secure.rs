//! The sandbox's page where a payer confirms a card of theirs (3-D Secure), as a bank's page would have them do.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::response::{Html, IntoResponse, Response};
use contract::PaymentId;
use edge::{Code, Context, Path, Problem};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::give_back::current;
use super::outcomes::record_outcome;
use crate::api::{Choice, Chosen};
use crate::domain::Payment;
use crate::error::Error;
use crate::provider::{self, Decline, Outcome};
use crate::record::SELF;
use crate::settings;

/// The provider that has this page; others have their banks'.
const SANDBOX: &str = "sandbox";
/// No script, no frame around it, and nothing from elsewhere.
const POLICY: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
);

/// `GET /api/payments/sandbox/3ds/{id}`: 200 with a page. Open to anyone who knows the payment's id: a bank knows no
/// token of ours, and the sandbox takes no money.
pub async fn page(Path(id): Path<PaymentId>) -> Result<Response, Error> {
    let payment = of_sandbox(id).await?;
    Ok(([POLICY], Html(html(&payment))).into_response())
}

/// `POST /api/payments/sandbox/3ds/{id}`, a form: 303 to the page, which says what became of the payment.
pub async fn choose(
    context: Context,
    Path(id): Path<PaymentId>,
    chosen: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Error> {
    let payment = of_sandbox(id).await?;
    let Form(Chosen { result }) = chosen
        .map_err(|_| Problem::new(Code::VALIDATION, "Send a form with `result` = `approve` or `refuse`"))?;
    if payment.waits_for_payer() {
        let outcome = match result {
            // What the payer has confirmed is the sandbox's to take.
            Choice::Approve => provider::capture(&context, &payment).await,
            Choice::Refuse => refused(provider::cancel(&context, &payment).await),
        };
        record_outcome(&context, payment, outcome, SELF).await?;
    }
    let page = HeaderValue::try_from(format!("/api/payments/sandbox/3ds/{id}")).map_err(Problem::internal)?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, page)]).into_response())
}

/// A payer who does not confirm is declined.
fn refused(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Cancelled => Outcome::Declined(Decline {
            code: "authentication_required".to_owned(),
            retryable: true,
            provider_code: None,
        }),
        other => other,
    }
}

async fn of_sandbox(id: PaymentId) -> Result<Payment, Error> {
    let payment = current(id).await?;
    let open = payment.provider == SANDBOX && settings::providers().await?.iter().any(|one| one == SANDBOX);
    open.then_some(payment).ok_or(Error::NotFound)
}

/// Nothing in it is anybody's text: an amount, a code and names of ours.
fn html(payment: &Payment) -> String {
    let (amount, currency) = (payment.currency.decimal(payment.amount), payment.currency);
    let body = if payment.waits_for_payer() {
        format!(
            "<p>Pay {amount} {currency}?</p>\n<form method=\"post\">\n\
             <button name=\"result\" value=\"approve\">Approve</button>\n\
             <button name=\"result\" value=\"refuse\">Refuse</button>\n</form>"
        )
    } else {
        format!("<p>The payment of {amount} {currency} is {}.</p>", payment.state)
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Sandbox 3-D Secure</title>\n\
         <h1>Sandbox 3-D Secure</h1>\n{body}\n</html>\n"
    )
}
