//! The proof: every entry is hashed again, and every signature made again.

use std::collections::VecDeque;

use axum::Json;
use chain::{Broken, Checkpoint, Fault, Walk};
use contract::permissions::AuditRead;
use edge::{Permitted, Query};
use spin_sdk::wit_bindgen::yield_async;

use super::checkpoints;
use crate::domain::{Attributes, Range};
use crate::error::Error;
use crate::store::{Ends, Kept, Stored};
use crate::{api, store as log};

/// `GET /api/v1/audit/verify`: the whole log, or the entries from `from` to `to`; in pages, so that memory is
/// bounded and other requests get their turn.
pub async fn verify(
    _: Permitted<AuditRead>,
    Query(span): Query<api::Span>,
) -> Result<Json<api::Verified>, Error> {
    let range = Range::parse(span.from.as_deref(), span.to.as_deref()).map_err(Error::Invalid)?;
    let ends = log::ends().await?;
    let proof = Proof::new(range, &ends).await?;
    let (from, to) = (proof.walk.next, proof.to);
    let (checked, checkpoints, outcome) = proof.run().await?;
    let whole = || match range.to {
        None => beyond(&ends),
        Some(_) => Ok(()),
    };
    let first_broken = outcome.and_then(|()| whole()).err();
    Ok(Json(api::Verified { valid: first_broken.is_none(), checked, checkpoints, from, to, first_broken }))
}

/// No entry may follow the end of the chain, and none may be missing there.
fn beyond(ends: &Ends) -> Result<(), Broken> {
    let (sequence, _) = ends.head;
    match sequence {
        end if ends.last > end => Err(Broken { sequence: end.saturating_add(1), reason: Fault::Inserted }),
        end if ends.attested > end => Err(Broken { sequence: end.saturating_add(1), reason: Fault::Missing }),
        _ => Ok(()),
    }
}

/// A walk over part of the log.
struct Proof {
    walk: Walk,
    /// The last entry of the walk.
    to: i64,
    /// Where to begin to read: before the walk, if what was inserted there is to be found.
    read_from: i64,
    /// The hash that the last entry must have, if it is the head.
    head: Option<String>,
    attested: Attested,
}

/// The checkpoints of the walk's entries, in their order. They are read during the walk, so that none is left out.
struct Attested {
    next: VecDeque<Kept>,
    /// The place of the last one that was read, in the log and among the checkpoints; `None` when all were read.
    read_to: Option<(i64, i64)>,
    /// The last entry of the walk.
    to: i64,
}

impl Attested {
    fn after(before: i64, to: i64) -> Self {
        Self { next: VecDeque::new(), read_to: Some((before, -1)), to }
    }

    /// The next one that speaks of the entry `sequence`.
    async fn of(&mut self, sequence: i64) -> Result<Option<Checkpoint>, Error> {
        if self.next.is_empty()
            && let Some(read_to) = self.read_to
        {
            self.next = log::attesting(read_to, self.to).await?.into();
            self.read_to = self.next.back().map(|last| (last.checkpoint.sequence, last.number));
        }
        let speaks = self.next.front().is_some_and(|kept| kept.checkpoint.sequence <= sequence);
        Ok(if speaks { self.next.pop_front().map(|kept| kept.checkpoint) } else { None })
    }
}

impl Proof {
    async fn new(range: Range, ends: &Ends) -> Result<Self, Error> {
        let (cut, cut_hash) = ends.cut.clone();
        let (head, head_hash) = ends.head.clone();
        let first = cut.saturating_add(1);
        let from = range.from.unwrap_or(first).max(first);
        let to = range.to.unwrap_or(head).min(head);
        let before = from.saturating_sub(1);
        let prev_hash = if before == cut {
            cut_hash
        } else {
            // Should it not be there, then no hash fits.
            log::hash_of(before).await?.unwrap_or_default()
        };
        Ok(Self {
            walk: Walk::after(before, prev_hash),
            to,
            read_from: range.from.map_or(i64::MIN, |_| from),
            head: (to == head).then_some(head_hash),
            attested: Attested::after(before, to),
        })
    }

    /// How many entries and checkpoints fit, and what did not.
    async fn run(mut self) -> Result<(i64, usize, Result<(), Broken>), Error> {
        let (start, mut fitting) = (self.walk.next, 0);
        let outcome = self.steps(&mut fitting).await?;
        Ok((self.walk.next.saturating_sub(start), fitting, outcome))
    }

    async fn steps(&mut self, fitting: &mut usize) -> Result<Result<(), Broken>, Error> {
        if let Err(broken) = self.check_attested(fitting).await? {
            return Ok(Err(broken));
        }
        loop {
            let page = log::page(self.read_from, self.to).await?;
            let Some(last) = page.last() else { break };
            self.read_from = last.seq.saturating_add(1);
            for entry in &page {
                if let Err(broken) = step(&mut self.walk, entry) {
                    return Ok(Err(broken));
                }
                if let Err(broken) = self.check_attested(fitting).await? {
                    return Ok(Err(broken));
                }
            }
            yield_async().await;
        }
        Ok(self.check_end())
    }

    fn check_end(&self) -> Result<(), Broken> {
        if self.walk.next <= self.to {
            return Err(self.walk.broken(Fault::Missing));
        }
        match &self.head {
            Some(head) if *head != self.walk.prev_hash => {
                Err(Broken { sequence: self.to, reason: Fault::Altered })
            }
            _ => Ok(()),
        }
    }

    /// What checkpoints say of the entry that the walk has just passed.
    async fn check_attested(&mut self, fitting: &mut usize) -> Result<Result<(), Broken>, Error> {
        let sequence = self.walk.next.saturating_sub(1);
        while let Some(kept) = self.attested.of(sequence).await? {
            let own = checkpoints::signed(sequence, &self.walk.prev_hash, kept.time.clone()).await?;
            if own != kept {
                return Ok(Err(Broken { sequence, reason: Fault::Checkpoint }));
            }
            *fitting = fitting.saturating_add(1);
        }
        Ok(Ok(()))
    }
}

/// Check the chain, and that the columns for the search have the values of the event.
fn step(walk: &mut Walk, entry: &Stored) -> Result<(), Broken> {
    walk.step(entry.seq, &entry.received_at, &entry.event, &entry.hash)?;
    let event = serde_json::from_str(&entry.event).ok();
    let attributes = event.and_then(|event| Attributes::of(&event, &entry.received_at));
    if attributes.as_ref() == Some(&entry.attributes) {
        Ok(())
    } else {
        Err(Broken { sequence: entry.seq, reason: Fault::Altered })
    }
}
