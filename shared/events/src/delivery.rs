//! One delivery: which events of the log are a batch, how services and Redis get it, and why one fails.

use edge::Context;
use store::{Error, Row, params};

use crate::CloudEvent;
use crate::redis::REDIS;
use crate::relay::{Relay, Target};
use crate::undelivered::Undelivered;

/// Bytes of event data per delivery, so that a batch stays well under the 1 MiB that a receiver takes. A single
/// larger event goes alone.
const BATCH_BYTES: usize = 256 * 1024;

impl Relay {
    /// Deliver event `seq` to `target` now, whatever its cursor says.
    pub(crate) async fn deliver_again(
        &self,
        context: &Context,
        target: &str,
        seq: i64,
    ) -> Result<(), Undelivered> {
        let Some(target) = self.targets.iter().find(|t| t.service == target) else { return Ok(()) };
        let rows = self.events(seq.saturating_sub(1), 1).await.map_err(unreadable)?;
        self.send(context, target, &rows).await
    }

    /// The events after a place, as many as fit a delivery.
    pub(crate) async fn events(&self, after: i64, limit: i64) -> Result<Vec<Row>, Error> {
        let sql = format!(
            "SELECT {} FROM {}_events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            CloudEvent::COLUMNS,
            self.service()
        );
        within_bytes(self.db.query(&sql, params![after, limit]).await?)
    }

    /// Deliver those of `rows` that `target` wants, with the private members that it may read.
    pub(crate) async fn send(
        &self,
        context: &Context,
        target: &Target,
        rows: &[Row],
    ) -> Result<(), Undelivered> {
        let mut batch = Vec::with_capacity(rows.len());
        for row in rows {
            let kind = row.text("type").map_err(unreadable)?;
            if target.kinds.is_empty() || target.kinds.contains(&kind.as_str()) {
                let event = CloudEvent::from_row(self.service(), row, target.private);
                batch.push(event.map_err(unreadable)?);
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        if target.service == REDIS.service {
            self.publish(&batch).await
        } else {
            self.post(context, target, &batch).await
        }
    }

    async fn post(
        &self,
        context: &Context,
        target: &Target,
        batch: &[CloudEvent],
    ) -> Result<(), Undelivered> {
        let reply = self.client.post(context, target.service, "events", &batch).await;
        let status = reply.map_err(|_| Undelivered::Away)?.status;
        if status.is_success() {
            Ok(())
        } else {
            logline::log!("relay {} to {}: {status}", self.service(), target.service);
            Err(Undelivered::of(status.as_u16()))
        }
    }

    async fn publish(&self, batch: &[CloudEvent]) -> Result<(), Undelivered> {
        let messages: Result<Vec<_>, _> = batch.iter().map(serde_json::to_string).collect();
        let channel = format!("jangteo.{}", self.service());
        let published = self.redis.publish(&channel, &messages.map_err(unreadable)?).await;
        published.map_err(|error| {
            logline::log!("relay {} to Redis: {error}", self.service());
            Undelivered::Away
        })
    }
}

/// Our own log cannot be read: no event's fault.
fn unreadable(error: impl std::fmt::Display) -> Undelivered {
    logline::log!("relay: {error}");
    Undelivered::Away
}

/// As many of the first rows as fit a delivery.
fn within_bytes(mut rows: Vec<Row>) -> Result<Vec<Row>, Error> {
    let (mut fitting, mut bytes) = (0usize, 0usize);
    for row in &rows {
        bytes = bytes.saturating_add(row.text("data")?.len());
        if fitting > 0 && bytes > BATCH_BYTES {
            break;
        }
        fitting = fitting.saturating_add(1);
    }
    rows.truncate(fitting);
    Ok(rows)
}
