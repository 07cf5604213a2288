//! The services' relays, seen from outside: what is parked, and getting things moving again.

use std::collections::BTreeMap;

use axum::Json as Reply;
use axum::response::Response;
use edge::{Answer, Context, Keyed, KeyedOr, Nothing, Once, Problem, User};
use events::PRODUCERS;
use futures::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use crate::error::Error;
use crate::store::DB;
use crate::{CLIENT, api};

/// `GET /api/v1/events/parked`: events that a target kept refusing, of all services.
pub async fn parked(user: User, context: Context) -> Result<Reply<Value>, Error> {
    user.require("events:read")?;
    let asked = PRODUCERS.map(|service| CLIENT.get(&context, service, "parked"));
    let mut items: Vec<Value> = Vec::new();
    for answer in join_all(asked).await {
        items.extend(answer?.json::<Vec<Value>>()?);
    }
    Ok(Reply(json!({ "items": items, "nextCursor": null })))
}

/// `POST /api/v1/events/parked/redrive`: deliver one of them again; 409 when it is still refused.
pub async fn redrive(user: User, context: Context, request: Keyed<api::Redrive>) -> Result<Response, Error> {
    user.require("events:write")?;
    let once = Once::new(&DB, user.actor(), "audit.events.redrive", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    let wanted = request.body;
    let service = PRODUCERS.into_iter().find(|service| *service == wanted.source).ok_or(Error::NotFound)?;
    let body = json!({ "target": wanted.target, "sequence": wanted.sequence });
    let answer = CLIENT.post(&context, service, "parked/redrive", &body).await?;
    match answer.status {
        StatusCode::OK => Ok(once.settle(Answer::json(StatusCode::OK, &answer.json::<Value>()?)?).await?),
        StatusCode::NOT_FOUND => Err(Error::NotFound),
        StatusCode::CONFLICT => Err(Error::StillRefused(wanted.target)),
        status => Err(Problem::internal(store::Error::Database(format!("{service}: {status}"))).into()),
    }
}

/// `POST /api/v1/events/relay`: have every service deliver what is waiting, and say what is left. For a cron job.
pub async fn drain(
    user: User,
    context: Context,
    KeyedOr(request): KeyedOr<Nothing>,
) -> Result<Response, Error> {
    user.require("events:write")?;
    let once = Once::new(&DB, user.actor(), "audit.events.relay", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    let asked = PRODUCERS.map(async |service| {
        let answer = CLIENT.post(&context, service, "relay", &json!({})).await;
        let answer = answer.and_then(|reply| reply.json::<Value>());
        (service, answer.unwrap_or_else(|problem| json!({ "status": "DOWN", "reason": problem.code().name })))
    });
    let left: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
    Ok(once.settle(Answer::json(StatusCode::OK, &left)?).await?)
}
