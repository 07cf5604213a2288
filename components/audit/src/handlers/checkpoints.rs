//! Checkpoints: made on demand, now and then, and where the log is cut because entries' time is over.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use axum::Json;
use axum::response::{IntoResponse, Response};
use chain::Checkpoint;
use contract::permissions::AuditRead;
use edge::{Answer, Context, List, Nothing, Once, OptionalBody, Page, Permitted, Problem};
use http::StatusCode;
use store::Timestamp;

use crate::error::Error;
use crate::record::{self, Cut, Recorded};
use crate::settings::RETENTION_DAYS;
use crate::store::Kept;
use crate::{api, store as log};

/// A checkpoint is made per so many entries.
const EVERY: i64 = 10_000;
/// What the signing key is for.
const PURPOSE: &str = "audit-checkpoint";
const DAY_SECONDS: f64 = 86_400.0;
/// How long an instance goes on before it looks for entries whose time is over, in ms.
const RETAIN_EVERY: i64 = 60_000;
/// The shortest such time, for entries that are kept for seconds.
const MIN_PAUSE: i64 = 1_000;
/// How long a cut begins new steps: well under what callers wait. The next one goes on.
const CUT_FOR: Duration = Duration::from_secs(1);
/// The pause between steps, in which others get the write lock.
const STEP_PAUSE: Duration = Duration::from_millis(20);

/// `POST /api/v1/audit/checkpoints`: 201 with a signed statement of the log's end, to be kept elsewhere.
pub async fn create(
    user: Permitted<AuditRead>,
    context: Context,
    OptionalBody(request): OptionalBody<Nothing>,
) -> Result<Response, Error> {
    let once = Once::new(&log::DB, user.actor(), "audit.checkpoints", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    let (sequence, hash) = log::ends().await?.head;
    let checkpoint = signed(sequence, &hash, Timestamp::now().to_string()).await?;
    let shown = api::Checkpoint { checkpoint: checkpoint.clone(), number: 0, cut: false };
    let answer = Answer::json(StatusCode::CREATED, &shown)?;
    match record::signed_once(&context, &checkpoint, &user.actor(), &once, &answer).await {
        Err(Error::Internal(error)) => once.replayed(error).await,
        other => other.map(|()| answer.into_response()),
    }
}

/// `GET /api/v1/audit/checkpoints`: newest first.
pub async fn list(_: Permitted<AuditRead>, page: Page) -> Result<Json<List<api::Checkpoint>>, Error> {
    let page = page.of("audit.checkpoints", ())?;
    let found = log::checkpoints(page.after, page.rows()).await?;
    let show =
        |kept: Kept| api::Checkpoint { checkpoint: kept.checkpoint, number: kept.number, cut: kept.cut };
    let items = found.into_iter().map(show).collect();
    Ok(Json(page.list(items, |checkpoint: &api::Checkpoint| checkpoint.number)))
}

/// A signed statement; nothing is kept.
pub async fn signed(sequence: i64, hash: &str, time: String) -> Result<Checkpoint, Problem> {
    let signature = edge::sign(PURPOSE, Checkpoint::text(sequence, hash, &time).as_bytes()).await?;
    let (public_key, signature) = (hex::encode(&signature.public_key), hex::encode(&signature.signature));
    Ok(Checkpoint { hash: hash.to_owned(), public_key, sequence, signature, time })
}

async fn keep(sequence: i64, hash: &str, cut: Cut) -> Result<(), Error> {
    let checkpoint = signed(sequence, hash, Timestamp::now().to_string()).await?;
    record::signed(&Context::background(), &checkpoint, cut, "service:audit").await
}

/// To be called after events were recorded: every [`EVERY`] entries it makes a checkpoint, after the response.
pub fn after(recorded: Recorded) {
    let first = recorded.last.saturating_sub(i64::try_from(recorded.accepted).unwrap_or(0));
    if first / EVERY != recorded.last / EVERY {
        spin_sdk::wasip3::spawn(async {
            if let Err(error) = at_head().await {
                logline::log!("checkpoint: {error}");
            }
        });
    }
}

async fn at_head() -> Result<(), Error> {
    let (sequence, hash) = log::ends().await?.head;
    keep(sequence, &hash, Cut::No).await
}

/// Remove what is older than `audit_retention_days`, if that is set: after the response, at an instance's first request
/// and from then on at most once per [`RETAIN_EVERY`].
pub fn retain() {
    static NEXT: AtomicI64 = AtomicI64::new(0);
    let now = Timestamp::now();
    if now.0 < NEXT.load(Ordering::Relaxed) {
        return;
    }
    NEXT.store(now.0.saturating_add(RETAIN_EVERY), Ordering::Relaxed);
    spin_sdk::wasip3::spawn(async move {
        let Some(seconds) = retention().await else { return };
        // What is kept for a shorter time is looked after more often.
        let pause = seconds.saturating_mul(1000).clamp(MIN_PAUSE, RETAIN_EVERY);
        NEXT.store(now.0.saturating_add(pause), Ordering::Relaxed);
        if let Err(error) = cut(seconds).await {
            logline::log!("retention: {error}");
        }
    });
}

/// Remove it now: how many entries were removed, and whether there are more.
pub async fn retain_now() -> Result<(i64, bool), Error> {
    match retention().await {
        Some(seconds) => cut(seconds).await,
        None => Ok((0, false)),
    }
}

/// For how many seconds entries are kept; `None` for ever.
async fn retention() -> Option<i64> {
    // The answer to the request names a value that cannot be used; nothing is removed then.
    let days = RETENTION_DAYS.get().await.copied().unwrap_or(0.0);
    (days > 0.0).then_some((days * DAY_SECONDS) as i64)
}

/// Remove all older entries, in steps, so that others can write in between. Returns how many were removed, and whether
/// more are left.
///
/// Entries may stay an hour longer (a 24th of a shorter time), so that a log that is in use is not cut and signed
/// at every turn.
async fn cut(seconds: i64) -> Result<(i64, bool), Error> {
    let before = |seconds: i64| Timestamp(Timestamp::now().plus_seconds(-seconds).0.max(0));
    let (limit, mut removed) = (before(seconds), 0_i64);
    if !log::overdue(before(seconds.saturating_add((seconds / 24).min(3600)))).await? {
        return Ok((0, false));
    }
    let start = Instant::now();
    while start.elapsed() < CUT_FOR {
        let Some(cut) = log::last_before(limit).await? else { return Ok((removed, false)) };
        keep(cut.last, &cut.hash, Cut::Yes).await?;
        removed = removed.saturating_add(cut.entries);
        spin_sdk::time::sleep(STEP_PAUSE).await;
    }
    Ok((removed, true))
}
