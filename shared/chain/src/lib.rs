//! The audit log's hash chain: what is hashed, what is signed, and the [`Walk`] that finds the first broken link.
//!
//! An entry of an export is a line of canonical JSON (keys sorted, no white space, numbers as they came):
//!
//! ```text
//! {"event":{…},"hash":"…","prevHash":"…","receivedAt":"…","sequence":7}
//! ```
//!
//! Its `hash` is the SHA-256, in hex, of the same line without the member `hash`; `prevHash` is the hash of the
//! entry before, [`GENESIS`] for the first. Whoever alters, removes, adds or moves an entry breaks the chain there,
//! or must rewrite all that follows, and then no longer fits the signed [`Checkpoint`]s kept elsewhere.

mod checkpoint;
mod walk;

pub use checkpoint::Checkpoint;
use sha2::{Digest, Sha256};
pub use walk::{Broken, Fault, Walk};

/// `prevHash` of the first entry of all.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An entry and the hash of the one before it.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The place in the log, from 1.
    pub sequence: i64,
    /// RFC 3339.
    pub received_at: &'a str,
    /// The CloudEvent as canonical JSON.
    pub event: &'a str,
    /// The hash of the entry before.
    pub prev_hash: &'a str,
}

impl Link<'_> {
    /// The entry's hash.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text("")))
    }

    /// The entry as a line of an export, without the line's end.
    pub fn line(&self, hash: &str) -> String {
        self.text(&format!("\"hash\":\"{hash}\","))
    }

    fn text(&self, hash: &str) -> String {
        let Self { sequence, received_at, event, prev_hash } = self;
        format!(
            r#"{{"event":{event},{hash}"prevHash":"{prev_hash}","receivedAt":"{received_at}","sequence":{sequence}}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const LINK: Link<'_> = Link {
        sequence: 1,
        received_at: "2026-11-21T05:06:07.089Z",
        event: r#"{"id":"1","price":1.10}"#,
        prev_hash: GENESIS,
    };

    #[test]
    fn the_hash_is_that_of_the_line_without_it() {
        let line = LINK.line(&LINK.hash());
        let bare = line.replace(&format!("\"hash\":\"{}\",", LINK.hash()), "");
        assert_eq!(hex::encode(Sha256::digest(bare)), LINK.hash());
    }

    #[test]
    fn a_line_is_canonical_and_keeps_numbers_as_they_came() {
        let line = LINK.line(&LINK.hash());
        let parsed: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed.to_string(), line);
        assert!(line.contains("1.10"));
    }
}
