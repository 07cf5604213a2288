//! The services' relays for administrators: list parked events, and deliver them again.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::Response;
use contract::SERVICES;
use contract::permissions::{EventsRead, EventsWrite};
use edge::{Answer, Context, FieldError, Keyed, List, Nothing, Once, OptionalBody, Page, Permitted, Problem};
use futures::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{ParkedEvent, Redriven};
use crate::error::Error;
use crate::store::DB;
use crate::{CLIENT, api};

/// A parked event, and where it is: the number of its service among [`SERVICES`], and the place of its parking in
/// that one's log.
struct Parked {
    at: (usize, i64),
    event: ParkedEvent,
}

/// `GET /api/v1/events/parked`: events that a target kept refusing, service by service, oldest first.
pub async fn parked(
    _: Permitted<EventsRead>,
    context: Context,
    page: Page,
) -> Result<Json<List<ParkedEvent>>, Error> {
    let page = page.of::<String>("events.parked", ())?;
    let (first, mut after) = page.after.as_deref().map_or(Ok((0, 0)), place)?;
    let mut found: Vec<Parked> = Vec::new();
    for (number, service) in SERVICES.into_iter().enumerate().skip(first) {
        let wanted = page.rows().saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        if wanted <= 0 {
            break;
        }
        let path = format!("parked?after={after}&limit={wanted}");
        let rows: Vec<(i64, ParkedEvent)> = CLIENT.get(&context, service, &path).await?.json()?;
        found.extend(rows.into_iter().map(|(seq, event)| Parked { at: (number, seq), event }));
        after = 0;
    }
    let List { items, next_cursor } =
        page.list(found, |Parked { at: (number, seq), .. }| format!("{number}.{seq}"));
    let items = items.into_iter().map(|parked| parked.event).collect();
    Ok(Json(List { items, next_cursor }))
}

fn place(cursor: &str) -> Result<(usize, i64), Error> {
    let parts =
        cursor.split_once('.').and_then(|(number, seq)| Some((number.parse().ok()?, seq.parse().ok()?)));
    let wrong =
        || Error::Invalid(vec![FieldError::new("cursor", "must be the nextCursor of an earlier page")]);
    parts.ok_or_else(wrong)
}

/// `POST /api/v1/events/parked/redrive`: deliver one of them again; 409 when it is still refused.
pub async fn redrive(
    user: Permitted<EventsWrite>,
    context: Context,
    request: Keyed<api::Redrive>,
) -> Result<Response, Error> {
    let once = Once::new(&DB, user.actor(), "audit.events.redrive", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    let wanted = request.body;
    let service = SERVICES.into_iter().find(|service| *service == wanted.source).ok_or(Error::NotFound)?;
    let body = json!({ "target": wanted.target, "sequence": wanted.sequence });
    let answer = CLIENT.post(&context, service, "parked/redrive", &body).await?;
    match answer.status {
        StatusCode::OK => {
            Ok(once.answer_once(Answer::json(StatusCode::OK, &answer.json::<Redriven>()?)?).await?)
        }
        StatusCode::NOT_FOUND => Err(Error::NotFound),
        StatusCode::CONFLICT => Err(Error::StillRefused(wanted.target)),
        status => Err(Problem::internal(store::Error::Database(format!("{service}: {status}"))).into()),
    }
}

/// `POST /api/v1/events/relay`: have every service deliver what is waiting, and say what is left. For a cron job.
pub async fn drain(
    user: Permitted<EventsWrite>,
    context: Context,
    OptionalBody(request): OptionalBody<Nothing>,
) -> Result<Response, Error> {
    let once = Once::new(&DB, user.actor(), "audit.events.relay", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    let asked = SERVICES.map(async |service| {
        let answer = CLIENT.post(&context, service, "relay", &json!({})).await;
        let answer = answer.and_then(|reply| reply.json::<Value>());
        (service, answer.unwrap_or_else(|problem| json!({ "status": "DOWN", "reason": problem.code().name })))
    });
    let left: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
    Ok(once.answer_once(Answer::json(StatusCode::OK, &left)?).await?)
}
