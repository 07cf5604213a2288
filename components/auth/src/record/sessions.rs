//! What happens to sessions.

use contract::auth::{AuthEvent, RevocationReason};
use contract::{SessionId, UserId};
use edge::{Answer, Context, Once};
use serde_json::json;
use store::{Event, NEXT, Timestamp};

use super::{append, given_back};
use crate::domain::session::{LIFETIME_SECONDS, Session};
use crate::error::Error;
use crate::store::throttle::Tries;
use crate::store::{self as auth, Credentials};

/// From where a session is used: the keyed hash of the address, and the device.
pub struct Device {
    pub origin: Option<String>,
    pub user_agent: Option<String>,
}

/// Append that a session starts with this hash of its first refresh token, which gives `tries` back.
///
/// # Errors
/// [`Error::WrongCredentials`] when the password was changed after it was checked.
pub async fn started(
    context: &Context,
    session: SessionId,
    account: &Credentials,
    device: Device,
    token_hash: &str,
    tries: &Tries,
) -> Result<(), Error> {
    let (account_id, now) = (account.account_id, Timestamp::now());
    let expires_at = now.plus_seconds(LIFETIME_SECONDS);
    let started = AuthEvent::SessionStarted { user_id: account_id, expires_at };
    let mut event = Event::new(session, 1, account_id, &started);
    event.private = Some(json!({
        "tokenHash": token_hash,
        "credential": account.credential,
        "origin": device.origin,
        "userAgent": device.user_agent,
    }));
    match append(context, given_back(event, tries), now).await {
        Err(error) if auth::is_stale(&error) => Err(Error::WrongCredentials),
        other => Ok(other.map(drop)?),
    }
}

/// Append the next generation of a session; false when another request was faster. Its version lets it happen once.
pub async fn refreshed(
    context: &Context,
    session: &Session,
    token_hash: &str,
    origin: Option<&str>,
    now: Timestamp,
) -> Result<bool, Error> {
    let generation = session.generation.saturating_add(1);
    let refreshed = AuthEvent::SessionRefreshed { user_id: session.account_id, generation };
    let mut event = Event::new(session.id, generation, session.account_id, &refreshed);
    event.private = Some(json!({ "tokenHash": token_hash, "origin": origin }));
    match append(context, event, now).await {
        Err(error) if auth::is_overtaken(&error) => Ok(false),
        other => Ok(other.map(|_| true)?),
    }
}

/// Append that a session is revoked, unless it was before.
pub async fn revoked(context: &Context, session: &Session, reason: RevocationReason) -> Result<(), Error> {
    done_before(append(context, revocation(session, reason), Timestamp::now()).await.map(drop))
}

/// As [`revoked`], by its owner, with the `answer` to be given again to the same key.
pub async fn logged_out(
    context: &Context,
    session: &Session,
    once: &Once,
    answer: &Answer,
) -> Result<(), Error> {
    let event = once.keep(revocation(session, RevocationReason::Logout), answer).await?;
    done_before(append(context, event, Timestamp::now()).await.map(drop))
}

fn revocation(session: &Session, reason: RevocationReason) -> Event {
    let revoked = AuthEvent::SessionRevoked { user_id: session.account_id, reason };
    Event::new(session.id, NEXT, session.account_id, &revoked)
}

fn done_before(appended: Result<(), store::Error>) -> Result<(), Error> {
    match appended {
        Err(error) if auth::is_revoked(&error) => Ok(()),
        other => Ok(other?),
    }
}

/// The event that ends the sessions of an account, all `except` one.
pub fn ended(account_id: UserId, except: Option<SessionId>, actor: String) -> Event {
    let reason = RevocationReason::EndedByOwner;
    Event::new(account_id, NEXT, actor, &AuthEvent::SessionsEnded { reason, except })
}
