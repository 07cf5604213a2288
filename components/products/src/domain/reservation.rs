//! The rules of stock that is held for orders: what comes of it, and in which order the news may arrive.

use events::CloudEvent;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Product;
use crate::api::{ReserveLine, ReservedLine, Shortage};

/// Where the stock held for an order stands. Each state is reached at most once, and `Held` never again, so news that
/// comes twice does nothing the second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
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
    pub state: State,
    /// The version of its stream.
    pub version: i64,
    pub lines: Vec<HeldLine>,
}

/// Units of a product that are held.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldLine {
    pub product_id: String,
    pub quantity: i64,
}

impl Settlement {
    /// What an event of orders means; `None` when it is not about stock.
    ///
    /// News may overtake each other. Hence a refund without goods confirms: it says that the order was paid, and
    /// `order.paid` will find nothing left to do.
    pub fn of(event: &CloudEvent) -> Option<Self> {
        let restock = event.data.get("restock").and_then(Value::as_bool) == Some(true);
        match (event.kind.as_str(), restock) {
            ("jangteo.order.paid.v1", _) | ("jangteo.order.refunded.v1", false) => Some(Self::Confirm),
            (
                "jangteo.order.cancelled.v1"
                | "jangteo.order.expired.v1"
                | "jangteo.order.refunded.v1"
                | "jangteo.order.refund_noted.v1",
                true,
            ) => Some(Self::Return),
            ("jangteo.order.cancelled.v1" | "jangteo.order.expired.v1", false) => Some(Self::Release),
            _ => None,
        }
    }

    /// What an order's status means for a hold that is overdue; `None` when it is too early or not clear from it.
    pub fn of_status(status: &str) -> Option<Self> {
        match status {
            "PAID" | "SHIPPED" | "DELIVERED" => Some(Self::Confirm),
            "CANCELLED" | "EXPIRED" => Some(Self::Release),
            _ => None,
        }
    }

    /// The event that it takes in `state`; `None` when there is nothing left to do.
    pub fn event(self, state: State) -> Option<&'static str> {
        match (state, self) {
            (State::Held, Self::Confirm) => Some("stock.confirmed"),
            (State::Held, Self::Release | Self::Return) => Some("stock.released"),
            (State::Confirmed, Self::Return) => Some("stock.returned"),
            _ => None,
        }
    }
}

/// All that is to be held: the priced `lines` and, besides, what is `kept`; of a product that is in both, the more of
/// either. What is only kept has no price, as nobody is about to buy it.
pub fn all_held(lines: &[ReservedLine], kept: &[HeldLine]) -> Value {
    let of = |id: &str| kept.iter().find(|line| line.product_id == id).map_or(0, |line| line.quantity);
    let wanted = lines.iter().map(|line| {
        let quantity = line.quantity.max(of(&line.product_id));
        json!(ReservedLine { quantity, ..line.clone() })
    });
    let is_wanted = |kept: &&HeldLine| lines.iter().any(|line| line.product_id == kept.product_id);
    wanted.chain(kept.iter().filter(|line| !is_wanted(line)).map(|line| json!(line))).collect()
}

/// The lines for which there is not enough, when `own` units are held for the same order already.
pub fn shortages(wanted: &[ReserveLine], found: &[Product], own: &[HeldLine]) -> Vec<Shortage> {
    let free = |id: &str| found.iter().find(|p| p.id == id).map_or(0, Product::available);
    let held = |id: &str| own.iter().find(|line| line.product_id == id).map_or(0, |line| line.quantity);
    wanted
        .iter()
        .map(|line| Shortage {
            product_id: line.product_id.clone(),
            requested: line.quantity,
            available: free(&line.product_id).saturating_add(held(&line.product_id)),
        })
        .filter(|line| line.requested > line.available)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, restock: Option<bool>) -> CloudEvent {
        let data = restock.map_or(json!({}), |restock| json!({ "restock": restock }));
        let kind = format!("jangteo.order.{kind}.v1");
        serde_json::from_value(
            json!({ "specversion": "1.0", "id": "e", "source": "/o", "type": kind, "data": data }),
        )
        .unwrap()
    }

    /// On hand, promised, after `news` about an order of 1 out of 10.
    fn fold(news: &[CloudEvent]) -> (i64, i64) {
        let (mut state, mut on_hand, mut reserved) = (State::Held, 10, 1);
        for event in news {
            match Settlement::of(event).and_then(|settlement| settlement.event(state)) {
                Some("stock.confirmed") => (state, on_hand, reserved) = (State::Confirmed, on_hand - 1, 0),
                Some("stock.released") => (state, reserved) = (State::Released, 0),
                Some("stock.returned") => (state, on_hand) = (State::Released, on_hand + 1),
                _ => {}
            }
        }
        (on_hand, reserved)
    }

    /// Every order of arrival of `news`, each with the first told twice.
    fn arrivals(news: &[CloudEvent]) -> Vec<Vec<CloudEvent>> {
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
        assert_eq!(Settlement::of(&event("shipped", Some(true))), None);
        assert_eq!(Settlement::of_status("ORDERED"), None);
    }
}
