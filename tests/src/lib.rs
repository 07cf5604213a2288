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

mod actor;
mod app;
mod internal;
mod process;
mod redis;
mod response;
mod seen;
mod shop;

pub use actor::Actor;
pub use app::{SECRET, TestApp, manifest_routes, root};
pub use process::HostProcess;
pub use redis::{Redis, Subscriber};
pub use response::Response;
pub use shop::{APPROVED_CARD, address, card, order_for, pay};
