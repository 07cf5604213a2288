//! Requests to Stripe: forms out, JSON back.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use serde_json::Value;

use crate::bindings::exports::jangteo::payments::provider::{Account, Outcome};

/// How long one request may take: two of them fit the time that `payments` gives a charge.
const LIMIT: Duration = Duration::from_millis(4500);
/// The version of the API that answers are read by.
const VERSION: &str = "2024-06-20";

/// What Stripe answered.
pub struct Answer {
    pub status: u16,
    /// `null` when it is not JSON.
    pub body: Value,
}

impl Answer {
    /// Whether it is a definite no: the request was understood, and nothing was done. (That it came too late, in the
    /// way of another, or too often is no such thing.)
    pub fn is_refusal(&self) -> bool {
        matches!(self.status, 400..=499) && !matches!(self.status, 408 | 409 | 429)
    }

    /// What it means to a question that Stripe does not answer: it says nothing about the money.
    pub fn unclear(&self, question: &str) -> Outcome {
        match self.status {
            401 | 403 => Outcome::Unauthorized(format!("{question}: {}", self.status)),
            _ if self.is_refusal() => Outcome::Pending,
            status => Outcome::Unknown(format!("{question}: {status}")),
        }
    }
}

/// GET `path`, its query included.
pub async fn get(account: &Account, path: &str) -> Result<Answer, Outcome> {
    send(account, Request::builder().method(Method::GET), path, String::new()).await
}

/// POST a form under an idempotency key.
pub async fn post(
    account: &Account,
    path: &str,
    key: &str,
    form: &[(&str, &str)],
) -> Result<Answer, Outcome> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::builder()
        .method(Method::POST)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("idempotency-key", key);
    send(account, request, path, body).await
}

async fn send(
    account: &Account,
    request: http::request::Builder,
    path: &str,
    body: String,
) -> Result<Answer, Outcome> {
    let request = request
        .uri(format!("{}{path}", account.url))
        .header(header::AUTHORIZATION, format!("Bearer {}", account.key))
        .header("stripe-version", VERSION)
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Outcome::Unknown(error.to_string()))?;
    let reply = outbound::exchange(request, LIMIT).await;
    let reply = reply.map_err(|error| Outcome::Unknown(error.to_string()))?;
    let body = serde_json::from_slice(&reply.body).unwrap_or_default();
    Ok(Answer { status: reply.status.as_u16(), body })
}
