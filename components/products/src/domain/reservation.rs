//! The rules of stock that is held for orders: how a hold ends, in whatever order the news arrives.

use contract::orders::{OrderEvent, Status};
use contract::products::{HeldLine, ProductEvent, Sale, Wanted};
use contract::{Line, OrderId, ProductId, Units};
use serde::{Deserialize, Serialize};

use super::Product;

/// Where the stock held for an order stands. Each state is reached at most once, and `Held` never again, so news that
/// comes twice does nothing the second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReservationState {
    /// Promised to an order that is not paid.
    Held,
    /// Paid: the units left the warehouse.
    Confirmed,
    /// The units are free again, or back.
    Released,
}

/// What an order's fate means for its stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was paid.
    Confirm,
    /// It ends unpaid.
    Release,
    /// It ends and its goods are to be sold again, be they still held or sold already.
    Return,
}

/// The stock held for an order.
#[derive(Debug)]
pub struct Reservation {
    pub state: ReservationState,
    /// The version of its stream.
    pub version: i64,
    pub lines: Vec<Units>,
}

/// A line for which there is not enough.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    pub product_id: ProductId,
    pub requested: i64,
    pub available: i64,
}

impl Settlement {
    /// What an event of orders means; `None` when it is not about stock.
    ///
    /// News may overtake each other. Hence a refund without goods confirms: it says that the order was paid, and
    /// `order.paid` will find nothing left to do.
    pub fn of(event: &OrderEvent) -> Option<Self> {
        match event {
            OrderEvent::Paid { .. } | OrderEvent::Refunded { restock: false, .. } => Some(Self::Confirm),
            OrderEvent::Cancelled { restock: true, .. }
            | OrderEvent::Refunded { restock: true, .. }
            | OrderEvent::RefundNoted { restock: Some(true), .. } => Some(Self::Return),
            OrderEvent::Cancelled { .. } | OrderEvent::Expired { .. } => Some(Self::Release),
            _ => None,
        }
    }

    /// What an order's status means for a hold that is overdue; `None` when it is too early or not clear from it.
    pub fn of_status(status: Status) -> Option<Self> {
        match status {
            Status::Paid | Status::Shipped | Status::Delivered => Some(Self::Confirm),
            Status::Cancelled | Status::Expired => Some(Self::Release),
            Status::Ordered | Status::Refunded => None,
        }
    }

    /// The event that it takes in `state`; `None` when there is nothing left to do. When the order was paid, `sold` are
    /// the lines that leave the warehouse; without them, all that is held.
    pub fn event(
        self,
        state: ReservationState,
        order_id: OrderId,
        sold: Option<&[Units]>,
    ) -> Option<ProductEvent> {
        match (state, self) {
            (ReservationState::Held, Self::Confirm) => {
                Some(ProductEvent::StockConfirmed { order_id, lines: sold.map(<[_]>::to_vec) })
            }
            (ReservationState::Held, Self::Release | Self::Return) => {
                Some(ProductEvent::StockReleased { order_id })
            }
            (ReservationState::Confirmed, Self::Return) => Some(ProductEvent::StockReturned { order_id }),
            _ => None,
        }
    }
}

/// All that is to be held: the priced `lines` and, besides, what is `kept`; of a product that is in both, the more of
/// either. What is only kept has no price, as nobody is about to buy it.
pub fn all_held(lines: &[Line], kept: &[Units]) -> Vec<HeldLine> {
    let of = |id: ProductId| kept.iter().find(|line| line.product_id == id).map_or(0, |line| line.quantity);
    let wanted = lines.iter().map(|line| HeldLine {
        units: Units { product_id: line.product_id, quantity: line.quantity.max(of(line.product_id)) },
        sale: Some(Sale { name: line.name.clone(), seller_id: line.seller_id, price: line.price }),
    });
    let is_wanted = |kept: &&Units| lines.iter().any(|line| line.product_id == kept.product_id);
    let others = kept.iter().filter(|line| !is_wanted(line));
    wanted.chain(others.map(|line| HeldLine { units: line.clone(), sale: None })).collect()
}

/// The lines for which there is not enough, when `own` units are held for the same order already.
pub fn shortages(wanted: &[Wanted], found: &[Product], own: &[Units]) -> Vec<Shortage> {
    let free = |id: ProductId| found.iter().find(|p| p.id == id).map_or(0, Product::available);
    let held = |id: ProductId| own.iter().find(|line| line.product_id == id).map_or(0, |line| line.quantity);
    wanted
        .iter()
        .map(|line| Shortage {
            product_id: line.product_id,
            requested: line.quantity,
            available: free(line.product_id).saturating_add(held(line.product_id)),
        })
        .filter(|line| line.requested > line.available)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "019aa4c5-0001-7000-8000-0000000000ab";

    fn event(kind: &str, restock: Option<bool>) -> OrderEvent {
        let mut data = json!({
            "buyerId": ID, "paymentId": ID, "amount": 1, "currency": "USD", "refundedTotal": 1, "lines": [],
        });
        if let Some(restock) = restock {
            data["restock"] = json!(restock);
        }
        contract::read(&format!("order.{kind}"), || data).unwrap().unwrap()
    }

    /// On hand, promised, after `news` about an order of 1 out of 10.
    fn fold(news: &[OrderEvent]) -> (i64, i64) {
        let (mut state, mut on_hand, mut reserved) = (ReservationState::Held, 10, 1);
        for event in news {
            match Settlement::of(event)
                .and_then(|settlement| settlement.event(state, OrderId::from_u128(0), None))
            {
                Some(ProductEvent::StockConfirmed { .. }) => {
                    (state, on_hand, reserved) = (ReservationState::Confirmed, on_hand - 1, 0)
                }
                Some(ProductEvent::StockReleased { .. }) => {
                    (state, reserved) = (ReservationState::Released, 0)
                }
                Some(ProductEvent::StockReturned { .. }) => {
                    (state, on_hand) = (ReservationState::Released, on_hand + 1)
                }
                _ => {}
            }
        }
        (on_hand, reserved)
    }

    /// Every order of arrival of `news`, each with the first told twice.
    fn arrivals(news: &[OrderEvent]) -> Vec<Vec<OrderEvent>> {
        if news.is_empty() {
            return vec![Vec::new()];
        }
        (0..news.len())
            .flat_map(|at| {
                let mut rest = news.to_vec();
                let first = rest.remove(at);
                arrivals(&rest).into_iter().map(move |tail| {
                    let head = [first.clone(), first.clone()];
                    head.into_iter().chain(tail).collect()
                })
            })
            .collect()
    }

    #[test]
    fn news_may_come_in_any_order_and_twice() {
        let stories = [
            (vec![event("paid", None)], (9, 0)),
            (vec![event("cancelled", None)], (10, 0)),
            (vec![event("expired", None)], (10, 0)),
            (vec![event("paid", None), event("cancelled", Some(true))], (10, 0)),
            (vec![event("paid", None), event("cancelled", Some(true)), event("refunded", None)], (10, 0)),
            (vec![event("paid", None), event("refunded", Some(true))], (10, 0)),
            (vec![event("paid", None), event("refunded", Some(false))], (9, 0)),
        ];
        for (news, expected) in stories {
            for arrival in arrivals(&news) {
                assert_eq!(fold(&arrival), expected, "{arrival:?}");
            }
        }
    }

    #[test]
    fn other_events_do_not_touch_stock() {
        let arrived = json!({ "buyerId": ID, "sellerIds": [] });
        let arrived = contract::read("order.delivered", || arrived).unwrap().unwrap();
        assert_eq!(Settlement::of(&arrived), None);
        assert_eq!(Settlement::of(&event("refund_noted", None)), None);
        assert_eq!(Settlement::of_status(Status::Ordered), None);
    }
}
