//! Reading the log.

use axum::Json;
use axum::response::{IntoResponse, Response};
use edge::{List, Page, Path, Preconditions, Query, User, etag};
use http::{StatusCode, header};

use crate::domain::{Entry, Filter, parse_cursor};
use crate::error::Error;
use crate::{api, store as log};

/// `GET /api/v1/audit/events`: newest first. A page of several filters may be short though more follow: it ends after so
/// many looks.
pub async fn list(
    user: User,
    Query(query): Query<api::Filters>,
    page: Page,
) -> Result<Json<List<api::Entry>>, Error> {
    user.require("audit:read")?;
    let filter = Filter::parse(query).map_err(Error::Invalid)?;
    let after = parse_cursor(page.after.as_deref()).map_err(Error::Invalid)?;
    let found = log::list(filter, after, page.rows()).await?;
    let items = found.entries.into_iter().map(show).collect();
    let mut list = page.list(items, |entry: &api::Entry| entry.sequence.to_string());
    if let Some(place) = found.beyond {
        // More than a page of this place: the page's own way to write a cursor.
        let rows = usize::try_from(page.rows()).unwrap_or_default();
        list.next_cursor = page.list(vec![place; rows], i64::to_string).next_cursor;
    }
    Ok(Json(list))
}

/// `GET /api/v1/audit/events/{id}`: 200, or 304 when the client has it, as an event never changes.
pub async fn get(
    user: User,
    Path(id): Path<String>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    user.require("audit:read")?;
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
