//! One module per part of the API.

pub mod events;
pub mod internal;
pub mod products;
pub mod stock;
