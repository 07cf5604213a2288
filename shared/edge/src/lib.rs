//! The HTTP edge that every service shares.
//!
//! [`serve`] wraps a service's router: request id, trace context, problem+json. The extractors say in a
//! handler's signature what it needs: [`User`] or [`ServiceCaller`], [`Json`], [`Keyed`] or [`KeyedOr`] (and [`Once`]),
//! [`Preconditions`], [`Page`], [`Query`], [`Path`], [`Context`]. [`Client`] calls other services' internal routes.
//! [`text`] is how free text comes in, [`headers`] how headers do.

mod caller;
mod client;
mod client_address;
mod context;
mod etag;
pub mod headers;
mod identity;
mod json;
mod keyed;
mod once;
mod page;
mod problem;
mod refusal;
mod serve;
pub mod text;
pub mod vault;

pub use caller::{Caller, ServiceCaller, User};
pub use client::{Client, Reply};
pub use context::Context;
pub use etag::{Preconditions, etag};
pub use identity::{
    Announced, Grant, Kind, Principal, Relation, Signature, issue_access, key_set, rotate_keys, seal, sign,
};
pub use json::{Json, Raw};
pub use keyed::{Key, Keyed, KeyedOr, Nothing, replayed};
pub use once::{Answer, Once};
pub use page::{List, Page, Path, Query};
pub use problem::{Code, FieldError, Problem};
pub use refusal::{Refusal, on_refusal};
pub use serve::{router, serve};
