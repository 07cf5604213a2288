//! The front door: index, health, API description.
