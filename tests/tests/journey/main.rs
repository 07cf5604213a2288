//! Stories across services: buying, racing, dying and coming back.

mod buying;
mod crashes;
mod races;
mod rare;
mod reader;
mod redis;
