//! The events of accounts: made, changed, disabled, erased; and of logins that failed.

use contract::auth::{AuthEvent, LoginFailure, ResetBy};
use contract::{ResetId, SessionId, UserId};
use serde_json::json;
use store::{Event, NEXT, Timestamp};

use crate::store::resets::Reset;
use crate::store::{Credentials, NewAccount};

/// The event that makes `account`.
pub fn registered(account: &NewAccount, actor: impl Into<String>) -> Event {
    let mut event =
        Event::new(account.id, 1, actor, &AuthEvent::UserRegistered { roles: account.roles.clone() });
    event.private = Some(json!({
        "email": account.email,
        "emailHash": account.email_hash,
        "name": account.name,
        "passwordHash": account.password_hash,
    }));
    event
}

/// The event that gives an account another e-mail and ends all its sessions `except` the one that did it.
pub fn email_changed(account: &Credentials, email: &str, email_hash: &str, except: SessionId) -> Event {
    let id = account.account_id;
    let changed = AuthEvent::UserEmailChanged { except: Some(except) };
    let mut event = Event::new(id, NEXT, id, &changed);
    event.private =
        Some(json!({ "email": email, "emailHash": email_hash, "credential": account.credential }));
    event
}

/// The event that disables an account and ends its sessions, or enables it again.
pub fn switched(account_id: UserId, disabled: bool, actor: String) -> Event {
    let switched = if disabled { AuthEvent::UserDisabled {} } else { AuthEvent::UserEnabled {} };
    Event::new(account_id, NEXT, actor, &switched)
}

/// The event that erases an account: its fold leaves nothing personal, here and in the log.
pub fn erased(account_id: UserId, actor: String) -> Event {
    Event::new(account_id, NEXT, actor, &AuthEvent::UserErased {})
}

/// The event that gives an account another password and ends all its sessions `except` the one that did it.
pub fn password_changed(account: &Credentials, hash: &str, except: SessionId) -> Event {
    let id = account.account_id;
    let changed = AuthEvent::PasswordChanged { except: Some(except) };
    let mut event = Event::new(id, NEXT, id, &changed);
    event.private = Some(json!({ "passwordHash": hash, "credential": account.credential }));
    event
}

/// The event that stores the same password under today's parameters.
pub fn password_rehashed(account: &Credentials, hash: &str) -> Event {
    let mut event = Event::new(account.account_id, NEXT, "service:auth", &AuthEvent::PasswordRehashed {});
    event.private = Some(json!({ "passwordHash": hash, "credential": account.credential }));
    event
}

/// The event that lets whoever holds a token set a new password of this account; `issuer` is who hands it over, `None`
/// when it is mailed.
pub fn reset_requested(
    account_id: UserId,
    issuer: Option<UserId>,
    reset_id: ResetId,
    token_hash: &str,
    until: Timestamp,
) -> Event {
    let by = by(issuer.is_some());
    let actor = issuer.map_or_else(|| "anonymous".to_owned(), String::from);
    let requested = AuthEvent::PasswordResetRequested { by, expires_at: until, reset_id };
    let mut event = Event::new(account_id, NEXT, actor, &requested);
    event.private = Some(json!({ "tokenHash": token_hash, "issuer": issuer }));
    event
}

/// The event of a new password by the token with this hash. It ends all sessions.
pub fn password_reset(reset: &Reset, token_hash: &str, password_hash: &str) -> Event {
    let id = reset.account_id;
    let done = AuthEvent::PasswordReset { by: by(reset.issued), reset_id: reset.id };
    let mut event = Event::new(id, NEXT, id, &done);
    event.private = Some(json!({ "tokenHash": token_hash, "passwordHash": password_hash }));
    event
}

fn by(issued: bool) -> ResetBy {
    if issued { ResetBy::Admin } else { ResetBy::Owner }
}

/// The event of a login that failed, to be noted: on the account's stream when there is one, else on one of all.
pub fn login_failed(account: Option<&Credentials>) -> Event {
    let (reason, user_id) = match account {
        Some(account) if account.disabled => (LoginFailure::AccountDisabled, Some(account.account_id)),
        Some(account) => (LoginFailure::WrongPassword, Some(account.account_id)),
        None => (LoginFailure::UnknownAccount, None),
    };
    let stream = user_id.map_or_else(|| "login:unknown".to_owned(), String::from);
    Event::new(stream, NEXT, "anonymous", &AuthEvent::LoginFailed { reason, user_id, repeated: None })
}
