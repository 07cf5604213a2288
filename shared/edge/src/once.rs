//! Requests that change something have one effect, however often they come with the same `Idempotency-Key`.
//!
//! Every POST that changes something works like this, except those that answer secrets. The database decides: key and
//! answer are stored in the event that is the effect, and `UNIQUE (actor, idempotency_key)` lets one of several
//! through.
//!
//! ```text
//! pub async fn create(user: User, request: Keyed<api::NewThing>) -> Result<Response, Error> {
//!     let once = Once::new(&DB, user.actor(), "things.create", request.key); // with the path's ids, if it has some
//!     if let Some(answer) = once.earlier().await? {                          // before what may differ by now
//!         return Ok(answer);
//!     }
//!     let thing = …;
//!     let answer = Answer::json(StatusCode::CREATED, &show(&thing))?.at(format!("/api/things/{}", thing.id));
//!     match DB.append(once.keep(things::created(&thing), &answer).await?).await {
//!         Err(error) => once.replayed(error).await, // a twin's answer, or the error
//!         Ok(_) => Ok(answer.into_response()),
//!     }
//! }
//! ```
//!
//! A request that makes no event gets one for its answer: see [`Once::answer_once`].

use axum::response::{IntoResponse, Response};
use contract::every::ServiceEvent;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use store::{Db, Event, Idempotency, Replay};
use uuid::Uuid;

use crate::vault::{self, Item};
use crate::{Code, Key, Problem, REPLAYED, etag};

/// The purpose of kept answers that are encrypted.
const ANSWER: &str = "answer";
/// The purpose of hashes of bodies with a secret in them.
pub const SEALED: &str = "idempotency";

/// An answer that can be given again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// The revision that its `ETag` tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// JSON; empty when there is none.
    body: String,
}

impl Answer {
    /// An answer with a JSON body.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self { body, ..Self::empty(status) })
    }

    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status: status.as_u16(), location: None, revision: None, body: String::new() }
    }

    /// With this `Location`.
    #[must_use]
    pub fn at(self, location: impl Into<String>) -> Self {
        Self { location: Some(location.into()), ..self }
    }

    /// With the `ETag` of this revision.
    #[must_use]
    pub fn tagged(self, revision: i64) -> Self {
        Self { revision: Some(revision), ..self }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let json = HeaderValue::from_static("application/json");
        let content = (!self.body.is_empty()).then_some((header::CONTENT_TYPE, json));
        let location = self.location.and_then(|at| HeaderValue::try_from(at).ok());
        let headers = [
            content,
            location.map(|at| (header::LOCATION, at)),
            self.revision.map(|revision| (header::ETAG, etag(revision))),
        ];
        let mut response = (status, self.body).into_response();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().extend(headers.into_iter().flatten());
        response
    }
}

/// The one effect of a request with its key.
pub struct Once {
    db: &'static Db,
    actor: String,
    operation: String,
    /// Scoped to the operation.
    key: Option<Key>,
    personal: bool,
}

impl Once {
    /// The effect of `actor`'s request with this key, if it has one. `operation` names the route and the ids in its
    /// path, such as `orders.ship.<id>`: the same key for another operation is another key.
    pub fn new(db: &'static Db, actor: String, operation: impl Into<String>, key: Option<Key>) -> Self {
        let operation = operation.into();
        let key = key.map(|key| Key { key: key.scoped(&operation), ..key });
        Self { db, actor, operation, key, personal: false }
    }

    /// The answer has personal data in it: it is encrypted for the stream of its event. Erase it with the stream's
    /// private parts (`SET result = ''`).
    #[must_use]
    pub fn personal(self) -> Self {
        Self { personal: true, ..self }
    }

    /// The body has a secret in it, which could be guessed from a plain hash: use a keyed hash.
    ///
    /// # Errors
    /// 503 when the keys cannot be read or are not fit.
    pub async fn secret(mut self) -> Result<Self, Problem> {
        if let Some(key) = self.key.take() {
            self.key = Some(key.sealed(SEALED).await?);
        }
        Ok(self)
    }

    /// The answer to an earlier request with the same key.
    ///
    /// # Errors
    /// 422 when the key came with another body then.
    pub async fn earlier(&self) -> Result<Option<Response>, Problem> {
        let Some(key) = &self.key else { return Ok(None) };
        match self.db.replay(&self.actor, &key.key).await.map_err(Problem::internal)? {
            Some(replay) => self.again(key, replay).await.map(Some),
            None => Ok(None),
        }
    }

    /// `event` with the key, and with the answer for its next time.
    pub async fn keep(&self, mut event: Event, answer: &Answer) -> Result<Event, Problem> {
        if let Some(key) = &self.key {
            let mut result = serde_json::to_string(answer).map_err(Problem::internal)?;
            if self.personal {
                [result] = vault::encrypt([Item::new(ANSWER, &event.stream, result)]).await?;
            }
            let (key, request_hash) = (key.key.clone(), key.request_hash.clone());
            event.idempotency = Some(Idempotency { key, request_hash, result });
        }
        Ok(event)
    }

    /// After an append that failed: the answer of the request that was faster with the same key; else the error.
    pub async fn replayed<E: From<Problem> + From<store::Error>>(
        &self,
        error: store::Error,
    ) -> Result<Response, E> {
        match (error, &self.key) {
            (store::Error::Replayed(replay), Some(key)) => Ok(self.again(key, *replay).await?),
            (error, _) => Err(error.into()),
        }
    }

    /// Give the answer to a request whose effect has no event of its own, and may happen twice if two come at once.
    /// With a key, an event stores the answer.
    pub async fn answer_once(&self, answer: Answer) -> Result<Response, Problem> {
        if self.key.is_none() {
            return Ok(answer.into_response());
        }
        let answered = ServiceEvent::RequestAnswered { operation: self.operation.clone() };
        let event = Event::new(Uuid::now_v7().to_string(), 1, self.actor.as_str(), &answered);
        match self.db.append(self.keep(event, &answer).await?).await {
            Ok(_) => Ok(answer.into_response()),
            Err(error) => self.replayed::<AnyProblem>(error).await.map_err(|AnyProblem(problem)| problem),
        }
    }

    async fn again(&self, key: &Key, replay: Replay) -> Result<Response, Problem> {
        key.check_same(&replay.request_hash)?;
        if replay.result.is_empty() {
            return Err(Problem::new(Code::UNAUTHENTICATED, "The account was erased"));
        }
        let mut result = replay.result;
        if self.personal {
            [result] = vault::decrypt([Item::new(ANSWER, &replay.stream, result)]).await?;
        }
        let answer: Answer = serde_json::from_str(&result).map_err(Problem::internal)?;
        Ok(([REPLAYED], answer).into_response())
    }
}

/// Any error as a problem, where a caller has no errors of its own.
struct AnyProblem(Problem);

impl From<Problem> for AnyProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<store::Error> for AnyProblem {
    fn from(error: store::Error) -> Self {
        Self(Problem::internal(error))
    }
}
