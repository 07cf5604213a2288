//! The audit log: every event of every service.
