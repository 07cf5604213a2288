//! The walk along the chain, the same for the running log and for an export.

use serde::Serialize;

use crate::{GENESIS, Link};

/// The first entry that is not as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "BrokenLink"))]
pub struct Broken {
    /// Its place in the log.
    pub sequence: i64,
    /// What is wrong with it.
    pub reason: Fault,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ChainFault"))]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Its content, hash or place is not what was recorded.
    Altered,
    /// It is not there; the next one is.
    Missing,
    /// It is where none was recorded.
    Inserted,
    /// A signed checkpoint says otherwise, or is not signed by the log's key.
    Checkpoint,
}

/// Checks entry after entry.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The next entry's place.
    pub next: i64,
    /// The hash of the entry before it.
    pub prev_hash: String,
}

impl Walk {
    /// A walk that starts after the entry `sequence` with `hash`.
    pub fn after(sequence: i64, hash: impl Into<String>) -> Self {
        Self { next: sequence.saturating_add(1), prev_hash: hash.into() }
    }

    /// A walk from the first entry of all.
    pub fn from_start() -> Self {
        Self::after(0, GENESIS)
    }

    /// Check the next entry, which says to have `hash`.
    ///
    /// # Errors
    /// What is broken here; the walk ends.
    pub fn step(&mut self, sequence: i64, received_at: &str, event: &str, hash: &str) -> Result<(), Broken> {
        if sequence > self.next {
            return Err(self.broken(Fault::Missing));
        }
        if sequence < self.next {
            return Err(Broken { sequence, reason: Fault::Inserted });
        }
        let link = Link { sequence, received_at, event, prev_hash: &self.prev_hash };
        if link.hash() != hash {
            return Err(self.broken(Fault::Altered));
        }
        *self = Self::after(sequence, hash);
        Ok(())
    }

    /// The next entry is broken in this way.
    pub fn broken(&self, reason: Fault) -> Broken {
        Broken { sequence: self.next, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (i64, &'static str, String);

    fn rows() -> Vec<Row> {
        let mut prev_hash = GENESIS.to_owned();
        let events = [(1, "{\"a\":1}"), (2, "{\"a\":2}"), (3, "{\"a\":3}")];
        let link = |(sequence, event)| {
            prev_hash = Link { sequence, received_at: "t", event, prev_hash: &prev_hash }.hash();
            (sequence, event, prev_hash.clone())
        };
        events.map(link).into()
    }

    fn walk(rows: &[Row]) -> Result<(), (i64, Fault)> {
        let mut walk = Walk::from_start();
        let mut step = |(sequence, event, hash): &Row| walk.step(*sequence, "t", event, hash);
        rows.iter().try_for_each(&mut step).map_err(|broken| (broken.sequence, broken.reason))
    }

    #[test]
    fn an_untouched_chain_is_whole() {
        assert_eq!(walk(&rows()), Ok(()));
    }

    #[test]
    fn each_kind_of_tampering_breaks_it_at_its_place() {
        let mut altered = rows();
        altered[1].1 = "{\"a\":9}";
        assert_eq!(walk(&altered), Err((2, Fault::Altered)));
        let mut missing = rows();
        missing.remove(1);
        assert_eq!(walk(&missing), Err((2, Fault::Missing)));
        let mut doubled = rows();
        doubled.insert(1, doubled[0].clone());
        assert_eq!(walk(&doubled), Err((1, Fault::Inserted)));
        let mut swapped = rows();
        (swapped[0].1, swapped[1].1) = (swapped[1].1, swapped[0].1);
        assert_eq!(walk(&swapped), Err((1, Fault::Altered)));
    }

    #[test]
    fn a_tail_that_was_chained_anew_does_not_fit_the_rest() {
        let mut forged = rows();
        forged[1].2 = Link { sequence: 2, received_at: "t", event: forged[1].1, prev_hash: "x" }.hash();
        assert_eq!(walk(&forged), Err((2, Fault::Altered)));
    }
}
