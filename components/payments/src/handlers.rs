//! One module per part of the API.

pub mod pay;
pub mod payments;
pub mod settle;
