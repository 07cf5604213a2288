//! A payment provider for development and tests, deterministic by card number.
