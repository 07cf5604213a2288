//! What becomes of an account: another e-mail, disabled, enabled, erased.

use contract::auth::AuthEvent;
use serde_json::json;
use store::{Event, NEXT};

use super::Credentials;

/// The event that gives an account another e-mail and ends all its sessions `except` the one that did it.
pub fn email_changed(account: &Credentials, email: &str, email_hash: &str, except: &str) -> Event {
    let id = account.account_id.as_str();
    let changed = AuthEvent::UserEmailChanged { except: Some(except.to_owned()) };
    let mut event = Event::new(id, NEXT, id, &changed);
    event.private =
        Some(json!({ "email": email, "emailHash": email_hash, "credential": account.credential }));
    event
}

/// The event that disables an account and ends its sessions, or enables it again.
pub fn switched(account_id: &str, disabled: bool, actor: String) -> Event {
    let switched = if disabled { AuthEvent::UserDisabled {} } else { AuthEvent::UserEnabled {} };
    Event::new(account_id, NEXT, actor, &switched)
}

/// The event that erases an account: its fold leaves nothing personal, here and in the log.
pub fn erased(account_id: &str, actor: String) -> Event {
    Event::new(account_id, NEXT, actor, &AuthEvent::UserErased {})
}
