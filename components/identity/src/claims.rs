//! The exact form of our tokens. The signature shows that a token is ours; this, that its claims are valid. Members
//! that our tokens do not have are refused: somebody might rely on one that nobody here reads.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::bindings::exports::jangteo::identity::verifier::{Denial, Kind};

/// `aud` of every token.
pub const AUDIENCE: &str = "jangteo";
/// Lifetime of an access token, in seconds (the contract's 5 minutes).
pub const ACCESS_SECONDS: u32 = 300;
/// The longest lifetime of a service token that is believed, in seconds. We give a minute; whoever tests the internal
/// routes of a deployment, and has its key, may take an hour.
const MAX_SERVICE_SECONDS: u64 = 3600;
/// How far clocks of two machines may differ, in seconds.
pub const CLOCK_SKEW_SECONDS: u64 = 2;
/// `typ` of an access token (RFC 9068, section 2.1).
pub const ACCESS_TYPE: &str = "at+jwt";
/// `typ` of a service token.
pub const SERVICE_TYPE: &str = "svc+jwt";
/// The longest token that is looked at, in bytes: twice that of an account with as many roles as one can have.
const MAX_TOKEN: usize = 8 * 1024;
/// The most roles and permissions in a token, and the longest of them, in bytes: above what we ever put in.
const MAX_NAMES: usize = 256;
const MAX_NAME: usize = 64;
/// The longest `jti`, in bytes.
const MAX_ID: usize = 128;

/// A token's header. `crit` and all others are refused, as we have none (RFC 7515, section 4.1.11).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// Compared with the key's by whoever checks the signature.
    #[serde(rename = "alg")]
    _alg: String,
    typ: String,
    kid: String,
}

/// A token's claims: each at most once, times in whole seconds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    iss: String,
    aud: String,
    sub: String,
    jti: String,
    exp: u64,
    iat: u64,
    nbf: u64,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    sid: String,
}

/// What a token's header says.
pub struct Header {
    pub kind: Kind,
    pub kid: String,
}

/// What a token's claims say, once they are checked.
pub struct Claims {
    pub subject: String,
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
    pub session: String,
    pub expires_at: u64,
}

/// The header of `token`: which key signed it, and for what kind of caller.
pub fn header(token: &str) -> Result<Header, Denial> {
    let mut parts = token.split('.');
    let (Some(head), Some(_), Some(_), None, true) =
        (parts.next(), parts.next(), parts.next(), parts.next(), token.len() <= MAX_TOKEN)
    else {
        return Err(Denial::Malformed);
    };
    let head: Head = part(head).ok_or(Denial::Malformed)?;
    let kind = match head.typ.as_str() {
        ACCESS_TYPE => Kind::User,
        SERVICE_TYPE => Kind::Service,
        _ => return Err(Denial::Foreign),
    };
    Ok(Header { kind, kid: head.kid })
}

/// The claims of a `token` whose signature is ours, if they are those of a `kind` of caller at this moment.
pub fn claims(token: &str, kind: Kind, issuer: &str, now: u64) -> Result<Claims, Denial> {
    let body: Body = token.split('.').nth(1).and_then(part).ok_or(Denial::Foreign)?;
    if body.iss != issuer || body.aud != AUDIENCE || !is_sane(&body, kind) {
        return Err(Denial::Foreign);
    }
    in_time(&body, kind, now)?;
    Ok(Claims {
        subject: body.sub,
        roles: body.roles,
        permissions: body.permissions,
        session: body.sid,
        expires_at: body.exp,
    })
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64.decode(text).ok()?).ok()
}

fn is_sane(body: &Body, kind: Kind) -> bool {
    let bounded = |names: &[String]| {
        names.len() <= MAX_NAMES && names.iter().all(|name| (1..=MAX_NAME).contains(&name.len()))
    };
    let subject = match kind {
        Kind::User => is_id(&body.sub) && is_id(&body.sid),
        Kind::Service => is_service(&body.sub) && (body.sid.is_empty() || is_id(&body.sid)),
    };
    subject && (1..=MAX_ID).contains(&body.jti.len()) && bounded(&body.roles) && bounded(&body.permissions)
}

/// A UUID as we write it.
fn is_id(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text)
}

fn is_service(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

fn in_time(body: &Body, kind: Kind, now: u64) -> Result<(), Denial> {
    let longest = match kind {
        Kind::User => u64::from(ACCESS_SECONDS),
        Kind::Service => MAX_SERVICE_SECONDS,
    };
    let soon = now.saturating_add(CLOCK_SKEW_SECONDS);
    match body.exp.checked_sub(body.iat) {
        Some(lifetime) if (1..=longest).contains(&lifetime) && (body.iat..=body.exp).contains(&body.nbf) => {}
        _ => return Err(Denial::Foreign),
    }
    if body.iat > soon || body.nbf > soon {
        Err(Denial::NotYetValid)
    } else if now < body.exp.saturating_add(CLOCK_SKEW_SECONDS) {
        Ok(())
    } else {
        Err(Denial::Expired)
    }
}
