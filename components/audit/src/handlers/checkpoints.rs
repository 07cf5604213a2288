//! Checkpoints: made on demand, now and then, and where the log is cut because entries' time is over.

use axum::Json;
use axum::response::{IntoResponse, Response};
use chain::{Checkpoint, hex};
use edge::{Answer, KeyedOr, List, Nothing, Once, Page, Problem, User};
use http::StatusCode;
use store::Timestamp;

use crate::domain::parse_cursor;
use crate::error::Error;
use crate::settings::RETENTION_DAYS;
use crate::store::{Cut, Kept};
use crate::{RELAY, api, store as log};

/// A checkpoint is made per so many entries.
const EVERY: i64 = 10_000;
/// What the signing key is for.
const PURPOSE: &str = "audit-checkpoint";
const DAY_SECONDS: f64 = 86_400.0;

/// `POST /api/v1/audit/checkpoints`: 201 with a signed statement of the log's end, to be kept elsewhere.
pub async fn create(user: User, KeyedOr(request): KeyedOr<Nothing>) -> Result<Response, Error> {
    user.require("audit:read")?;
    let once = Once::new(&log::DB, user.actor(), "audit.checkpoints", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    let (sequence, hash) = log::ends().await?.head;
    let checkpoint = signed(sequence, &hash, Timestamp::now().to_string()).await?;
    let event = log::signed(&checkpoint, Cut::No, &user.actor());
    let answer = Answer::json(StatusCode::CREATED, &api::Checkpoint { checkpoint, number: 0, cut: false })?;
    match log::DB.append(once.keep(event, &answer).await?).await {
        Err(error) => once.replayed(error).await,
        Ok(_) => {
            RELAY.kick();
            Ok(answer.into_response())
        }
    }
}

/// `GET /api/v1/audit/checkpoints`: newest first.
pub async fn list(user: User, page: Page) -> Result<Json<List<api::Checkpoint>>, Error> {
    user.require("audit:read")?;
    let after = parse_cursor(page.after.as_deref()).map_err(Error::Invalid)?;
    let found = log::checkpoints(after, page.rows()).await?;
    let show =
        |kept: Kept| api::Checkpoint { checkpoint: kept.checkpoint, number: kept.number, cut: kept.cut };
    let items = found.into_iter().map(show).collect();
    Ok(Json(page.list(items, |checkpoint: &api::Checkpoint| checkpoint.number.to_string())))
}

/// A signed statement; nothing is kept.
pub async fn signed(sequence: i64, hash: &str, time: String) -> Result<Checkpoint, Problem> {
    let signature = edge::sign(PURPOSE, Checkpoint::text(sequence, hash, &time).as_bytes()).await?;
    let (public_key, signature) = (hex(&signature.public_key), hex(&signature.signature));
    Ok(Checkpoint { hash: hash.to_owned(), public_key, sequence, signature, time })
}

async fn keep(sequence: i64, hash: &str, cut: Cut, actor: &str) -> Result<Checkpoint, Error> {
    let checkpoint = signed(sequence, hash, Timestamp::now().to_string()).await?;
    log::DB.append(log::signed(&checkpoint, cut, actor)).await?;
    RELAY.kick();
    Ok(checkpoint)
}

/// To be told of what was recorded: now and then it brings a checkpoint, after the response.
pub fn after(recorded: log::Recorded) {
    log::DB.logged(recorded.last);
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
    keep(sequence, &hash, Cut::No, "service:audit").await.map(drop)
}

/// Remove what is older than `audit_retention_days`, if that is set. Once per instance, after its first response.
pub fn retain() {
    spin_sdk::wasip3::spawn(async {
        // One that is not fit is named by the answer to the request; nothing is removed by it.
        let days = RETENTION_DAYS.get().await.copied().unwrap_or(0.0);
        if days > 0.0
            && let Err(error) = cut(days * DAY_SECONDS).await
        {
            logline::log!("retention: {error}");
        }
    });
}

/// Entries may stay an hour longer (a 24th of a shorter time), so that a log that is in use is not cut and signed
/// at every turn.
async fn cut(seconds: f64) -> Result<(), Error> {
    let seconds = seconds as i64;
    let limit = Timestamp::now().plus_seconds(-seconds);
    if !log::overdue(limit.plus_seconds(-(seconds / 24).min(3600))).await? {
        return Ok(());
    }
    match log::last_before(limit).await? {
        Some((sequence, hash)) => keep(sequence, &hash, Cut::Yes, "service:audit").await.map(drop),
        None => Ok(()),
    }
}
