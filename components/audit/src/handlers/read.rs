//! Reading the log.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::permissions::AuditRead;
use edge::{List, Page, Path, Permitted, Preconditions, Query, etag};
use http::{StatusCode, header};

use crate::domain::{Entry, Filter};
use crate::error::Error;
use crate::{api, store as log};

/// `GET /api/v1/audit/events`: newest first. With several filters a page may be short although more follow, because
/// only so many entries are looked at.
pub async fn list(
    _: Permitted<AuditRead>,
    Query(query): Query<api::Filters>,
    page: Page,
) -> Result<Json<List<api::Entry>>, Error> {
    let api::Filters { kind, source, subject, actor, from, to } = query;
    let filter = Filter { kind, source, subject, actor, ..Filter::default() };
    let filter = filter.within(from.as_deref(), to.as_deref()).map_err(Error::Invalid)?;
    let page = page.of("audit.events", &filter)?;
    let found = log::list(filter, page.after, page.rows()).await?;
    let items = found.entries.into_iter().map(show).collect();
    Ok(Json(page.list_of_some(items, |entry: &api::Entry| entry.sequence, found.looked)))
}

/// `GET /api/v1/audit/events/{id}`: 200, or 304 when the client has it, as an event never changes.
pub async fn get(
    _: Permitted<AuditRead>,
    Path(id): Path<String>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    let entry = log::find(&id).await?.ok_or(Error::NotFound)?;
    let tag = [(header::ETAG, etag(entry.seq))];
    if preconditions.unchanged(entry.seq) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(show(entry))).into_response())
}

/// An event as clients see it. `sequence` and `hash` are its place in this log; the source's are kept beside them.
pub fn show(entry: Entry) -> api::Entry {
    let mut event = entry.event;
    for name in ["sequence", "hash"] {
        if let Some(value) = event.remove(name) {
            event.insert(format!("source{name}"), value);
        }
    }
    api::Entry {
        event,
        sequence: entry.seq,
        received_at: entry.received_at,
        hash: entry.hash,
        prev_hash: entry.prev_hash,
    }
}
