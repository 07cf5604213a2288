//! The append: one INSERT into the service's event log, which its triggers fold.

use contract::{DomainEvent, Id};
use uuid::Uuid;

use crate::{Db, Error, Timestamp, params};

/// The version of an event that takes the next free one: for events that commute, such as stock movements.
pub const NEXT: i64 = 0;

/// The end of the names of events that erase personal data, such as `user.erased`.
const ERASED: &str = ".erased";

/// An event that is about to happen.
#[derive(Clone)]
pub struct Event {
    /// The aggregate it happens to.
    pub stream: String,
    /// The version the aggregate has afterwards: 1 for its first event, or [`NEXT`].
    pub version: i64,
    /// What happens, such as `order.placed`.
    pub kind: &'static str,
    /// What anyone entitled to the event may see. No secrets, no personal data.
    pub data: serde_json::Value,
    /// What is folded here but never published.
    pub private: Option<serde_json::Value>,
    /// Who does it: a user's id or `service:<name>`.
    pub actor: String,
    /// W3C Trace Context of the request, if it has one.
    pub traceparent: Option<String>,
    /// The id of another service's event that this one answers.
    pub cause: Option<String>,
    /// The request's idempotency key.
    pub idempotency: Option<Idempotency>,
}

/// A request's `Idempotency-Key` and what to answer when it comes again.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// `<route> <key>`: keys of different routes do not meet.
    pub key: String,
    /// SHA-256 of the request's body, hex.
    pub request_hash: String,
    /// The answer's body, to be given again.
    pub result: String,
}

/// What an earlier request with the same key was answered.
#[derive(Clone, Debug)]
pub struct Replay {
    /// SHA-256 of the earlier request's body, hex.
    pub request_hash: String,
    /// The earlier answer's body.
    pub result: String,
    /// The aggregate the earlier request made.
    pub stream: String,
}

impl Replay {
    /// The id of the aggregate the earlier request made.
    ///
    /// # Errors
    /// When it has another name than a UUID.
    pub fn id<T>(&self) -> Result<Id<T>, Error> {
        parsed("stream", &self.stream)
    }

    /// The id that was kept as the earlier answer.
    ///
    /// # Errors
    /// When something else was kept.
    pub fn result<T>(&self) -> Result<Id<T>, Error> {
        parsed("result", &self.result)
    }
}

fn parsed<T>(column: &str, text: &str) -> Result<Id<T>, Error> {
    text.parse().map_err(|error| Error::Database(format!("column {column}: {error}")))
}

/// What the log says of an event that was appended.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its place in the service's log.
    pub seq: i64,
    /// Its id (UUIDv7).
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
}

impl Event {
    /// That `event` happens to `stream`, done by `actor`, and leaves the stream at `version`.
    pub fn new(
        stream: impl Into<String>,
        version: i64,
        actor: impl Into<String>,
        event: &impl DomainEvent,
    ) -> Self {
        Self::kept(stream, version, actor, event.name(), event.data())
    }

    /// As [`new`](Self::new), of an event whose kind and data were kept apart.
    pub fn kept(
        stream: impl Into<String>,
        version: i64,
        actor: impl Into<String>,
        kind: &'static str,
        data: serde_json::Value,
    ) -> Self {
        Self {
            stream: stream.into(),
            version,
            kind,
            data,
            private: None,
            actor: actor.into(),
            traceparent: None,
            cause: None,
            idempotency: None,
        }
    }
}

impl Db {
    /// Append `event`: the whole effect of a request, or nothing.
    ///
    /// # Errors
    /// [`Error::Unique`] on `<service>_events.version` when another request was faster,
    /// on `<service>_events.cause` when the cause was answered before,
    /// [`Error::Replayed`] when the idempotency key was used before, and whatever the fold refuses.
    pub async fn append(&'static self, event: Event) -> Result<Appended, Error> {
        self.append_at(event, Timestamp::now()).await
    }

    /// As [`append`](Self::append), at a moment the caller took: for events that carry it in their data.
    pub async fn append_at(&'static self, event: Event, time: Timestamp) -> Result<Appended, Error> {
        let id = Uuid::now_v7().to_string();
        let (key, hash, result) = match event.idempotency {
            Some(i) => (Some(i.key), Some(i.request_hash), Some(i.result)),
            None => (None, None, None),
        };
        let version = event.version;
        let params = params![
            id.as_str(),
            event.stream,
            event.version,
            event.kind,
            event.data.to_string(),
            event.private.map(|p| p.to_string()),
            event.actor.as_str(),
            time.to_string(),
            event.traceparent,
            event.cause,
            key.as_deref(),
            hash,
            result,
        ];
        match self.query_one(self.append_sql(version), params).await {
            Ok(Some(row)) => {
                let seq = row.int("seq")?;
                self.logged(seq);
                if event.kind.ends_with(ERASED) {
                    self.scrub();
                }
                Ok(Appended { seq, id, time })
            }
            Ok(None) => Err(Error::Database("INSERT returned no row".to_owned())),
            Err(error) => Err(self.as_replay(error, &event.actor, key).await),
        }
    }

    /// What the request with this key was answered, if it was.
    pub async fn replay(&self, actor: &str, key: &str) -> Result<Option<Replay>, Error> {
        let sql = format!(
            "SELECT request_hash, result, stream FROM {}_events WHERE actor = ?1 AND idempotency_key = ?2",
            self.service()
        );
        let row = self.query_one(&sql, params![actor, key]).await?;
        row.map(|row| {
            Ok(Replay {
                request_hash: row.text("request_hash")?,
                result: row.text("result")?,
                stream: row.text("stream")?,
            })
        })
        .transpose()
    }

    /// Whether a failed append means that its cause was answered before.
    pub fn is_answered(&self, error: &Error) -> bool {
        error.is_unique(&format!("{}_events.cause", self.service()))
    }

    async fn as_replay(&self, error: Error, actor: &str, key: Option<String>) -> Error {
        let column = format!("{}_events.idempotency_key", self.service());
        let Some(key) = key.filter(|_| error.is_unique(&column)) else { return error };
        match self.replay(actor, &key).await {
            Ok(Some(replay)) => Error::Replayed(Box::new(replay)),
            Ok(None) => error,
            Err(other) => other,
        }
    }

    /// The INSERT for an exact version, and the one for [`NEXT`].
    ///
    /// The first has no WHERE. With one, SQLite would prepare it anew for every other parameter, all its triggers
    /// included, since the table has partial indexes (`exprCompareVariable`; measured: 2 × the time of an append).
    fn append_sql(&self, version: i64) -> &str {
        let (exact, next) =
            self.append_sql.get_or_init(|| (self.insert("?3"), self.insert(&self.next_version())));
        if version == NEXT { next } else { exact }
    }

    fn insert(&self, version: &str) -> String {
        format!(
            "INSERT INTO {}_events (id, stream, version, type, data, private, actor, time, traceparent, \
             cause, idempotency_key, request_hash, result) \
             VALUES (?1, ?2, {version}, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) RETURNING seq",
            self.service()
        )
    }

    /// `(SELECT ?2)` hides the parameter from the planner, for the reason above.
    fn next_version(&self) -> String {
        format!(
            "(SELECT coalesce(max(version), 0) + 1 + 0 * ?3 FROM {}_events WHERE stream = (SELECT ?2))",
            self.service()
        )
    }
}
