//! The rules of orders: what an order is, and what payments and refunds mean for it. No I/O, no clock.

#![deny(clippy::arithmetic_side_effects)]

pub mod draft;
mod filter;
mod public;
mod relation;
pub mod shipping;
mod status;

use clock::Timestamp;
pub use contract::Line;
use contract::orders::{
    CancelReason, Content, OrderEvent, OrderEventKind, PaymentNews, RefundOfOrder, Rejection,
};
use contract::payments;
use contract::{OrderId, PaymentId, Units, UserId};
use money::{Amount, Currency};
use serde::{Deserialize, Serialize};

pub use draft::{Change, Draft};
pub use filter::Filter;
pub use public::public;
pub use relation::Relation;
pub use shipping::{Label, Shipment, Shipments};
pub use status::{Action, InvalidTransition, Role, Status};

/// Where the goods go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ShippingAddress"))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = draft::MAX_STREET)))]
    pub street: String,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = draft::MAX_CITY)))]
    pub city: String,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = draft::MAX_ZIP_CODE)))]
    pub zip_code: String,
}

/// The sum of lines in minor units; `None` beyond 64 bits.
pub fn total<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Option<i64> {
    lines.into_iter().try_fold(0i64, |sum, line| sum.checked_add(line.quantity.checked_mul(line.price)?))
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: OrderId,
    pub buyer_id: UserId,
    pub status: Status,
    pub currency: Currency,
    /// In minor units of `currency`.
    pub total: i64,
    /// `None` when the buyer's account was erased.
    pub address: Option<Address>,
    pub payment_id: Option<PaymentId>,
    /// The payment that is not decided, so that no other can be made, and how far payments' log was then.
    pub pending: Pending,
    /// What was given back of the money while the order went on, in minor units.
    pub refunded: i64,
    /// What was taken for it, in minor units of the payment's currency; the total, when that is not known.
    pub taken: Option<i64>,
    /// What sellers have sent.
    pub shipments: Shipments,
    pub version: i64,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub lines: Vec<Line>,
}

/// What payments said last of payments that did not pay the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// The payment whose fate is open.
    pub payment_id: Option<PaymentId>,
    /// The place of the news in payments' log: older news change nothing.
    pub sequence: i64,
}

impl Order {
    /// The version that the next event leaves the order at.
    pub fn next_version(&self) -> i64 {
        self.version.saturating_add(1)
    }

    /// What the fold makes of the order when `event` happens to it.
    pub fn advance(&mut self, event: OrderEventKind, now: Timestamp) {
        self.status = status::after(self.status, event);
        if event == OrderEventKind::Paid {
            self.pending.payment_id = None;
        }
        self.version = self.next_version();
        self.updated_at = now;
    }

    /// Whether it was not paid in time but has not been marked so yet.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.status == Status::Ordered && self.expires_at <= now
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

    /// What it is about, as its events say it.
    pub fn content(&self) -> Content {
        Content {
            buyer_id: self.buyer_id,
            currency: self.currency,
            total: self.total,
            lines: self.lines.clone(),
            expires_at: self.expires_at,
        }
    }

    /// Product and quantity of each line: what leaves the warehouse when it is paid.
    pub fn units(&self) -> Vec<Units> {
        let units = |line: &Line| Units { product_id: line.product_id, quantity: line.quantity };
        self.lines.iter().map(units).collect()
    }

    /// That nobody paid it in time.
    pub fn expired(&self) -> OrderEvent {
        OrderEvent::Expired { buyer_id: self.buyer_id }
    }

    /// That it is given up by hand. What was paid goes back; nothing has left yet, so all of it is for sale again.
    pub fn cancelled(&self) -> OrderEvent {
        let paid = self.status == Status::Paid;
        OrderEvent::Cancelled {
            buyer_id: self.buyer_id,
            payment_id: self.payment_id.filter(|_| paid),
            refund: paid,
            restock: paid,
            reason: None,
        }
    }

    /// Whether `seller` has a line in it.
    pub fn is_sold_by(&self, seller: UserId) -> bool {
        self.lines.iter().any(|line| line.seller_id == seller)
    }

    /// The lines that `role` gets to see: a seller only their own.
    pub fn lines_for(&self, role: Role, viewer: UserId) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| role != Role::Seller || line.seller_id == viewer)
    }
}

/// What comes of money that was taken for an order.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The order is paid by it.
    Paid,
    /// It was paid by this very payment before.
    Known,
    /// The money has to go back.
    Rejected(Rejection),
}

/// Judge a captured payment, for which `asked` was asked, by the state of its order. The clock does not count: until
/// the order is marked as expired, its stock is held.
pub fn judge(order: &Order, payment_id: PaymentId, asked: Amount) -> Verdict {
    if order.payment_id == Some(payment_id) {
        return Verdict::Known;
    }
    match Action::Pay.check(order.status) {
        Ok(()) if Amount::new(order.total, order.currency) == asked => Verdict::Paid,
        Ok(()) => Verdict::Rejected(Rejection::AmountMismatch),
        Err(_) if order.status == Status::Cancelled => Verdict::Rejected(Rejection::OrderCancelled),
        Err(_) if order.status == Status::Expired => Verdict::Rejected(Rejection::OrderExpired),
        Err(_) => Verdict::Rejected(Rejection::AlreadyPaid),
    }
}

/// What a refund means for its order: the event to write. More may come of it then: see [`Order::cancelled`].
///
/// An order that is paid and not shipped is cancelled first. A shipped one stays shipped, and its history shows the
/// refund. `None` when it is not the money of this order (it was refused when it came) or it is done already.
pub fn judge_refund(order: &Order, refunded: &payments::Refunded) -> Option<OrderEvent> {
    if order.payment_id != Some(refunded.payment_id) || order.status == Status::Refunded {
        return None;
    }
    let refund = RefundOfOrder {
        buyer_id: order.buyer_id,
        payment_id: refunded.payment_id,
        amount: refunded.amount,
        refunded_total: refunded.refunded_total,
    };
    Some(match order.status {
        _ if !refunded.full => OrderEvent::RefundNoted { refund, restock: None },
        // Nothing was shipped, so all of it is for sale again.
        Status::Paid if order.shipments.is_empty() => OrderEvent::Cancelled {
            buyer_id: refund.buyer_id,
            payment_id: Some(refund.payment_id),
            refund: false,
            restock: true,
            reason: Some(CancelReason::Refunded),
        },
        status if Action::Refund.check(status).is_ok() => {
            OrderEvent::Refunded { refund, restock: refunded.restock }
        }
        // The parcel is on its way, but who gives all of the money back says what becomes of the goods.
        _ => OrderEvent::RefundNoted { refund, restock: Some(refunded.restock) },
    })
}

/// News of a payment that has not paid its order.
pub struct News {
    pub payment_id: PaymentId,
    /// Whether it is open now.
    pub open: bool,
    /// Whether the order may have been told before that it is open.
    pub was_open: bool,
    /// The place of the news in payments' log.
    pub sequence: i64,
}

/// What news of a payment that has not paid `order` mean for it: the event to write; `None` for old news, for an order
/// that waits for no payment, and where nothing changes.
pub fn judge_news(order: &Order, news: &News) -> Option<OrderEvent> {
    if order.status != Status::Ordered || news.sequence <= order.pending.sequence {
        return None;
    }
    let known = order.pending.payment_id == Some(news.payment_id);
    let (buyer_id, payment_id) = (order.buyer_id, news.payment_id);
    let told = PaymentNews { buyer_id, payment_id, sequence: news.sequence };
    if news.open {
        return (!known).then_some(OrderEvent::PaymentPending(told));
    }
    // News of its end may overtake those that it is open: then they must find it said.
    let ends = known || news.was_open && order.pending.payment_id.is_none();
    ends.then_some(OrderEvent::PaymentEnded(told))
}

#[cfg(test)]
mod tests;
