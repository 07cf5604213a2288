//! One module per part of the API.

pub mod disputes;
pub mod health;
pub mod history;
pub mod notified;
pub mod pay;
pub mod paybacks;
pub mod payments;
pub mod refunds;
pub mod relation;
pub mod settle;

use http::{HeaderName, HeaderValue};

/// Says that an answer is to an earlier request.
const REPLAYED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
