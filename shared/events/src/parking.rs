//! Events that a target keeps refusing are parked, so that those after them get through; an ADMIN can have them
//! delivered again. Parking and redriving are events themselves, and so reach the audit log.

use axum::{Json, extract::State};
use contract::every::{Delivery, ServiceEvent, ServiceEventKind};
use edge::{Code, Context, Problem, Query, ServiceCaller};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Error, Event, Row, params};

use crate::relay::{Relay, Target};
use crate::undelivered::Undelivered;

/// A delivery has a stream of its own: version 1 is its parking, version 2 its redriving.
const PARKED: i64 = 1;
const REDRIVEN: i64 = 2;
/// The most parked events of a page, for the audit service, which asks for no more.
const MAX_PAGE: i64 = 101;
/// The most that are counted: beyond, there are as many at least.
const MAX_COUNTED: i64 = 10_000;

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

/// A page of what is parked.
#[derive(Deserialize)]
pub struct Asked {
    /// The place of the last one of the page before.
    after: i64,
    limit: i64,
}

/// The columns of a parked event: the data of `delivery.parked`, its source, and its time.
const TOLD: &str = "json_set(e.data, '$.source', ?1, '$.parkedAt', e.time) AS told";

impl Relay {
    /// Remember that `target` does not take the event, and go on without it.
    pub(crate) async fn park(&self, target: &Target, row: &Row, why: &Undelivered) -> Result<(), Error> {
        let (sequence, id, kind) = (row.int("seq")?, row.text("id")?, row.text("type")?);
        logline::log!("relay {} to {}: event {sequence} is parked: {why}", self.service(), target.service);
        let delivery = Delivery {
            target: target.service.to_owned(),
            sequence,
            event_id: id,
            event_type: kind,
            reason: why.to_string(),
        };
        let actor = format!("service:{}", self.service());
        let parked = ServiceEvent::DeliveryParked(delivery);
        let event = Event::new(stream(target.service, sequence), PARKED, actor, &parked);
        match self.db.append(event).await {
            // Parked before: the process died before its cursor moved.
            Err(Error::Unique(_)) => Ok(()),
            other => other.map(drop),
        }
    }

    /// How many events are parked for `target`.
    pub(crate) async fn parked_for(&self, target: &Target) -> Result<i64, Error> {
        let sql = format!(
            "SELECT count(*) AS parked FROM (SELECT 1 FROM {}_parked WHERE target = ?1 LIMIT {MAX_COUNTED})",
            self.service()
        );
        let row = self.db.query_one(&sql, params![target.service]).await?;
        row.map_or(Ok(0), |row| row.int("parked"))
    }

    /// Parked events after the place `after`, each with its own.
    async fn parked(&self, after: i64, limit: i64) -> Result<Vec<(i64, Value)>, Error> {
        let sql = format!(
            "SELECT p.seq, {TOLD} FROM {0}_parked AS p JOIN {0}_events AS e ON e.seq = p.seq \
             WHERE p.seq > ?2 ORDER BY p.seq LIMIT ?3",
            self.service()
        );
        let rows = self.db.query(&sql, params![self.service(), after, limit]).await?;
        rows.iter().map(|row| Ok((row.int("seq")?, row.json("told")?))).collect()
    }

    async fn find_parked(&self, stream: &str) -> Result<Option<Value>, Error> {
        let sql = format!(
            "SELECT {TOLD} FROM {0}_parked AS p JOIN {0}_events AS e ON e.seq = p.seq WHERE p.stream = ?2",
            self.service()
        );
        let row = self.db.query_one(&sql, params![self.service(), stream]).await?;
        row.map(|row| row.json("told")).transpose()
    }

    async fn redrive(&self, context: &Context, wanted: &Redrive, actor: String) -> Result<(), Problem> {
        let stream = stream(&wanted.target, wanted.sequence);
        let found = self.find_parked(&stream).await.map_err(Problem::internal)?;
        let found = found.ok_or_else(|| Problem::not_found("parked event"))?;
        let delivered = self.deliver_again(context, &wanted.target, wanted.sequence).await;
        delivered.map_err(|why| Problem::new(Code::CONFLICT, format!("{} says: {why}", wanted.target)))?;
        // What is told of it is its parking, and whose and when that was.
        let kind = ServiceEventKind::DeliveryRedriven.into_str();
        let event = Event::kept(stream, REDRIVEN, actor, kind, found);
        match self.db.append(event).await {
            Ok(_) | Err(Error::Unique(_)) => Ok(()),
            Err(error) => Err(Problem::internal(error)),
        }
    }
}

/// `GET /internal/<service>/parked?after=&limit=`: oldest first, each with its place.
pub(crate) async fn list(
    State(relay): State<&'static Relay>,
    _: ServiceCaller,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<(i64, Value)>>, Problem> {
    let found = relay.parked(asked.after, asked.limit.clamp(1, MAX_PAGE)).await;
    found.map(Json).map_err(Problem::internal)
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
