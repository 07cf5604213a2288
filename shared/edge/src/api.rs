//! A service's public operations. Each is declared once, with its route, its handler and its words in the API's
//! description. The description reads permission, body, parameters, key and preconditions from the handler's signature.
//!
//! The description is made natively, with the feature `schema`. A component is built without it: the calls of
//! `describe` are then never made, and cost nothing.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use store::Db;

use crate::describe::{Inputs, Operation};
use crate::rate_limit::Limits;
#[cfg(feature = "schema")]
use crate::{Code, describe::Description};

/// The public operations of a service.
pub struct Api {
    router: Router,
    prefixes: &'static [&'static str],
    limits: Option<Limits>,
    #[cfg(feature = "schema")]
    description: Description,
}

/// A method of [`Api`] per HTTP method.
macro_rules! methods {
    ($($method:ident)*) => {
        $(
            #[doc = concat!("`", stringify!($method), "` of `path`, below the prefix.")]
            #[must_use]
            pub fn $method<T: Inputs + 'static>(
                self,
                path: &str,
                handler: impl Handler<T, ()>,
                describe: impl FnOnce(Operation) -> Operation,
            ) -> Self {
                let route = routing::$method(handler);
                self.route(path, route).described::<T>(stringify!($method), path, describe)
            }
        )*
    };
}

impl Api {
    /// No operations yet; those to come are of the group `tag`.
    pub fn new(tag: &'static str) -> Self {
        #[cfg(not(feature = "schema"))]
        let _ = tag;
        Self {
            router: Router::new(),
            prefixes: &[],
            limits: None,
            #[cfg(feature = "schema")]
            description: Description::new(tag),
        }
    }

    /// The operations that follow are below the first of these `prefixes`; below the others they have aliases.
    #[must_use]
    pub fn at(self, prefixes: &'static [&'static str]) -> Self {
        Self { prefixes, ..self }
    }

    /// Of the operations that follow, each caller may make so many per minute as the variables `rate_limit_…` say, as
    /// writes or as reads; `db` counts them.
    #[must_use]
    pub fn limited(self, db: &'static Db) -> Self {
        Self { limits: Some(Limits::new(db, false)), ..self }
    }

    /// As [`limited`](Self::limited), but they are operations by which people prove who they are.
    #[must_use]
    pub fn limited_as_credentials(self, db: &'static Db) -> Self {
        Self { limits: Some(Limits::new(db, true)), ..self }
    }

    methods! { get post put delete }

    /// The routes.
    pub fn into_router(self) -> Router {
        self.router
    }

    /// What the API's description says of them.
    #[cfg(feature = "schema")]
    pub fn into_description(self) -> Description {
        self.description
    }

    fn route(mut self, path: &str, route: MethodRouter) -> Self {
        let route = match self.limits {
            Some(limits) => limits.around(route),
            None => route,
        };
        for prefix in self.prefixes {
            self.router = self.router.route(&format!("{prefix}{path}"), route.clone());
        }
        self
    }

    #[cfg(feature = "schema")]
    fn described<T: Inputs>(
        mut self,
        method: &str,
        path: &str,
        describe: impl FnOnce(Operation) -> Operation,
    ) -> Self {
        let describe = |operation| match self.limits {
            Some(_) => describe(operation).fails(&[Code::RATE_LIMITED]),
            None => describe(operation),
        };
        self.description.add::<T>(method, self.prefixes, path, describe);
        self
    }

    #[cfg(not(feature = "schema"))]
    #[expect(clippy::extra_unused_type_parameters, reason = "with the feature it is used")]
    fn described<T: Inputs>(self, _: &str, _: &str, _: impl FnOnce(Operation) -> Operation) -> Self {
        self
    }
}

/// A name for the JSON Schema of what is not read or written as one Rust type. Its doc comment is the description. In
/// parentheses, how the schema calls the generator.
#[macro_export]
macro_rules! shape {
    ($(#[doc = $about:literal])* $name:ident $schema:tt) => {
        $crate::shape! { $(#[doc = $about])* $name(_generator) $schema }
    };
    ($(#[doc = $about:literal])* $name:ident($generator:ident) $schema:tt) => {
        $(#[doc = $about])*
        pub enum $name {}

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema($generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut schema = schemars::json_schema!($schema);
                schema.insert("description".to_owned(), concat!($($about),*).trim().into());
                schema
            }
        }
    };
}
