//! The rules of accounts, passwords, roles and sessions. No I/O, no clock, no randomness.

pub mod account;
pub mod password;
pub mod reset;
pub mod role;
pub mod session;
pub mod throttle;

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
