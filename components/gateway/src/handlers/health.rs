//! Health: asks each service, and each service asks its database.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::Json;
use contract::SERVICES;
use edge::{Code, Context, Path, Problem, Reply};
use futures::future::join_all;
use http::StatusCode;

use crate::CLIENT;
use crate::api::{AnsweredProblem, Health, Lag, OneHealth, Report, ServiceHealth, Status};

/// Problems of a service whose detail is passed on.
const TOLD_ON: [Code; 2] = [Code::MISCONFIGURED, Code::UNAVAILABLE];

/// `GET /health`: 200 when every service is up, else 503; the services are asked at the same time.
pub async fn all(context: Context) -> (StatusCode, Json<Health>) {
    let services = ask_all(&context).await;
    let up = services.values().all(|service| service.status == Status::Up);
    let status = if up { Status::Up } else { Status::Down };
    (code(status), Json(Health { status, version: env!("CARGO_PKG_VERSION"), services }))
}

/// `GET /health/{service}`: 200 or 503; 404 for a service that is not ours.
pub async fn one(
    context: Context,
    Path(wanted): Path<String>,
) -> Result<(StatusCode, Json<OneHealth>), Problem> {
    let known = SERVICES.into_iter().find(|name| *name == wanted);
    let service = known.ok_or_else(|| Problem::not_found("service"))?;
    let health = ask(&context, service).await;
    Ok((code(health.status), Json(OneHealth { service, health })))
}

/// An event that has waited for fewer seconds is not reported: it would tell a stranger the result of another request,
/// such as whether an e-mail has an account. Delivery takes a second at most.
const FRESH_SECONDS: i64 = 5;

/// Ask all services at the same time.
pub async fn ask_all(context: &Context) -> BTreeMap<&'static str, ServiceHealth> {
    let asked = SERVICES.map(async |name| (name, ask(context, name).await));
    join_all(asked).await.into_iter().collect()
}

fn code(status: Status) -> StatusCode {
    match status {
        Status::Up => StatusCode::OK,
        Status::Down => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn ask(context: &Context, service: &str) -> ServiceHealth {
    let start = Instant::now();
    let answer = CLIENT.get(context, service, "health").await;
    let latency_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    match answer.map_err(|problem| problem.code().name.to_owned()).and_then(read) {
        Ok(Report { mut relay, providers }) => {
            relay.iter_mut().for_each(hide_fresh);
            ServiceHealth { status: Status::Up, latency_ms, relay: Some(relay), providers, reason: None }
        }
        Err(reason) => {
            let (relay, providers) = (None, Vec::new());
            ServiceHealth { status: Status::Down, latency_ms, relay, providers, reason: Some(reason) }
        }
    }
}

fn hide_fresh(lag: &mut Lag) {
    if lag.oldest_seconds < FRESH_SECONDS {
        (lag.pending, lag.oldest_seconds) = (0, 0);
    }
}

/// The report of one service. Problems are not shown to strangers, except those that the deployment has to mend: a
/// setting that cannot be used (named, without its value), or a database that cannot be written.
fn read(reply: Reply) -> Result<Report, String> {
    match reply.status {
        StatusCode::OK => reply.json().map_err(|_| "answered something else".to_owned()),
        status => Err(match reply.json::<AnsweredProblem>() {
            Ok(told) if TOLD_ON.iter().any(|code| code.name == told.code) => told.detail,
            _ => format!("answered {}", status.as_u16()),
        }),
    }
}
