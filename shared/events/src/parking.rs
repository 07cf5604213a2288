//! Events that a target keeps refusing are parked, so that those after them get through; an ADMIN can have them
//! delivered again. Parking and redriving are events themselves, and so reach the audit log.

use axum::{Json, extract::State};
use edge::{Code, Context, Problem, ServiceCaller};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Error, Event, Row, params};

use crate::relay::{Failure, Relay, Target};

/// A delivery has a stream of its own: version 1 is its parking, version 2 its redriving.
const PARKED: i64 = 1;
const REDRIVEN: i64 = 2;
/// The most parked events that are listed.
const LISTED: i64 = 100;

/// Which parked event is to be delivered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// The target that refused it.
    target: String,
    /// Its place in the service's log.
    sequence: i64,
}

fn stream(target: &str, sequence: i64) -> String {
    format!("delivery:{target}:{sequence}")
}

/// Deliveries whose last event is their parking. The range is that of the streams' common beginning.
fn parked(service: &str) -> String {
    format!(
        "FROM {service}_events AS p WHERE p.stream >= 'delivery:' AND p.stream < 'delivery;' AND p.version = {PARKED} \
         AND NOT EXISTS (SELECT 1 FROM {service}_events AS r WHERE r.stream = p.stream AND r.version = {REDRIVEN})"
    )
}

impl Relay {
    /// Remember that `target` does not take the event, and go on without it.
    pub(crate) async fn park(&self, target: &Target, row: &Row, why: &Failure) -> Result<(), Error> {
        let (sequence, id, kind) = (row.int(0)?, row.text(1)?, row.text(3)?);
        eprintln!("relay {} to {}: event {sequence} is parked: {why}", self.service(), target.service);
        let data = json!({ "target": target.service, "sequence": sequence, "eventId": id, "eventType": kind,
            "reason": why.to_string() });
        let actor = format!("service:{}", self.service());
        let event = Event::new(stream(target.service, sequence), PARKED, "delivery.parked", actor, data);
        match self.append(event).await {
            // Parked before: the process died before its cursor moved.
            Err(Error::Unique(_)) => Ok(()),
            other => other.map(drop),
        }
    }

    /// How many events are parked for `target`.
    pub(crate) async fn parked_for(&self, target: &Target) -> Result<i64, Error> {
        let sql = format!("SELECT count(*) {} AND p.data ->> 'target' = ?1", parked(self.service()));
        let row = self.service_db().query_one(&sql, params![target.service]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    async fn all_parked(&self) -> Result<Vec<Value>, Error> {
        let sql = format!(
            "SELECT json_set(p.data, '$.source', ?1, '$.parkedAt', p.time) {} ORDER BY p.seq LIMIT {LISTED}",
            parked(self.service())
        );
        let rows = self.service_db().query(&sql, params![self.service()]).await?;
        rows.iter().map(|row| row.json(0)).collect()
    }

    async fn redrive(&self, context: &Context, wanted: &Redrive, actor: String) -> Result<(), Problem> {
        let is_wanted = |parked: &Value| {
            parked.get("target").is_some_and(|target| *target == wanted.target.as_str())
                && parked.get("sequence").is_some_and(|sequence| *sequence == wanted.sequence)
        };
        let parked = self.all_parked().await.map_err(Problem::internal)?;
        let found = parked.into_iter().find(is_wanted).ok_or_else(|| Problem::not_found("parked event"))?;
        let delivered = self.deliver_again(context, &wanted.target, wanted.sequence).await;
        delivered.map_err(|why| Problem::new(Code::CONFLICT, format!("{} says: {why}", wanted.target)))?;
        let stream = stream(&wanted.target, wanted.sequence);
        let event = Event::new(stream, REDRIVEN, "delivery.redriven", actor, found);
        match self.append(event).await {
            Ok(_) | Err(Error::Unique(_)) => Ok(()),
            Err(error) => Err(Problem::internal(error)),
        }
    }
}

/// `GET /internal/<service>/parked`.
pub(crate) async fn list(
    State(relay): State<&'static Relay>,
    _: ServiceCaller,
) -> Result<Json<Vec<Value>>, Problem> {
    relay.all_parked().await.map(Json).map_err(Problem::internal)
}

/// `POST /internal/<service>/parked/redrive`: 409 when the target still refuses the event.
pub(crate) async fn redrive(
    State(relay): State<&'static Relay>,
    caller: ServiceCaller,
    context: Context,
    edge::Message(wanted): edge::Message<Redrive>,
) -> Result<Json<Value>, Problem> {
    relay.redrive(&context, &wanted, caller.actor()).await?;
    relay.kick();
    Ok(Json(json!({ "status": "DELIVERED" })))
}
