//! One module per part of the API.

pub mod accounts;
pub mod internal;
pub mod keys;
pub mod lifecycle;
pub mod own_sessions;
pub mod passwords;
pub mod permissions;
pub mod roles;
pub mod sessions;
pub mod throttles;

use std::pin::Pin;

/// What many handlers await, boxed: the component has one copy of it, not one per handler, which keeps it within its
/// size limit.
pub type Shared<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
