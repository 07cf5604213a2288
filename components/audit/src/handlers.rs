//! One file per group of routes.

pub mod checkpoints;
pub mod events;
pub mod export;
pub mod feed;
pub mod internal;
pub mod read;
pub mod relays;
pub mod verify;
