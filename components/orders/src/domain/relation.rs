//! The relation of a person to an order. Every route uses it, so that a permission alone opens no one else's order, and
//! nobody acts for both sides of their own purchase.

use contract::UserId;
use contract::permissions::{OrdersAny, OrdersFulfil, Permission};

use super::{Action, Order, Role};

/// What a person is to an order, by what they may do at all and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    buys: bool,
    sells: bool,
    /// May deal with all orders. Never with a purchase of one's own: whoever runs the place is a buyer there.
    runs: bool,
}

impl Relation {
    /// The buyer, and nothing else.
    pub const BUYER: Self = Self { buys: true, sells: false, runs: false };

    /// What `viewer`, who `holds` certain permissions, is to `order`; `None` for a stranger, who must not know of it.
    pub fn of(order: &Order, viewer: UserId, holds: impl Fn(&str) -> bool) -> Option<Self> {
        let buys = order.buyer_id == viewer;
        let sells = holds(OrdersFulfil::NAME) && order.is_sold_by(viewer);
        let runs = !buys && holds(OrdersAny::NAME);
        (buys || sells || runs).then_some(Self { buys, sells, runs })
    }

    /// The role in which they see it: a buyer and an ADMIN see all of it, a seller their part.
    pub fn role(self) -> Role {
        if self.buys {
            Role::Buyer
        } else if self.runs {
            Role::Admin
        } else {
            Role::Seller
        }
    }

    /// The role in which they may do `action`, whatever the state: a buyer changes and cancels the order, a seller
    /// sends their part of it, an ADMIN does either for others. `None` when they may not.
    pub fn acts_as(self, action: Action) -> Option<Role> {
        let sends = matches!(action, Action::Ship | Action::Deliver);
        match self {
            Self { runs: true, .. } => Some(Role::Admin),
            Self { sells: true, .. } if sends => Some(Role::Seller),
            Self { buys: true, .. } if !sends => Some(Role::Buyer),
            _ => None,
        }
    }

    /// What they may do next with `order`, as the one with this id.
    pub fn allowed(self, order: &Order, viewer: UserId) -> Vec<Action> {
        let mut actions = order.allowed(self.role(), viewer);
        if self.buys && self.sells {
            // Who bought of themselves still sends the parcel, but gives no money back.
            let sends = order.allowed(Role::Seller, viewer);
            actions.extend(sends.into_iter().filter(|action| *action != Action::Refund));
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Status;
    use crate::domain::tests::{B, P1, S1, X, order};

    const SELLER: &[&str] = &["orders:fulfil"];
    const ADMIN: &[&str] = &["orders:fulfil", "orders:any"];

    fn relation(viewer: UserId, permissions: &[&str]) -> Option<Relation> {
        Relation::of(&order(Status::Paid, Some(P1)), viewer, |name| permissions.contains(&name))
    }

    #[test]
    fn a_permission_alone_is_no_relation() {
        assert_eq!(relation(X, SELLER), None);
        assert_eq!(relation(S1, &[]), None);
        assert_eq!(relation(S1, SELLER).map(Relation::role), Some(Role::Seller));
        assert_eq!(relation(X, ADMIN).map(Relation::role), Some(Role::Admin));
        assert_eq!(relation(B, &[]), Some(Relation::BUYER));
    }

    #[test]
    fn a_buyer_stays_one_whatever_else_they_may_do() {
        for permissions in [&[], SELLER, ADMIN] {
            let buyer = relation(B, permissions).unwrap();
            assert_eq!(buyer.role(), Role::Buyer);
            assert_eq!(buyer.acts_as(Action::Cancel), Some(Role::Buyer));
            assert_eq!((buyer.acts_as(Action::Ship), buyer.acts_as(Action::Deliver)), (None, None));
        }
    }

    #[test]
    fn who_bought_of_themselves_sends_the_parcel_and_gives_no_money_back() {
        let mut own = order(Status::Paid, Some(P1));
        own.buyer_id = S1;
        own.lines.truncate(1);
        let relation = Relation::of(&own, S1, |name| SELLER.contains(&name)).unwrap();
        assert_eq!(relation.acts_as(Action::Ship), Some(Role::Seller));
        assert_eq!(relation.allowed(&own, S1), [Action::Cancel, Action::ChangeAddress, Action::Ship]);
        own.status = Status::Delivered;
        assert_eq!(relation.allowed(&own, S1), []);
    }
}
