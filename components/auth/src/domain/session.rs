//! Refresh tokens: their form, and what becomes of one that is shown.
//!
//! `<session>.<generation>.<mac>`, where the mac is the deployment's keyed hash of what stands before it. So the
//! token of any generation can be made again, and none from what is stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{SessionId, UserId};
use sha2::{Digest, Sha256};
use store::Timestamp;
use subtle::ConstantTimeEq;

/// How long a session lasts from its login, in seconds (the contract's 30 days). Refreshing does not extend it.
pub const LIFETIME_SECONDS: i64 = 30 * 24 * 60 * 60;
/// For how long after a rotation the predecessor gets the same successor again, in seconds: two tabs and lost
/// responses are within it, a thief seldom is.
const GRACE_SECONDS: i64 = 10;
/// Longer texts are not looked at: a UUID, a number of 19 digits and a SHA-256 fit in.
const MAX_TOKEN: usize = 128;

/// What a refresh token says it is, before its mac is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub session: SessionId,
    pub generation: i64,
}

impl Claim {
    /// Read a refresh token; `None` when it is not of that form.
    pub fn parse(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (session, generation) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let complete = parts.next().is_some() && parts.next().is_none();
        let sound = complete && token.len() <= MAX_TOKEN && generation > 0;
        sound.then_some(Self { session, generation })
    }

    /// What the mac is made of.
    pub fn message(&self) -> String {
        format!("{}.{}", self.session, self.generation)
    }

    /// The token that makes this claim, given the mac of its message.
    pub fn token(&self, mac: &[u8]) -> String {
        format!("{}.{}", self.message(), URL_SAFE_NO_PAD.encode(mac))
    }
}

/// SHA-256 of a token, hex: what is stored of it.
pub fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A session as it is stored.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub account_id: UserId,
    /// Of the refresh token that is to be used next; counts from 1.
    pub generation: i64,
    pub token_hash: String,
    pub previous_hash: Option<String>,
    /// When the current generation was made.
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked: bool,
}

/// What becomes of a genuine refresh token that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is the current one: make its successor.
    Rotate,
    /// It is the current one's predecessor, a moment ago: give the current one again.
    Repeat,
    /// It was spent: someone else may have it, so its family ends.
    Revoke,
    /// It is worth nothing.
    Refuse,
}

/// Decide on the token of `generation`, whose mac was found genuine and whose [`digest`] is given.
pub fn decide(session: &Session, generation: i64, digest: &str, now: Timestamp) -> Decision {
    if session.revoked || now >= session.expires_at || generation > session.generation {
        return Decision::Refuse;
    }
    if generation == session.generation {
        let known = same(&session.token_hash, digest);
        return if known { Decision::Rotate } else { Decision::Refuse };
    }
    let predecessor = generation == session.generation.saturating_sub(1)
        && session.previous_hash.as_deref().is_some_and(|previous| same(previous, digest));
    if predecessor && now < session.rotated_at.plus_seconds(GRACE_SECONDS) {
        Decision::Repeat
    } else {
        Decision::Revoke
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROTATED: Timestamp = Timestamp(1_000_000);

    const ID: SessionId = SessionId::from_u128(0x0190);

    fn claim(generation: i64) -> Claim {
        Claim { session: ID, generation }
    }

    fn token(generation: i64) -> String {
        claim(generation).token(&[u8::try_from(generation).unwrap(); 32])
    }

    /// A session whose third token is the current one.
    fn session() -> Session {
        Session {
            id: ID,
            account_id: UserId::from_u128(0xa),
            generation: 3,
            token_hash: digest(&token(3)),
            previous_hash: Some(digest(&token(2))),
            rotated_at: ROTATED,
            expires_at: ROTATED.plus_seconds(100),
            revoked: false,
        }
    }

    fn shown(generation: i64, seconds_later: i64) -> Decision {
        decide(&session(), generation, &digest(&token(generation)), ROTATED.plus_seconds(seconds_later))
    }

    #[test]
    fn the_decision_table() {
        let table = [
            (3, 0, Decision::Rotate),
            (3, 99, Decision::Rotate),
            (3, 100, Decision::Refuse),
            (2, 0, Decision::Repeat),
            (2, 9, Decision::Repeat),
            (2, 10, Decision::Revoke),
            (2, 100, Decision::Refuse),
            (1, 0, Decision::Revoke),
            (1, 50, Decision::Revoke),
            (4, 0, Decision::Refuse),
        ];
        for (generation, later, decision) in table {
            assert_eq!(shown(generation, later), decision, "generation {generation}, {later} s later");
        }
    }

    #[test]
    fn a_revoked_session_refuses_all() {
        let session = Session { revoked: true, ..session() };
        for generation in 1..=4 {
            let decision = decide(&session, generation, &digest(&token(generation)), ROTATED);
            assert_eq!(decision, Decision::Refuse);
        }
    }

    #[test]
    fn a_token_that_is_not_the_stored_one_is_refused() {
        assert_eq!(decide(&session(), 3, &digest("other"), ROTATED), Decision::Refuse);
        assert_eq!(decide(&session(), 2, &digest("other"), ROTATED), Decision::Revoke);
    }

    #[test]
    fn a_token_is_read_as_it_was_written() {
        assert_eq!(Claim::parse(&token(3)), Some(claim(3)));
        assert!(Claim::parse(&format!("{ID}.1.m")).is_some());
        let long = format!(".1.{}", "m".repeat(MAX_TOKEN));
        for rest in ["", ".", ".1", ".x.m", ".0.m", ".-1.m", ".1.m.n", ".99999999999999999999.m", &long] {
            assert_eq!(Claim::parse(&format!("{ID}{rest}")), None, "{rest}");
        }
        for text in ["", "..", "s.1.m", ".1.m"] {
            assert_eq!(Claim::parse(text), None, "{text}");
        }
    }
}
