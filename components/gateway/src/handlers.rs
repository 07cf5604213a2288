//! One module per part of the API.

pub mod discovery;
pub mod health;
pub mod index;
pub mod keys;
pub mod metrics;
pub mod openapi;
pub mod ready;
pub mod schemas;
pub mod services;
pub mod sweep;
