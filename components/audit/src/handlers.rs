//! One file per group of routes.

pub mod checkpoints;
pub mod export;
pub mod feed;
pub mod intake;
pub mod read;
pub mod relays;
pub mod verify;
