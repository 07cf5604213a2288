//! All services' events in one order, for subscribers that catch up what they missed.

use axum::Json;
use contract::permissions::EventsRead;
use edge::{FieldError, List, Page, Permitted, Query};

use super::read::show;
use crate::error::Error;
use crate::{api, store as log};

/// `GET /api/v1/events`: oldest first, after the event with the sequence `after`. The last one's `sequence` is the
/// next `after`, also when there are no more now.
pub async fn list(
    _: Permitted<EventsRead>,
    Query(query): Query<api::Subscription>,
    page: Page,
) -> Result<Json<List<api::Entry>>, Error> {
    let page = page.of("audit.feed", &query.source)?;
    let after = query.after.map(|text| text.parse().ok().filter(|sequence: &i64| *sequence >= 0));
    let wrong = || Error::Invalid(vec![FieldError::new("after", "must be the sequence of an event")]);
    let after = after.map(|sequence| sequence.ok_or_else(wrong)).transpose()?;
    let after = after.or(page.after).unwrap_or(0);
    let found = log::feed(after, query.source, page.rows()).await?;
    let items = found.into_iter().map(show).collect();
    Ok(Json(page.list(items, |entry: &api::Entry| entry.sequence)))
}
