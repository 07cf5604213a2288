//! One module per part of the API.

pub mod events;
pub mod products;
pub mod reservations;
pub mod stock;
