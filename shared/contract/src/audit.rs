//! The audit log: its events.

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

/// What happens to the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all_fields = "camelCase")]
#[strum_discriminants(
    name(AuditEventKind),
    doc = "The kinds of [`AuditEvent`]s.",
    derive(IntoStaticStr, EnumString, VariantArray, Hash),
    strum(const_into_str)
)]
pub enum AuditEvent {
    /// The end of the audit log was signed; with `cut`, what came before it was removed.
    #[strum_discriminants(strum(serialize = "checkpoint.signed"))]
    CheckpointSigned {
        /// The last entry that it covers.
        sequence: i64,
        /// Of that entry.
        hash: String,
        /// When it was signed: RFC 3339, as it stands in what is signed.
        time: String,
        /// Of the signature, in hexadecimal.
        public_key: String,
        /// In hexadecimal.
        signature: String,
        /// Whether what came before was removed.
        cut: bool,
    },
}
