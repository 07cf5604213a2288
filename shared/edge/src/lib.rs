//! The HTTP edge that every service shares.
//!
//! [`serve`] (or [`serve_static`]) wraps a service's router: request id, trace context, problem+json. The extractors
//! say in a handler's signature what it needs: [`User`] or [`ServiceCaller`], [`JsonBody`], [`Keyed`] or
//! [`OptionalBody`] (and [`Once`]), [`Message`] from another service, [`Preconditions`], [`Page`], [`Query`], [`Path`]
//! with [ids](contract::Id), [`Context`]. [`Api`] has a service's public operations, each with its route, its handler
//! and its description. [`Period`] is the `from` and `to` of a list. [`Client`] calls other services' internal routes.
//! [`text`] is how free text comes in, [`headers`] how headers do.

mod access_log;
mod api;
mod body;
mod caller;
mod client;
mod client_address;
mod context;
mod cors;
#[cfg(feature = "schema")]
pub mod describe;
#[cfg(not(feature = "schema"))]
#[path = "undescribed.rs"]
pub mod describe;
mod etag;
pub mod headers;
mod identity;
mod json;
mod keyed;
mod once;
mod page;
mod period;
mod problem;
mod rate_limit;
mod refusal;
mod serve;
pub mod text;
pub mod vault;

pub use api::Api;
pub use caller::{Caller, Permitted, ServiceCaller, User};
pub use client::{Client, Reply};
pub use client_address::origin;
pub use context::Context;
pub use etag::{Preconditions, etag};
pub use identity::{
    Announced, Grant, Kind, Principal, Relation, Signature, issue_access, key_set, rotate_keys, seal, sign,
};
pub use json::{JsonBody, Message, Raw};
pub use keyed::{Key, Keyed, Nothing, OptionalBody, REPLAYED, replayed};
pub use once::{Answer, Once, SEALED};
pub use page::{List, Page, PageOf, Path, Query};
pub use period::Period;
pub use problem::{Code, FieldError, Problem};
pub use refusal::{Refusal, on_refusal};
pub use serve::{router, serve, serve_static};
