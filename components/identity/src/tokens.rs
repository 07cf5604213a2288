//! Signing and verifying, pure: keys in, answers out.
//!
//! Access tokens follow RFC 9068 (`typ: at+jwt`). The algorithm is pinned: a header only names one of our keys, and
//! the key knows its algorithm.

use jwt_simple::prelude::*;
use jwt_simple::{JWTError, common::HeaderOptions};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bindings::exports::jangteo::identity::issuer::{Grant, Issued};
use crate::bindings::exports::jangteo::identity::verifier::{Denial, Principal};
use crate::claims::{self, ACCESS_SECONDS, ACCESS_TYPE, AUDIENCE, CLOCK_SKEW_SECONDS, SERVICE_TYPE};
use crate::keys::Ring;

/// Lifetime of a service token, in seconds: long enough to be kept between calls.
const SERVICE_SECONDS: u32 = 60;
/// What is to be signed.
pub enum Issuing {
    /// A token for a person.
    Access(Grant),
    /// A token for a service of this name.
    Service(String),
}

#[derive(Serialize, Deserialize, Default)]
struct Custom {
    roles: Vec<String>,
    permissions: Vec<String>,
    sid: String,
}

/// Sign a token.
pub fn issue(ring: &Ring, what: Issuing, now: u64) -> Result<Issued, String> {
    let (typ, subject, lifetime, custom) = match what {
        Issuing::Access(g) => {
            let custom = Custom { roles: g.roles, permissions: g.permissions, sid: g.session };
            (ACCESS_TYPE, g.subject, ACCESS_SECONDS, custom)
        }
        Issuing::Service(name) => (SERVICE_TYPE, name, SERVICE_SECONDS, Custom::default()),
    };
    let claims = Claims::with_custom_claims(custom, Duration::from_secs(u64::from(lifetime)))
        .with_subject(subject)
        .with_issuer(&ring.issuer)
        .with_audience(AUDIENCE)
        .with_jwt_id(Uuid::now_v7().to_string());
    let options = HeaderOptions { signature_type: Some(typ.to_owned()), ..Default::default() };
    let key = ring.signing(now).ok_or("no key signs yet")?;
    Ok(Issued { token: key.sign(claims, &options)?, expires_in: lifetime })
}

/// Verify a token and say who it speaks for: first whether a key of ours signed it, then what it says.
pub fn verify(ring: &Ring, token: &str, now: u64) -> Result<Principal, Denial> {
    let header = claims::header(token)?;
    let key = ring.verifying(&header.kid, now).ok_or(Denial::Forged)?;
    let options = VerificationOptions {
        time_tolerance: Some(Duration::from_secs(CLOCK_SKEW_SECONDS)),
        ..Default::default()
    };
    let signed = key.verify::<NoCustomClaims>(token, options).map_err(|e| denial(&e));
    if let Err(denial @ (Denial::Forged | Denial::Malformed)) = signed {
        return Err(denial);
    }
    // The signature is ours. What the crate says of times holds only if they are sane.
    let claims = claims::claims(token, header.kind, &ring.issuer, now)?;
    signed?;
    Ok(Principal {
        kind: header.kind,
        subject: claims.subject,
        roles: claims.roles,
        permissions: claims.permissions,
        session: claims.session,
        expires_at: claims.expires_at,
    })
}

fn denial(error: &jwt_simple::Error) -> Denial {
    match error.downcast_ref::<JWTError>() {
        Some(JWTError::TokenHasExpired | JWTError::TokenIsTooOld) => Denial::Expired,
        Some(JWTError::TokenNotValidYet | JWTError::ClockDrift) => Denial::NotYetValid,
        Some(JWTError::CompactEncodingError | JWTError::NotJWT) => Denial::Malformed,
        _ => Denial::Forged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::jangteo::identity::verifier::Kind;
    use crate::keys::Key;
    use crate::settings::Algorithm::{self, EdDsa, Hs256};

    /// A user, and their session.
    const ALICE: &str = "019aa4c5-0004-7000-8000-000000000001";
    const SESSION: &str = "019aa4c5-0004-7000-8000-000000000009";

    fn now() -> u64 {
        Clock::now_since_epoch().as_secs()
    }

    fn ring(algorithm: Algorithm, byte: u8, issuer: &str) -> Ring {
        Ring::new(issuer, vec![Key::new(algorithm, &[byte; 32], 0).unwrap()])
    }

    fn alice() -> Issuing {
        Issuing::Access(Grant {
            subject: ALICE.to_owned(),
            roles: vec!["BUYER".to_owned()],
            permissions: vec!["orders:create".to_owned()],
            session: SESSION.to_owned(),
        })
    }

    fn signed(ring: &Ring, typ: &str, claims: JWTClaims<Custom>) -> String {
        let options = HeaderOptions { signature_type: Some(typ.to_owned()), ..Default::default() };
        ring.signing(now()).unwrap().sign(claims, &options).unwrap()
    }

    fn claims(ring: &Ring) -> JWTClaims<Custom> {
        let custom = Custom { sid: SESSION.to_owned(), ..Custom::default() };
        Claims::with_custom_claims(custom, Duration::from_secs(300))
            .with_subject(ALICE)
            .with_issuer(&ring.issuer)
            .with_audience(AUDIENCE)
            .with_jwt_id("1")
    }

    fn verify(ring: &Ring, token: &str) -> Result<Principal, Denial> {
        super::verify(ring, token, now())
    }

    #[test]
    fn what_was_issued_is_verified() {
        for algorithm in [Hs256, EdDsa] {
            let ring = ring(algorithm, 1, "us");
            let issued = issue(&ring, alice(), now()).unwrap();
            let principal = verify(&ring, &issued.token).unwrap();
            assert_eq!((principal.subject.as_str(), principal.session.as_str()), (ALICE, SESSION));
            assert!(matches!(principal.kind, Kind::User));
            let service = issue(&ring, Issuing::Service("orders".to_owned()), now()).unwrap();
            assert!(matches!(verify(&ring, &service.token).unwrap().kind, Kind::Service));
        }
    }

    #[test]
    fn other_keys_algorithms_issuers_audiences_and_types_are_refused() {
        for (algorithm, other) in [(Hs256, EdDsa), (EdDsa, Hs256)] {
            let own = ring(algorithm, 1, "us");
            for theirs in [ring(algorithm, 2, "us"), ring(other, 1, "us")] {
                let foreign = issue(&theirs, alice(), now()).unwrap().token;
                assert!(matches!(verify(&own, &foreign), Err(Denial::Forged)));
            }
            let them = issue(&ring(algorithm, 1, "them"), alice(), now()).unwrap().token;
            assert!(matches!(verify(&own, &them), Err(Denial::Foreign)));
            let other_audience = signed(&own, ACCESS_TYPE, claims(&own).with_audience("x"));
            assert!(matches!(verify(&own, &other_audience), Err(Denial::Foreign)));
            let refresh = signed(&own, "rt+jwt", claims(&own));
            assert!(matches!(verify(&own, &refresh), Err(Denial::Foreign)));
        }
    }

    #[test]
    fn time_is_checked() {
        let ring = ring(Hs256, 1, "us");
        let now = Clock::now_since_epoch();
        let mut old = claims(&ring);
        old.expires_at = Some(now - Duration::from_secs(10));
        old.issued_at = Some(now - Duration::from_secs(20));
        old.invalid_before = old.issued_at;
        assert!(matches!(verify(&ring, &signed(&ring, ACCESS_TYPE, old)), Err(Denial::Expired)));
        let later = now + Duration::from_secs(60);
        let early = claims(&ring).invalid_before(later);
        assert!(matches!(verify(&ring, &signed(&ring, ACCESS_TYPE, early)), Err(Denial::NotYetValid)));
        let mut future = claims(&ring);
        future.issued_at = Some(later);
        future.invalid_before = Some(later);
        assert!(matches!(verify(&ring, &signed(&ring, ACCESS_TYPE, future)), Err(Denial::NotYetValid)));
    }

    #[test]
    fn every_claim_must_be_there() {
        let ring = ring(Hs256, 1, "us");
        let remove: [fn(&mut JWTClaims<Custom>); 7] = [
            |claims| claims.issuer = None,
            |claims| claims.audiences = None,
            |claims| claims.expires_at = None,
            |claims| claims.invalid_before = None,
            |claims| claims.issued_at = None,
            |claims| claims.jwt_id = None,
            |claims| claims.subject = None,
        ];
        assert!(verify(&ring, &signed(&ring, ACCESS_TYPE, claims(&ring))).is_ok());
        for (at, remove) in remove.into_iter().enumerate() {
            let mut claims = claims(&ring);
            remove(&mut claims);
            let answer = verify(&ring, &signed(&ring, ACCESS_TYPE, claims));
            assert!(matches!(answer, Err(Denial::Foreign)), "claim {at}");
        }
    }

    #[test]
    fn no_algorithm_and_an_altered_body_are_refused() {
        let ring = ring(Hs256, 1, "us");
        let token = issue(&ring, alice(), now()).unwrap().token;
        let parts: Vec<_> = token.split('.').collect();
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
        assert!(verify(&ring, &format!("{none}.{}.", parts[1])).is_err());
        assert!(verify(&ring, &format!("{none}.{}.{}", parts[1], parts[2])).is_err());
        let altered = format!("{}.{}x.{}", parts[0], parts[1], parts[2]);
        assert!(verify(&ring, &altered).is_err());
        assert!(matches!(verify(&ring, "nonsense"), Err(Denial::Malformed)));
    }
}
