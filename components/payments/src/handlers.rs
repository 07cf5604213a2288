//! One module per part of the API.

pub mod health;
pub mod history;
pub mod notified;
pub mod pay;
pub mod payments;
pub mod refunds;
pub mod settle;
