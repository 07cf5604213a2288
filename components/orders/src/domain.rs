//! The rules of orders: who may do what in which state, and what a payment means. No I/O, no clock.

#![deny(clippy::arithmetic_side_effects)]

mod draft;

use money::Currency;
use serde::{Deserialize, Serialize};

use crate::api::{Address, Captured};
use crate::error::Error;
pub use draft::Draft;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Ordered,
    Paid,
    Shipped,
    Delivered,
    Cancelled,
    Expired,
    Refunded,
}

/// What can be done with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Pay,
    Cancel,
    Ship,
    Deliver,
    Expire,
    Refund,
}

/// As what someone looks at an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Buyer,
    /// Of at least one line.
    Seller,
    Admin,
}

/// The transition table: in this state, this action is possible, and on offer to these roles. What is not here is
/// refused. Rows that are on offer to no one belong to the clock, or to routes that are yet to come.
const TRANSITIONS: [(Status, Action, &[Role]); 6] = [
    (Status::Ordered, Action::Pay, &[Role::Buyer]),
    (Status::Ordered, Action::Cancel, &[Role::Buyer, Role::Admin]),
    (Status::Ordered, Action::Expire, &[]),
    (Status::Paid, Action::Ship, &[]),
    (Status::Shipped, Action::Deliver, &[]),
    (Status::Delivered, Action::Refund, &[]),
];

impl Status {
    /// As the API and the database spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ORDERED",
            Self::Paid => "PAID",
            Self::Shipped => "SHIPPED",
            Self::Delivered => "DELIVERED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::Refunded => "REFUNDED",
        }
    }

    /// The state after `action`.
    ///
    /// # Errors
    /// [`Error::InvalidTransition`] when the table does not have it.
    pub fn after(self, action: Action) -> Result<Self, Error> {
        let to = action.leads_to();
        match TRANSITIONS.iter().any(|(from, with, _)| (*from, *with) == (self, action)) {
            true => Ok(to),
            false => Err(Error::InvalidTransition { from: self, to }),
        }
    }

    /// The actions on offer to `role` in this state.
    pub fn allowed(self, role: Role) -> Vec<&'static str> {
        let rows = TRANSITIONS.iter().filter(|(from, _, by)| *from == self && by.contains(&role));
        rows.map(|(_, action, _)| action.name()).collect()
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Cancel => "cancel",
            Self::Ship => "ship",
            Self::Deliver => "deliver",
            Self::Expire => "expire",
            Self::Refund => "refund",
        }
    }

    fn leads_to(self) -> Status {
        match self {
            Self::Pay => Status::Paid,
            Self::Cancel => Status::Cancelled,
            Self::Ship => Status::Shipped,
            Self::Deliver => Status::Delivered,
            Self::Expire => Status::Expired,
            Self::Refund => Status::Refunded,
        }
    }
}

/// A line: a product as it was when it was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub product_id: String,
    pub name: String,
    pub seller_id: String,
    pub quantity: i64,
    /// Of one unit, in minor units.
    pub price: i64,
}

/// The sum of lines in minor units; `None` beyond 64 bits.
pub fn total<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Option<i64> {
    lines.into_iter().try_fold(0i64, |sum, line| sum.checked_add(line.quantity.checked_mul(line.price)?))
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: String,
    pub buyer_id: String,
    pub status: Status,
    pub currency: Currency,
    /// In minor units of `currency`.
    pub total: i64,
    /// `None` when the buyer's account was erased.
    pub address: Option<Address>,
    pub payment_id: Option<String>,
    pub version: i64,
    /// RFC 3339 of fixed width, so that texts compare as moments do.
    pub expires_at: String,
    pub created_at: String,
    pub updated_at: String,
    pub lines: Vec<Line>,
}

impl Order {
    /// The version that the next event leaves the order at.
    pub fn next_version(&self) -> i64 {
        self.version.saturating_add(1)
    }

    /// Whether it was not paid in time but has not been marked so yet.
    pub fn is_due(&self, now: &str) -> bool {
        self.status == Status::Ordered && self.expires_at.as_str() <= now
    }

    /// The lines that `role` gets to see: a seller only their own.
    pub fn lines_for<'a>(&'a self, role: Role, subject: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| role != Role::Seller || line.seller_id == subject)
    }
}

/// What comes of money that was taken for an order.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The order is paid by it.
    Paid,
    /// It was paid by this very payment before.
    Known,
    /// The money has to go back, for this reason.
    Rejected(&'static str),
}

/// Judge a captured payment by the state of its order. Only the state counts, not the clock: as long as the order
/// was not marked as expired its stock is held.
pub fn judge(order: &Order, captured: &Captured) -> Verdict {
    if order.payment_id.as_ref() == Some(&captured.payment_id) {
        return Verdict::Known;
    }
    match order.status.after(Action::Pay) {
        Ok(_) if (order.total, order.currency) == (captured.amount, captured.currency) => Verdict::Paid,
        Ok(_) => Verdict::Rejected("amount_mismatch"),
        Err(_) if order.status == Status::Cancelled => Verdict::Rejected("order_cancelled"),
        Err(_) if order.status == Status::Expired => Verdict::Rejected("order_expired"),
        Err(_) => Verdict::Rejected("already_paid"),
    }
}

#[cfg(test)]
mod tests;
