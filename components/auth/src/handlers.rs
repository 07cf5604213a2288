//! One module per part of the API.

pub mod accounts;
pub mod authority;
pub mod internal;
pub mod keys;
pub mod lifecycle;
pub mod login;
pub mod passwords;
pub mod permissions;
pub mod resets;
pub mod roles;
pub mod sessions;
pub mod throttles;
