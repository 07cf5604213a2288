//! Shipping and delivery: each seller sends their own part of an order.

use std::collections::BTreeMap;

use clock::Timestamp;
use contract::UserId;
use contract::orders::{Arrival, OrderEvent, Parcel};
use edge::{FieldError, text};
use serde::{Deserialize, Serialize};

use super::{Action, InvalidTransition, Order, Role, Status};

/// The longest carrier or tracking number, in characters: fits a parcel's label.
pub const MAX_LABEL: usize = 100;

/// What a seller has sent, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    pub shipped_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
}

/// The shipments of an order by seller.
pub type Shipments = BTreeMap<UserId, Shipment>;

/// What a seller says of a parcel, checked.
#[derive(Clone, Debug, Default)]
pub struct Label {
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
}

impl Label {
    /// Check it; every field that is not valid is named.
    pub fn parse(carrier: Option<&str>, tracking_number: Option<&str>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut label =
            |field, text: Option<&str>| text::optional_line(&mut errors, field, text, 1..=MAX_LABEL);
        let carrier = label("carrier", carrier);
        let tracking_number = label("trackingNumber", tracking_number);
        if errors.is_empty() { Ok(Self { carrier, tracking_number }) } else { Err(errors) }
    }
}

impl Order {
    /// The sellers of the order, each once.
    pub fn sellers(&self) -> Vec<UserId> {
        let mut sellers: Vec<_> = self.lines.iter().map(|line| line.seller_id).collect();
        sellers.sort_unstable();
        sellers.dedup();
        sellers
    }

    /// The sellers for whom `viewer` acts and whose parts are still to be shipped, or to be delivered.
    fn waiting(&self, action: Action, role: Role, viewer: UserId) -> Vec<UserId> {
        let mut sellers = self.sellers();
        sellers.retain(|seller| role == Role::Admin || *seller == viewer);
        sellers.retain(|seller| match (action, self.shipments.get(seller)) {
            (Action::Ship, shipment) => shipment.is_none() && !self.is_given_back(),
            (_, shipment) => shipment.is_some_and(|shipment| shipment.delivered_at.is_none()),
        });
        sellers
    }

    /// What `role` may do next, as the table says, less what was done or has become impossible on the way.
    pub fn allowed(&self, role: Role, viewer: UserId) -> Vec<Action> {
        let possible = |action: &Action| match action {
            Action::Ship | Action::Deliver => !self.waiting(*action, role, viewer).is_empty(),
            Action::Cancel => self.shipments.is_empty(),
            Action::Pay => self.pending.payment_id.is_none(),
            // A refund is of the whole order; and of nothing there is none.
            Action::Refund => self.total > 0 && (role == Role::Admin || self.sellers().len() == 1),
            _ => true,
        };
        role.offered(self.status).into_iter().filter(possible).collect()
    }

    /// Ship the parts for which `viewer` acts; the event that says so.
    ///
    /// # Errors
    /// When the state does not allow it, also when the own part was shipped already.
    pub fn ship(
        &mut self,
        label: &Label,
        role: Role,
        viewer: UserId,
        now: Timestamp,
    ) -> Result<OrderEvent, InvalidTransition> {
        let seller_ids = self.next_parts(Action::Ship, role, viewer)?;
        let Label { carrier, tracking_number } = label.clone();
        for seller in &seller_ids {
            let (carrier, tracking_number) = (carrier.clone(), tracking_number.clone());
            let shipment = Shipment { carrier, tracking_number, shipped_at: now, delivered_at: None };
            self.shipments.insert(*seller, shipment);
        }
        let all = self.sellers().iter().all(|seller| self.shipments.contains_key(seller));
        let parcel = Parcel { buyer_id: self.buyer_id, seller_ids, carrier, tracking_number };
        Ok(if all { OrderEvent::Shipped(parcel) } else { OrderEvent::PartlyShipped(parcel) })
    }

    /// The parts for which `viewer` acts have arrived; the event that says so.
    ///
    /// # Errors
    /// When the state does not allow it, also when the own part was not shipped yet, or has arrived already.
    pub fn deliver(
        &mut self,
        role: Role,
        viewer: UserId,
        now: Timestamp,
    ) -> Result<OrderEvent, InvalidTransition> {
        let seller_ids = self.next_parts(Action::Deliver, role, viewer)?;
        for seller in &seller_ids {
            if let Some(shipment) = self.shipments.get_mut(seller) {
                shipment.delivered_at = Some(now);
            }
        }
        let arrived = |seller: &UserId| self.shipments.get(seller).is_some_and(|s| s.delivered_at.is_some());
        let all = self.sellers().iter().all(arrived);
        let arrival = Arrival { buyer_id: self.buyer_id, seller_ids };
        Ok(if all { OrderEvent::Delivered(arrival) } else { OrderEvent::PartlyDelivered(arrival) })
    }

    fn next_parts(
        &self,
        action: Action,
        role: Role,
        viewer: UserId,
    ) -> Result<Vec<UserId>, InvalidTransition> {
        action.check(self.status)?;
        let sellers = self.waiting(action, role, viewer);
        if sellers.is_empty() {
            Err(InvalidTransition { from: self.part(viewer), to: action.goal() })
        } else {
            Ok(sellers)
        }
    }

    /// Where the part of `seller` stands, which may be ahead of the order.
    fn part(&self, seller: UserId) -> Status {
        match self.shipments.get(&seller) {
            Some(Shipment { delivered_at: Some(_), .. }) => Status::Delivered,
            Some(_) => Status::Shipped,
            None if self.is_given_back() => Status::Refunded,
            None => self.status,
        }
    }
}
