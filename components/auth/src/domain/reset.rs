//! Tokens for new passwords: their form.
//!
//! base64url of the token's id and the deployment's keyed hash of it. So a token can be made again from its id, to be
//! mailed, and none from what is stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::ResetId;

/// How long a token is good, in seconds: until a mail is read, not until a mailbox is broken into.
pub const LIFETIME_SECONDS: i64 = 30 * 60;
/// Characters of a token: 16 bytes of id, 32 of hash.
const LENGTH: usize = 64;

/// The token of this id, given the keyed hash of the id.
pub fn token(id: ResetId, mac: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([id.as_bytes(), mac].concat())
}

/// The id that a token names, before its hash is checked; `None` when it is not of that form.
pub fn id(token: &str) -> Option<ResetId> {
    let bytes = (token.len() == LENGTH).then(|| URL_SAFE_NO_PAD.decode(token).ok())??;
    bytes.first_chunk().copied().map(ResetId::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let reset = ResetId::from_u128(0x019a_a4c5_0004_7000_8000_0000_0000_0001);
        let token = token(reset, &[7; 32]);
        assert_eq!((token.len(), id(&token)), (LENGTH, Some(reset)));
        for text in ["", "x", &token[1..], &format!("{token}x"), &"=".repeat(LENGTH), &"\u{e4}".repeat(32)] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
