//! The service's health, with the breakers of its providers and what waits there for a person.

use axum::Json;
use edge::{Problem, ServiceCaller};
use serde_json::{Value, json};
use store::Timestamp;

use crate::store::{self as payments, breaker as stored, disputes, refunds};
use crate::{RELAY, breaker};

/// `GET /internal/payments/health`
pub async fn get(_: ServiceCaller) -> Result<Json<Value>, Problem> {
    let mut report = events::health(&RELAY).await?;
    let now = Timestamp::now().0;
    let breakers = stored::all().await.map_err(Problem::internal)?;
    let disputes = disputes::open().await.map_err(Problem::internal)?;
    let owed = refunds::count_owed().await.map_err(Problem::internal)?;
    let conflicts = payments::count_conflicts().await.map_err(Problem::internal)?;
    let of = |counts: &[(String, i64)], name: &str| {
        counts.iter().find(|(one, _)| one == name).map_or(0, |(_, count)| *count)
    };
    let shown = breakers.iter().map(|one| {
        let state = breaker::state(one, now).name();
        json!({
            "name": one.provider,
            "breaker": state,
            "calls": one.calls,
            "failures": one.failures,
            "openDisputes": of(&disputes, &one.provider),
            "owedRefunds": of(&owed, &one.provider),
            "conflicts": of(&conflicts, &one.provider),
        })
    });
    if let Some(members) = report.as_object_mut() {
        members.insert("providers".to_owned(), shown.collect());
    }
    Ok(Json(report))
}
