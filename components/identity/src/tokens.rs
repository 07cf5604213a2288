//! Signing and verifying, pure: keys in, answers out.
//!
//! Access tokens follow RFC 9068 (`typ: at+jwt`). The algorithm is pinned: whatever a header says, HS256 under
//! our key is what is checked.

use std::collections::HashSet;

use jwt_simple::prelude::*;
use jwt_simple::{JWTError, common::HeaderOptions, token::Token};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bindings::exports::jangteo::identity::issuer::{Grant, Issued};
use crate::bindings::exports::jangteo::identity::verifier::{Denial, Kind, Principal};
use crate::keys::Keys;

/// `aud` of every token.
const AUDIENCE: &str = "jangteo";
/// Lifetime of an access token, in seconds (the contract's 5 minutes).
const ACCESS_SECONDS: u32 = 300;
/// Lifetime of a service token, in seconds: long enough to be kept between calls.
const SERVICE_SECONDS: u32 = 60;
/// How far clocks of two machines may differ, in seconds.
const CLOCK_SKEW_SECONDS: u64 = 2;
/// `typ` of an access token (RFC 9068, section 2.1).
const ACCESS_TYPE: &str = "at+jwt";
/// `typ` of a service token.
const SERVICE_TYPE: &str = "svc+jwt";

/// What is to be signed.
pub enum Issuing {
    /// A token for a person.
    Access(Grant),
    /// A token for a service of this name.
    Service(String),
}

#[derive(Serialize, Deserialize, Default)]
struct Custom {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    sid: String,
}

/// Sign a token.
pub fn issue(keys: &Keys, what: Issuing) -> Result<Issued, String> {
    let (typ, subject, lifetime, custom) = match what {
        Issuing::Access(g) => {
            let custom = Custom { roles: g.roles, permissions: g.permissions, sid: g.session };
            (ACCESS_TYPE, g.subject, ACCESS_SECONDS, custom)
        }
        Issuing::Service(name) => (SERVICE_TYPE, name, SERVICE_SECONDS, Custom::default()),
    };
    let claims = Claims::with_custom_claims(custom, Duration::from_secs(u64::from(lifetime)))
        .with_subject(subject)
        .with_issuer(&keys.issuer)
        .with_audience(AUDIENCE)
        .with_jwt_id(Uuid::now_v7().to_string());
    let options = HeaderOptions { signature_type: Some(typ.to_owned()), ..Default::default() };
    let token = keys.signing.authenticate_with_options(claims, &options);
    Ok(Issued { token: token.map_err(|error| error.to_string())?, expires_in: lifetime })
}

/// Verify a token and say who it speaks for.
pub fn verify(keys: &Keys, token: &str) -> Result<Principal, Denial> {
    let header = Token::decode_metadata(token).map_err(|_| Denial::Malformed)?;
    let (typ, kind) = match header.signature_type() {
        Some(ACCESS_TYPE) => (ACCESS_TYPE, Kind::User),
        Some(SERVICE_TYPE) => (SERVICE_TYPE, Kind::Service),
        _ => return Err(Denial::Foreign),
    };
    let options = VerificationOptions {
        required_key_id: Some(keys.kid.clone()),
        required_signature_type: Some(typ.to_owned()),
        allowed_issuers: Some(HashSet::from([keys.issuer.clone()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        time_tolerance: Some(Duration::from_secs(CLOCK_SKEW_SECONDS)),
        ..Default::default()
    };
    let claims = keys.signing.verify_token::<Custom>(token, Some(options)).map_err(|e| denial(&e))?;
    let expires_at = claims.expires_at.ok_or(Denial::Foreign)?.as_secs();
    Ok(Principal {
        kind,
        subject: claims.subject.filter(|subject| !subject.is_empty()).ok_or(Denial::Foreign)?,
        roles: claims.custom.roles,
        permissions: claims.custom.permissions,
        session: claims.custom.sid,
        expires_at,
    })
}

fn denial(error: &jwt_simple::Error) -> Denial {
    match error.downcast_ref::<JWTError>() {
        Some(JWTError::TokenHasExpired | JWTError::TokenIsTooOld) => Denial::Expired,
        Some(JWTError::TokenNotValidYet | JWTError::ClockDrift) => Denial::NotYetValid,
        Some(
            JWTError::RequiredIssuerMismatch
            | JWTError::RequiredIssuerMissing
            | JWTError::RequiredAudienceMismatch
            | JWTError::RequiredAudienceMissing
            | JWTError::RequiredSignatureTypeMismatch,
        ) => Denial::Foreign,
        Some(JWTError::CompactEncodingError | JWTError::NotJWT) => Denial::Malformed,
        _ => Denial::Forged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(byte: u8, issuer: &str) -> Keys {
        Keys::new(vec![byte; 32], issuer.to_owned()).unwrap()
    }

    fn alice() -> Issuing {
        Issuing::Access(Grant {
            subject: "alice".to_owned(),
            roles: vec!["BUYER".to_owned()],
            permissions: vec!["orders:create".to_owned()],
            session: "s".to_owned(),
        })
    }

    fn signed(keys: &Keys, typ: &str, claims: JWTClaims<Custom>) -> String {
        let options = HeaderOptions { signature_type: Some(typ.to_owned()), ..Default::default() };
        keys.signing.authenticate_with_options(claims, &options).unwrap()
    }

    fn claims(keys: &Keys) -> JWTClaims<Custom> {
        Claims::with_custom_claims(Custom::default(), Duration::from_secs(300))
            .with_subject("alice")
            .with_issuer(&keys.issuer)
            .with_audience(AUDIENCE)
    }

    #[test]
    fn what_was_issued_is_verified() {
        let keys = keys(1, "us");
        let issued = issue(&keys, alice()).unwrap();
        let principal = verify(&keys, &issued.token).unwrap();
        assert_eq!((principal.subject.as_str(), principal.session.as_str()), ("alice", "s"));
        assert!(matches!(principal.kind, Kind::User));
        let service = issue(&keys, Issuing::Service("orders".to_owned())).unwrap();
        assert!(matches!(verify(&keys, &service.token).unwrap().kind, Kind::Service));
    }

    #[test]
    fn other_keys_issuers_audiences_and_types_are_refused() {
        let own = keys(1, "us");
        let foreign = issue(&keys(2, "us"), alice()).unwrap().token;
        assert!(matches!(verify(&own, &foreign), Err(Denial::Forged)));
        let them = issue(&keys(1, "them"), alice()).unwrap().token;
        assert!(matches!(verify(&own, &them), Err(Denial::Foreign)));
        let other_audience = signed(&own, ACCESS_TYPE, claims(&own).with_audience("x"));
        assert!(matches!(verify(&own, &other_audience), Err(Denial::Foreign)));
        let refresh = signed(&own, "rt+jwt", claims(&own));
        assert!(matches!(verify(&own, &refresh), Err(Denial::Foreign)));
    }

    #[test]
    fn time_is_checked() {
        let keys = keys(1, "us");
        let now = Clock::now_since_epoch();
        let mut old = claims(&keys);
        old.expires_at = Some(now - Duration::from_secs(10));
        assert!(matches!(verify(&keys, &signed(&keys, ACCESS_TYPE, old)), Err(Denial::Expired)));
        let early = claims(&keys).invalid_before(now + Duration::from_secs(60));
        let early = signed(&keys, ACCESS_TYPE, early);
        assert!(matches!(verify(&keys, &early), Err(Denial::NotYetValid)));
        let mut endless = claims(&keys);
        endless.expires_at = None;
        assert!(verify(&keys, &signed(&keys, ACCESS_TYPE, endless)).is_err());
    }

    #[test]
    fn no_algorithm_and_an_altered_body_are_refused() {
        let keys = keys(1, "us");
        let token = issue(&keys, alice()).unwrap().token;
        let parts: Vec<_> = token.split('.').collect();
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
        assert!(verify(&keys, &format!("{none}.{}.", parts[1])).is_err());
        assert!(verify(&keys, &format!("{none}.{}.{}", parts[1], parts[2])).is_err());
        let altered = format!("{}.{}x.{}", parts[0], parts[1], parts[2]);
        assert!(verify(&keys, &altered).is_err());
        assert!(matches!(verify(&keys, "nonsense"), Err(Denial::Malformed)));
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Keys::new(vec![1; 31], "us".to_owned()).is_err());
    }
}
