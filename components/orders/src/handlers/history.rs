//! What happened to an order: as a list, or live as server-sent events.
//!
//! A stream asks the order's own log once a second, as no instance can be told what another one wrote. It ends after
//! [`LIFE`], before any platform would end it, and the client comes back with `Last-Event-ID`: the WHATWG protocol does
//! that by itself. An instance has few places for requests, so only some of them may be streams; one too many is
//! answered with what there is, and comes back later.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::{Json, http::HeaderMap};
use contract::permissions::OrdersRead;
use contract::{OrderId, UserId};
use edge::headers::{prefers, single};
use edge::{Context, FieldError, Page, Path, Permitted};
use futures::stream;
use http::header;

use super::{current, relation};
use crate::api::HistoryEntry;
use crate::domain::{Role, public};
use crate::error::Error;
use crate::store as orders;

/// How long a stream lives: platforms end a request after 30 s (Fermyon Cloud).
const LIFE: Duration = Duration::from_secs(25);
/// The pause between two looks at the log.
const PAUSE: Duration = Duration::from_secs(1);
/// When the client is to come back, in milliseconds.
const RETRY: u32 = 1000;
/// Streams of one instance at once: half of the requests that it takes at once.
const MAX_STREAMS: usize = 8;
/// Events of one look: an order has a handful.
const BATCH: i64 = 100;

/// Streams of this instance.
static STREAMS: AtomicUsize = AtomicUsize::new(0);

/// `GET /api/orders/{id}/events`: what happened to the order, oldest first; live with `Accept: text/event-stream`.
pub async fn history(
    context: Context,
    user: Permitted<OrdersRead>,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
    page: Page,
) -> Result<Response, Error> {
    let order = current(&context, id).await?;
    let page = page.of::<i64>("orders.events", id)?;
    let viewer = Viewer { role: relation(&user, &order)?.role(), user: user.id, order: id };
    if prefers(&headers, "text/event-stream", "application/json") {
        return Ok(live(viewer, last_seen(single(&headers, "Last-Event-ID")?)?));
    }
    let found = viewer.events(page.after.unwrap_or(0), page.rows()).await?;
    Ok(Json(page.list(found, |entry| entry.sequence)).into_response())
}

/// The place in the history after which a stream begins.
fn last_seen(text: Option<&str>) -> Result<i64, Error> {
    text.map_or(Ok(0), str::parse).map_err(|_| {
        Error::Invalid(vec![FieldError::new(
            "Last-Event-ID",
            "must be the place that an earlier answer ended with",
        )])
    })
}

/// Who looks at which order.
struct Viewer {
    role: Role,
    user: UserId,
    order: OrderId,
}

impl Viewer {
    async fn events(&self, after: i64, limit: i64) -> Result<Vec<HistoryEntry>, store::Error> {
        let found = orders::history(self.order, after, limit).await?.into_iter();
        let shown = found.map(|entry| HistoryEntry {
            sequence: entry.version,
            kind: entry.kind,
            time: entry.time,
            actor: entry.actor,
            data: public(&entry.event, self.role, self.user),
        });
        Ok(shown.collect())
    }
}

/// A place among the streams of this instance, given back when the stream ends or the client is gone.
struct Seat;

impl Seat {
    fn take() -> Option<Self> {
        let taken = STREAMS.fetch_add(1, Ordering::Relaxed);
        let seat = Self;
        (taken < MAX_STREAMS).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        STREAMS.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Live {
    viewer: Viewer,
    after: i64,
    first: bool,
    end: Instant,
    /// Without one, the stream ends after the first look.
    seat: Option<Seat>,
}

fn live(viewer: Viewer, after: i64) -> Response {
    let live = Live { viewer, after, first: true, end: Instant::now() + LIFE, seat: Seat::take() };
    let body = Body::from_stream(stream::unfold(live, next));
    ([(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// What the stream says next. A look that finds nothing says so in a comment: writing is how one learns that the client
/// is gone. When the log cannot be read the stream ends, and the client comes back.
async fn next(mut live: Live) -> Option<(Result<Bytes, std::convert::Infallible>, Live)> {
    let mut text = String::new();
    if live.first {
        text.push_str(&format!("retry: {RETRY}\n\n"));
    } else {
        live.seat.as_ref()?;
        if Instant::now() >= live.end {
            return None;
        }
        spin_sdk::time::sleep(PAUSE).await;
    }
    for entry in live.viewer.events(live.after, BATCH).await.ok()? {
        live.after = entry.sequence;
        let data = serde_json::to_string(&entry).ok()?;
        text.push_str(&format!("id: {}\nevent: {}\ndata: {data}\n\n", entry.sequence, entry.kind));
    }
    if text.is_empty() {
        text.push_str(":\n\n");
    }
    live.first = false;
    Some((Ok(text.into()), live))
}
