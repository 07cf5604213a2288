//! Events between services: [`CloudEvent`]s, and the [`Relay`] that carries them from a service's log to its
//! targets, in order and at least once. Receivers drop what they have seen.

mod cloudevent;
mod cursors;
mod delivery;
mod lag;
mod parking;
mod people;
mod redis;
mod refusals;
mod relay;
mod repeats;
mod routes;
mod undelivered;

pub use cloudevent::CloudEvent;
pub use people::person;
pub use redis::SETTINGS;
pub use relay::{Relay, Target};
pub use routes::{health, internal_routes, relay_route};
