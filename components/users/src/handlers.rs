//! One module per part of the API.

pub mod profiles;
