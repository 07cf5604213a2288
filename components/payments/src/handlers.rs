//! One module per part of the API.

pub mod conflicts;
pub mod disputes;
pub mod events;
pub mod give_back;
pub mod health;
pub mod history;
pub mod internal;
pub mod outcomes;
pub mod pay;
pub mod paybacks;
pub mod payments;
pub mod refunds;
pub mod relation;
pub mod three_d_secure;
pub mod webhooks;
