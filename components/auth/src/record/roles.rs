//! The events of roles and of keys.

use contract::UserId;
use contract::auth::{AuthEvent, Role};
use store::{Event, NEXT};

use crate::domain::role::Custom;

/// The event of a role that makes this revision of it; `happens` says what happens to it.
pub fn role(happens: fn(Role) -> AuthEvent, role: &Custom, revision: i64, actor: String) -> Event {
    let told = Role { role: role.name.clone(), permissions: role.permissions.clone() };
    Event::new(format!("role:{}", role.name), revision, actor, &happens(told))
}

/// The event that gives an account these roles and no others.
pub fn roles_changed(user_id: UserId, roles: &[String], actor: String) -> Event {
    Event::new(user_id, NEXT, actor, &AuthEvent::UserRolesChanged { roles: roles.to_vec() })
}

/// The event of somebody who wants another signing key: it is judged before the key is made.
pub fn rotation_requested(actor: impl Into<String>) -> Event {
    Event::new("keys", NEXT, actor, &AuthEvent::RotationRequested {})
}

/// The event of a new signing key.
pub fn key_rotated(kid: &str, actor: String) -> Event {
    Event::new(format!("key:{kid}"), 1, actor, &AuthEvent::KeyRotated { kid: kid.to_owned() })
}
