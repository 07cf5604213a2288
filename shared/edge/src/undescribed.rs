//! `describe` in a component: the same names without a function, so that an operation's description can be written
//! beside its route. Nothing of it is ever called.

use crate::Code;

/// What a handler takes, or a body is made of: anything.
pub trait Inputs {}
impl<T> Inputs for T {}
/// See [`Inputs`].
pub trait Shape {}
impl<T: ?Sized> Shape for T {}

/// An operation, of which nothing is kept.
pub struct Operation(());

#[expect(missing_docs, reason = "`describe.rs` has them")]
impl Operation {
    pub fn named(self, _: &str, _: &str) -> Self {
        self
    }
    pub fn about(self, _: &str) -> Self {
        self
    }
    pub fn live(self) -> Self {
        self
    }
    pub fn ok<T: Shape>(self, _: &str) -> Self {
        self
    }
    pub fn created<T: Shape>(self, _: &str) -> Self {
        self
    }
    pub fn answers<T: Shape>(self, _: u16, _: &str) -> Self {
        self
    }
    pub fn answers_as<T: Shape>(self, _: u16, _: &str, _: &str) -> Self {
        self
    }
    pub fn done(self, _: u16, _: &str) -> Self {
        self
    }
    pub fn takes<T: Shape>(self, _: &str) -> Self {
        self
    }
    pub fn tagged(self) -> Self {
        self
    }
    pub fn tagged_if_any(self) -> Self {
        self
    }
    pub fn located(self) -> Self {
        self
    }
    pub fn path<T: Shape>(self) -> Self {
        self
    }
    pub fn needs<P>(self, _: P) -> Self {
        self
    }
    pub fn unkeyed(self) -> Self {
        self
    }
    pub fn fails(self, _: &[Code]) -> Self {
        self
    }
}
