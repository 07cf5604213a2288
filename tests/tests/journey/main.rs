//! Stories across services: buying, racing, dying and coming back.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "tests tell what they saw")]

mod browser;
mod buying;
mod clients;
mod crashes;
mod data_keys;
mod docs;
mod faults;
mod fuzz;
mod licences;
mod mails;
mod market;
mod races;
mod rare;
mod reader;
mod readme;
mod redis;
