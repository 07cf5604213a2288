//! What an orchestrator asks: whether the process runs, and whether it can serve.

use std::collections::BTreeMap;

use axum::Json;
use edge::Context;
use http::StatusCode;

use super::health::ask_all;
use crate::api::{Lag, Liveness, Provider, Readiness, ReadyStatus, ServiceHealth, Status};

/// Failed tries of a relay's target in a row from which on it is away: one may be chance.
const AWAY: i64 = 3;

/// `GET /health/live`: 200, whatever else is wrong: another process would not mend it.
pub async fn live() -> Json<Liveness> {
    Json(Liveness { status: Status::Up })
}

/// `GET /health/ready`: 200 when every service can use its settings and its database, else 503 with the reasons. Events
/// that wait and providers that are away are told, too, but keep nobody from ordering.
pub async fn ready(context: Context) -> (StatusCode, Json<Readiness>) {
    let readiness = judge(&ask_all(&context).await);
    let code = match readiness.status {
        ReadyStatus::Down => StatusCode::SERVICE_UNAVAILABLE,
        ReadyStatus::Up | ReadyStatus::Degraded => StatusCode::OK,
    };
    (code, Json(readiness))
}

fn judge(services: &BTreeMap<&'static str, ServiceHealth>) -> Readiness {
    let down = |(name, health): (&&str, &ServiceHealth)| {
        let why = health.reason.as_deref().unwrap_or("does not answer");
        (health.status == Status::Down).then(|| format!("{name}: {why}"))
    };
    let reasons: Vec<_> = services.iter().filter_map(down).collect();
    if !reasons.is_empty() {
        return Readiness { status: ReadyStatus::Down, reasons };
    }
    let waits =
        services.iter().flat_map(|(name, health)| waiting(health).map(move |what| format!("{name}: {what}")));
    let reasons: Vec<_> = waits.collect();
    let status = if reasons.is_empty() { ReadyStatus::Up } else { ReadyStatus::Degraded };
    Readiness { status, reasons }
}

/// What is not as it should be in a service that is up.
fn waiting(health: &ServiceHealth) -> impl Iterator<Item = String> {
    let relay = health.relay.iter().flatten().filter_map(lagging);
    relay.chain(health.providers.iter().filter_map(away))
}

fn lagging(lag: &Lag) -> Option<String> {
    let Lag { target, pending, failures, parked, .. } = lag;
    match (*failures >= AWAY, *parked > 0) {
        (true, _) => Some(format!("{pending} events wait for {target}")),
        (false, true) => Some(format!("{target} has refused {parked} events")),
        (false, false) => None,
    }
}

fn away(provider: &Provider) -> Option<String> {
    (provider.breaker != "closed").then(|| format!("payment provider {} is away", provider.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(status: Status, failures: i64, breaker: &str) -> ServiceHealth {
        let lag = Lag { target: "audit".to_owned(), pending: 7, oldest_seconds: 9, failures, parked: 0 };
        let provider = Provider {
            name: "toss".to_owned(),
            breaker: breaker.to_owned(),
            calls: 0,
            failures: 0,
            open_disputes: 0,
            owed_refunds: 0,
            conflicts: 0,
        };
        let reason = (status == Status::Down).then(|| "answered 500".to_owned());
        ServiceHealth { status, latency_ms: 1, relay: Some(vec![lag]), providers: vec![provider], reason }
    }

    fn judged(orders: ServiceHealth) -> (ReadyStatus, Vec<String>) {
        let all = BTreeMap::from([("auth", health(Status::Up, 0, "closed")), ("orders", orders)]);
        let Readiness { status, reasons } = judge(&all);
        (status, reasons)
    }

    #[test]
    fn a_service_that_cannot_serve_is_not_ready_and_what_waits_is_told() {
        assert_eq!(judged(health(Status::Up, 2, "closed")), (ReadyStatus::Up, vec![]));
        let (status, reasons) = judged(health(Status::Up, 3, "open"));
        assert_eq!(status, ReadyStatus::Degraded);
        assert_eq!(reasons, ["orders: 7 events wait for audit", "orders: payment provider toss is away"]);
        let down = judged(health(Status::Down, 3, "open"));
        assert_eq!(down, (ReadyStatus::Down, vec!["orders: answered 500".to_owned()]));
    }
}
