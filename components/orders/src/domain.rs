//! The rules of orders: what an order is, and what payments and refunds mean for it. No I/O, no clock.

#![deny(clippy::arithmetic_side_effects)]

mod draft;
mod filter;
mod public;
mod relation;
mod shipping;
mod status;

use money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Address, Captured, News, Refunded};
pub use draft::{Change, Draft};
pub use filter::Filter;
pub use public::public;
pub use relation::Relation;
pub use shipping::{Shipment, Shipments, check_shipment};
pub use status::{Action, Role, Status};

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
    /// The payment that is not decided, so that no other can be made, and how far payments' log was then.
    pub pending: Pending,
    /// What was given back of the money while the order went on, in minor units.
    pub refunded: i64,
    /// What was taken for it, in minor units of the payment's currency; the total, when that is not known.
    pub taken: Option<i64>,
    /// What sellers have sent.
    pub shipments: Shipments,
    pub version: i64,
    /// RFC 3339 of fixed width, so that texts compare as moments do.
    pub expires_at: String,
    pub created_at: String,
    pub updated_at: String,
    pub lines: Vec<Line>,
}

/// What payments said last of payments that did not pay the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// The payment whose fate is open.
    pub payment_id: Option<String>,
    /// The place of the news in payments' log: older news change nothing.
    pub sequence: i64,
}

impl Order {
    /// The version that the next event leaves the order at.
    pub fn next_version(&self) -> i64 {
        self.version.saturating_add(1)
    }

    /// What the fold makes of the order when `event` happens to it.
    pub fn advance(&mut self, event: &str, now: &str) {
        self.status = self.status.after(event);
        if event == "order.paid" {
            self.pending.payment_id = None;
        }
        self.version = self.next_version();
        self.updated_at = now.to_owned();
    }

    /// Whether it was not paid in time but has not been marked so yet.
    pub fn is_due(&self, now: &str) -> bool {
        self.status == Status::Ordered && self.expires_at.as_str() <= now
    }

    /// Whether whoever looks as `role` may see where it goes: a seller only while there is a parcel to send, or sent.
    pub fn shows_address(&self, role: Role) -> bool {
        role != Role::Seller || matches!(self.status, Status::Paid | Status::Shipped | Status::Delivered)
    }

    /// Whether nothing of the money is left.
    pub fn is_given_back(&self) -> bool {
        let taken = self.taken.unwrap_or(self.total);
        taken > 0 && self.refunded >= taken
    }

    /// Product and quantity of each line, as products needs them.
    pub fn sold(&self) -> Value {
        let line = |line: &Line| json!({ "productId": line.product_id, "quantity": line.quantity });
        self.lines.iter().map(line).collect()
    }

    /// Whether `seller` has a line in it.
    pub fn is_sold_by(&self, seller: &str) -> bool {
        self.lines.iter().any(|line| line.seller_id == seller)
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
    match order.status.check(Action::Pay) {
        Ok(()) if (order.total, order.currency) == (captured.amount, captured.currency) => Verdict::Paid,
        Ok(()) => Verdict::Rejected("amount_mismatch"),
        Err(_) if order.status == Status::Cancelled => Verdict::Rejected("order_cancelled"),
        Err(_) if order.status == Status::Expired => Verdict::Rejected("order_expired"),
        Err(_) => Verdict::Rejected("already_paid"),
    }
}

/// What a refund means for its order: the event to write, and whether more is to come of it.
///
/// What was paid and not shipped is cancelled first; what was shipped stays so, and the history tells of the money.
/// `None` when it is not the money of this order (it was refused when it came) or it is done already.
pub fn judge_refund(order: &Order, refunded: &Refunded) -> Option<&'static str> {
    if order.payment_id.as_ref() != Some(&refunded.payment_id) || order.status == Status::Refunded {
        return None;
    }
    match order.status {
        _ if !refunded.full => Some("order.refund_noted"),
        Status::Paid if order.shipments.is_empty() => Some("order.cancelled"),
        status if status.check(Action::Refund).is_ok() => Some("order.refunded"),
        _ => Some("order.refund_noted"),
    }
}

/// What news of a payment that has not paid `order` mean for it: the event to write; `None` for old news, for an order
/// that waits for no payment, and where nothing changes.
pub fn judge_news(order: &Order, news: &News, open: bool, sequence: i64) -> Option<&'static str> {
    if order.status != Status::Ordered || sequence <= order.pending.sequence {
        return None;
    }
    let known = order.pending.payment_id.as_ref() == Some(&news.payment_id);
    if open {
        return (!known).then_some("order.payment_pending");
    }
    // News of its end may overtake those that it is open: then they must find it said.
    let ends = known || news.was_open && order.pending.payment_id.is_none();
    ends.then_some("order.payment_ended")
}

#[cfg(test)]
mod tests;
