//! One module per part of the API.

pub mod people;
pub mod products;
pub mod reservations;
pub mod stock;
