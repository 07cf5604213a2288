//! One module per part of the API.

pub mod accounts;
pub mod sessions;
