//! The service's health, with the breakers and open disputes of its providers.

use axum::Json;
use edge::{Problem, ServiceCaller};
use http::StatusCode;
use serde_json::{Value, json};
use store::Timestamp;

use crate::store::{breaker as stored, disputes};
use crate::{RELAY, breaker};

/// `GET /internal/payments/health`
pub async fn get(_: ServiceCaller) -> Result<Json<Value>, Problem> {
    let mut report = events::health(&RELAY).await?;
    let now = Timestamp::now().0;
    let breakers = stored::all().await.map_err(Problem::internal)?;
    let disputes = disputes::open().await.map_err(Problem::internal)?;
    let open = |name: &str| disputes.iter().find(|(one, _)| one == name).map_or(0, |(_, open)| *open);
    let shown = breakers.iter().map(|one| {
        let state = breaker::state(one, now).name();
        json!({
            "name": one.provider,
            "breaker": state,
            "calls": one.calls,
            "failures": one.failures,
            "openDisputes": open(&one.provider),
        })
    });
    if let Some(members) = report.as_object_mut() {
        members.insert("providers".to_owned(), shown.collect());
    }
    Ok(Json(report))
}

/// `GET /internal/payments/ready`: 204. Were a provider not set up, `edge::serve` would have said so.
pub async fn ready(_: ServiceCaller) -> StatusCode {
    StatusCode::NO_CONTENT
}
