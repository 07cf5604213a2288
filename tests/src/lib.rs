//! The harness of the service and journey tests: an app with fresh state, and people who use it.
//!
//! ```ignore
//! let app = TestApp::start().await;
//! let alice = app.buyer("alice").await;
//! alice.post("/api/orders", order).await.assert_status(201);
//! ```
//!
//! With `JANGTEO_URL` set the same stories run against that instance (real Spin, a cluster), with the admin of
//! `JANGTEO_ADMIN_EMAIL` and `JANGTEO_ADMIN_PASSWORD`; stories that need the embedded host itself say so.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "tests tell what they saw")]

mod actor;
mod app;
#[cfg(test)]
mod imports;
mod internal;
mod leaks;
mod localstripe;
mod manifest;
mod openapi;
mod peer;
mod plans;
mod process;
#[cfg(test)]
mod prose;
mod python;
mod rechain;
mod redis;
mod replay;
mod response;
mod seen;
mod shop;
mod stripe;
mod typescript;

pub use actor::Actor;
pub use app::{SECRET, TestApp, manifest_routes, root};
pub use leaks::assert_no_card_data;
pub use localstripe::LocalStripe;
pub use manifest::with_provider;
pub use openapi::{Operation, document, methods, operations, template};
pub use peer::{Asked, Peer, Said};
pub use plans::unseen;
pub use process::HostProcess;
pub use python::python;
pub use rechain::rechain;
pub use redis::{Redis, Subscriber};
pub use replay::{Compared, REPLAYED, replay, script};
pub use response::Response;
pub use seen::remember;
pub use shop::{APPROVED_CARD, address, card, order_for, order_of, path_of, pay};
pub use stripe::{FakeStripe, STRIPE_SECRET, StripeBooks, seconds_now, signed, stripe_webhook};
pub use typescript::typescript;
