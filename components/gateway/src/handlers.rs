//! One module per part of the API.

pub mod docs;
pub mod health;
pub mod index;
pub mod keys;
pub mod metrics;
pub mod schemas;
pub mod sweep;
