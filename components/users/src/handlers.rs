//! One module per part of the API.

pub mod accounts;
pub mod events;
pub mod export;
pub mod profiles;
pub mod reach;
