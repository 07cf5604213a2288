//! One file per group of routes.

pub mod intake;
pub mod read;
