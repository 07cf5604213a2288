//! The rules of accounts, passwords, roles and sessions. No I/O, no clock, no randomness.

pub mod account;
pub mod password;
pub mod reset;
pub mod role;
pub mod session;
pub mod throttle;
