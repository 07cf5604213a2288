//! Signed statements of how far the log had got. Kept elsewhere, they prove what came before them.

use serde::{Deserialize, Serialize};

/// At `time` the entry `sequence` had this `hash`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// The entry's hash, and so that of all before it.
    pub hash: String,
    /// Ed25519 (RFC 8032), hex.
    pub public_key: String,
    /// The entry's place in the log.
    pub sequence: i64,
    /// Of [`text`](Self::text), hex.
    pub signature: String,
    /// RFC 3339.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
    pub time: String,
}

impl Checkpoint {
    /// What is signed: canonical JSON of all but the key and the signature.
    pub fn text(sequence: i64, hash: &str, time: &str) -> String {
        format!(r#"{{"hash":"{hash}","sequence":{sequence},"time":"{time}"}}"#)
    }

    /// What this one's signature is of.
    pub fn signed_text(&self) -> String {
        Self::text(self.sequence, &self.hash, &self.time)
    }
}
