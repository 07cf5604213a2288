//! The export: the log as lines of canonical JSON that prove themselves without us (`scripts/audit-verify`).

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use chain::Link;
use contract::permissions::AuditRead;
use edge::{Permitted, Problem, Query};
use futures::stream::try_unfold;
use http::header;
use serde_json::json;
use store::Timestamp;

use super::checkpoints;
use crate::domain::Range;
use crate::error::Error;
use crate::{api, store as log};

/// What is still to be sent.
enum Part {
    /// A checkpoint of the entry before the first, unless that is the first of all.
    Start,
    Entries,
    /// A checkpoint of the last entry: without it the export is not whole.
    End,
    Nothing,
}

struct Export {
    part: Part,
    /// Where to go on reading: before the first entry, so that what was inserted there shows.
    read_from: i64,
    /// The last entry that is wanted.
    to: i64,
    /// The last entry that was sent, or the one before the first, and its hash.
    last: (i64, String),
    /// The last entry that there must be.
    end: i64,
}

/// `GET /api/v1/audit/export`: NDJSON, oldest first, the whole log or the entries from `from` to `to`. A page is
/// read when the one before has been sent.
pub async fn export(_: Permitted<AuditRead>, Query(span): Query<api::Span>) -> Result<Response, Error> {
    let range = Range::parse(span.from.as_deref(), span.to.as_deref()).map_err(Error::Invalid)?;
    let ends = log::ends().await?;
    let first = ends.cut.0.saturating_add(1);
    let before = range.from.unwrap_or(first).max(first).saturating_sub(1);
    let prev_hash =
        if before == ends.cut.0 { ends.cut.1 } else { log::hash_of(before).await?.ok_or(Error::NotFound)? };
    let to = range.to.unwrap_or(i64::MAX);
    let export = Export {
        part: Part::Start,
        read_from: range.from.map_or(i64::MIN, |_| before.saturating_add(1)),
        to: to.min(ends.head.0.max(ends.last)),
        last: (before, prev_hash),
        end: to.min(ends.head.0),
    };
    let body = Body::from_stream(try_unfold(export, Export::chunk));
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\"");
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson"), name], body).into_response())
}

impl Export {
    /// The next lines. An error breaks the response off, and the export is seen not to be whole.
    async fn chunk(mut self) -> Result<Option<(Bytes, Self)>, std::io::Error> {
        let lines = self.lines().await.map_err(|error| {
            logline::log!("export: {error}");
            std::io::Error::other("the log cannot be read")
        })?;
        Ok(lines.map(|lines| (Bytes::from(lines), self)))
    }

    async fn lines(&mut self) -> Result<Option<String>, Error> {
        match self.part {
            Part::Start => {
                self.part = Part::Entries;
                let is_first = self.last.0 == 0;
                Ok(Some(if is_first { String::new() } else { self.checkpoint().await? }))
            }
            Part::Entries => {
                let lines = self.entries().await?;
                if lines.is_empty() {
                    self.part = Part::End;
                }
                Ok(Some(lines))
            }
            Part::End if self.last.0 < self.end => Err(Error::NotFound),
            Part::End => {
                self.part = Part::Nothing;
                Ok(Some(self.checkpoint().await?))
            }
            Part::Nothing => Ok(None),
        }
    }

    async fn entries(&mut self) -> Result<String, Error> {
        let mut lines = String::new();
        for entry in log::page(self.read_from, self.to).await? {
            let link = Link {
                sequence: entry.seq,
                received_at: &entry.received_at,
                event: &entry.event,
                prev_hash: &self.last.1,
            };
            lines.push_str(&link.line(&entry.hash));
            lines.push('\n');
            self.read_from = entry.seq.saturating_add(1);
            self.last = (entry.seq, entry.hash);
        }
        Ok(lines)
    }

    async fn checkpoint(&self) -> Result<String, Problem> {
        let (sequence, hash) = &self.last;
        let checkpoint = checkpoints::signed(*sequence, hash, Timestamp::now().to_string()).await?;
        Ok(format!("{}\n", json!({ "checkpoint": checkpoint })))
    }
}
