//! The payment history with its sums.

use axum::Json;
use contract::PaymentId;
use contract::permissions::{PaymentsAny, PaymentsRead};
use edge::{FieldError, Page, Period, Permitted, Query};
use serde::Deserialize;

use super::payments::show;
use crate::api;
use crate::domain::PaymentState;
use crate::error::Error;
use crate::store::history::{self, Filter};

/// The query of [`list`].
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Params {
    /// What is of this moment or later, or of this day (UTC) or later.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Moment>"))]
    from: Option<String>,
    /// What is before this moment, or of this day (UTC) at the latest. Not before `from`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<edge::describe::Moment>"))]
    to: Option<String>,
    /// Payments in this state.
    #[cfg_attr(feature = "schema", schemars(with = "Option<PaymentState>"))]
    status: Option<String>,
}

/// `GET /api/payments/history?from=&to=&status=`: the caller's payments, or everyone's with `payments:any`, newest
/// first; `totals` sum up all that match, not only this page.
pub async fn list(
    user: Permitted<PaymentsRead>,
    Query(params): Query<Params>,
    page: Page,
) -> Result<Json<api::History>, Error> {
    let mut filter = filter(params)?;
    filter.buyer = (!user.may(PaymentsAny)).then_some(user.id);
    let page = page.of::<PaymentId>("payments.history", &filter)?;
    let found = history::list(&filter, page.after, page.rows()).await?;
    let totals = history::totals(&filter).await?.iter().map(total).collect();
    let page = page.list(found.iter().map(show).collect(), |payment: &api::Payment| payment.id);
    Ok(Json(api::History { page, totals }))
}

fn filter(params: Params) -> Result<Filter, Error> {
    let mut errors = Vec::new();
    let Period { from, to } = Period::parse(&mut errors, params.from.as_deref(), params.to.as_deref());
    let (from, to) = (from.map(|time| time.to_string()), to.map(|time| time.to_string()));
    let status = params.status.as_deref().map(str::parse::<PaymentState>);
    if matches!(status, Some(Err(_))) {
        errors.push(FieldError::new("status", "must be a payment's status such as CAPTURED"));
    }
    if errors.is_empty() {
        Ok(Filter { buyer: None, status: status.and_then(Result::ok).map(PaymentState::into), from, to })
    } else {
        Err(Error::Invalid(errors))
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
