//! The payment history with its sums.

use axum::Json;
use edge::{FieldError, Page, Query, User};
use serde::Deserialize;
use store::Timestamp;

use super::payments::show;
use crate::api;
use crate::domain::State;
use crate::error::Error;
use crate::store::history::{self, Filter};

/// The query of [`list`].
#[derive(Deserialize)]
pub struct Params {
    from: Option<String>,
    to: Option<String>,
    status: Option<String>,
}

/// `GET /api/payments/history?from=&to=&status=`: the caller's payments, or everyone's with `payments:any`, newest
/// first; `totals` sum up all that match, not only this page.
pub async fn list(user: User, Query(params): Query<Params>, page: Page) -> Result<Json<api::History>, Error> {
    user.require("payments:read")?;
    let mut filter = filter(params)?;
    filter.buyer = (!user.may("payments:any")).then(|| user.subject.clone());
    let found = history::list(&filter, page.after.as_deref(), page.rows()).await?;
    let totals = history::totals(&filter).await?.iter().map(total).collect();
    let page = page.list(found.iter().map(show).collect(), |payment: &api::Payment| payment.id.clone());
    Ok(Json(api::History { page, totals }))
}

fn filter(params: Params) -> Result<Filter, Error> {
    let mut errors = Vec::new();
    let mut time = |field: &str, text: Option<String>| {
        let time = text.as_deref().map(Timestamp::parse);
        if time == Some(None) {
            errors.push(FieldError::new(field, "must be an RFC 3339 time such as 2026-11-21T00:00:00Z"));
        }
        time.flatten().map(|time| time.to_string())
    };
    let (from, to) = (time("from", params.from), time("to", params.to));
    let status = params.status.as_deref().map(State::parse);
    if status == Some(None) {
        errors.push(FieldError::new("status", "must be a payment's status such as CAPTURED"));
    }
    match errors.is_empty() {
        true => Ok(Filter { buyer: None, status: status.flatten().map(State::name), from, to }),
        false => Err(Error::Invalid(errors)),
    }
}

fn total(total: &history::Total) -> api::Total {
    let money = |minor_units| total.currency.decimal(minor_units);
    api::Total {
        currency: total.currency,
        payments: total.payments,
        captured: money(total.captured),
        refunded: money(total.refunded),
        net: money(total.captured.saturating_sub(total.refunded)),
    }
}
