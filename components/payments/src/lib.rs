//! Payments by way of a provider plug-in.
