//! Whether the database can be written, asked by writing.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Db, Error, params};

/// How long an answer is good: soon enough for monitoring, and frequent questions do not write more often than this.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// The last answer, and when it was asked for.
pub(crate) struct Probe(Mutex<Option<(Instant, Result<(), Error>)>>);

impl Probe {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The answer, if it is still good. Else the caller has to find the next one, and all others get the old one until
    /// then.
    fn remembered(&self) -> Option<Result<(), Error>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (asked, last) = slot.clone().unzip();
        if asked.is_some_and(|asked| asked.elapsed() < GOOD_FOR) {
            return last;
        }
        *slot = Some((Instant::now(), last.unwrap_or(Ok(()))));
        None
    }

    fn remember(&self, answer: Result<(), Error>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), answer));
    }
}

impl Db {
    /// Write one row, always the same; at most once a second per instance.
    ///
    /// # Errors
    /// As the write says, such as [`Error::Database`] when the disk is full or the file may only be read.
    pub async fn probe(&'static self) -> Result<(), Error> {
        if let Some(answer) = self.probe.remembered() {
            return answer;
        }
        let outcome = self.write_probe().await;
        self.probe.remember(outcome.clone());
        outcome
    }

    /// The row counts, so that its way through the write-ahead log brings checkpoints as events do.
    async fn write_probe(&'static self) -> Result<(), Error> {
        let sql = format!(
            "INSERT INTO {}_cursors (target, seq) VALUES (?1, 1) ON CONFLICT (target) DO UPDATE SET seq = seq + 1 \
             RETURNING seq",
            self.service()
        );
        let row = self.query_one(&sql, params!["health"]).await?;
        self.logged(row.map_or(Ok(0), |row| row.int("seq"))?);
        Ok(())
    }
}
