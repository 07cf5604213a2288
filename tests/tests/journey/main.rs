//! Stories across services: buying, racing, dying and coming back.

mod buying;
mod crashes;
mod data_keys;
mod faults;
mod market;
mod races;
mod rare;
mod reader;
mod redis;
