//! The states of an order and the one table of how it gets from one to another.
//!
//! From [`TRANSITIONS`] come the guards, `allowedActions`, the enums of the API's description, the rows of
//! `orders_transitions` in the fold, and the diagram in `docs/orders.md`; tests compare each with it.

use contract::orders::OrderEventKind as Kind;
pub use contract::orders::Status;
use serde::Serialize;
use strum::{Display, VariantArray};

/// What can be done with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Display, VariantArray)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OrderAction"))]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Action {
    Pay,
    Cancel,
    ChangeItems,
    ChangeAddress,
    Ship,
    Deliver,
    Refund,
    /// Done by the clock, so it is nobody's to do.
    #[cfg_attr(feature = "schema", schemars(skip))]
    Expire,
}

/// That an order cannot go from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order cannot go from {from} to {to}")]
pub struct InvalidTransition {
    pub from: Status,
    pub to: Status,
}

/// As what someone looks at an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Buyer,
    /// Of at least one line.
    Seller,
    Admin,
}

/// A row of the table: in the state `from`, `action` is possible, is written as `event` and leads to `to`.
pub struct Transition {
    pub from: Status,
    pub action: Action,
    pub event: Kind,
    pub to: Status,
    /// To whom the action is on offer; to no one when it is done by the clock or by payments.
    pub by: &'static [Role],
}

const NO_ONE: &[Role] = &[];
const BUYER: &[Role] = &[Role::Buyer];
/// Who may change an order or give it up.
const OWNER: &[Role] = &[Role::Buyer, Role::Admin];
/// Who sends the goods, and may give money back.
const SENDER: &[Role] = &[Role::Seller, Role::Admin];

/// The table. What is not here is refused. Of several rows of an action the last has its goal: `partly_` events are
/// those of one seller while others have not done the same yet.
pub const TRANSITIONS: &[Transition] = &[
    row(Status::Ordered, Action::Pay, Kind::Paid, Status::Paid, BUYER),
    row(Status::Ordered, Action::Cancel, Kind::Cancelled, Status::Cancelled, OWNER),
    row(Status::Ordered, Action::ChangeItems, Kind::Changed, Status::Ordered, OWNER),
    row(Status::Ordered, Action::ChangeAddress, Kind::Readdressed, Status::Ordered, OWNER),
    row(Status::Ordered, Action::Expire, Kind::Expired, Status::Expired, NO_ONE),
    row(Status::Paid, Action::Cancel, Kind::Cancelled, Status::Cancelled, OWNER),
    row(Status::Paid, Action::ChangeAddress, Kind::Readdressed, Status::Paid, OWNER),
    row(Status::Paid, Action::Ship, Kind::PartlyShipped, Status::Paid, SENDER),
    row(Status::Paid, Action::Ship, Kind::Shipped, Status::Shipped, SENDER),
    row(Status::Paid, Action::Deliver, Kind::PartlyDelivered, Status::Paid, SENDER),
    row(Status::Shipped, Action::Deliver, Kind::PartlyDelivered, Status::Shipped, SENDER),
    row(Status::Shipped, Action::Deliver, Kind::Delivered, Status::Delivered, SENDER),
    row(Status::Delivered, Action::Refund, Kind::Refunded, Status::Refunded, SENDER),
    row(Status::Cancelled, Action::Refund, Kind::Refunded, Status::Refunded, NO_ONE),
];

const fn row(from: Status, action: Action, event: Kind, to: Status, by: &'static [Role]) -> Transition {
    Transition { from, action, event, to, by }
}

/// The state that `event` leads to from `status`; what is not in the table changes nothing.
pub fn after(status: Status, event: Kind) -> Status {
    let found = TRANSITIONS.iter().find(|row| row.from == status && row.event == event);
    found.map_or(status, |row| row.to)
}

impl Role {
    /// The actions on offer to it in the state `status`, each once.
    pub fn offered(self, status: Status) -> Vec<Action> {
        let rows = TRANSITIONS.iter().filter(|row| row.from == status && row.by.contains(&self));
        let mut actions: Vec<_> = rows.map(|row| row.action).collect();
        actions.dedup();
        actions
    }
}

impl Action {
    /// Whether it is possible in the state `from`.
    ///
    /// # Errors
    /// [`InvalidTransition`] when the table does not have it.
    pub fn check(self, from: Status) -> Result<(), InvalidTransition> {
        if TRANSITIONS.iter().any(|row| (row.from, row.action) == (from, self)) {
            Ok(())
        } else {
            Err(InvalidTransition { from, to: self.goal() })
        }
    }

    /// The state it leads to in the end.
    pub fn goal(self) -> Status {
        let last = TRANSITIONS.iter().rev().find(|row| row.action == self);
        last.map_or(Status::Ordered, |row| row.to)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use serde_json::json;

    use super::*;

    const FOLD: &str = include_str!("../../migrations/fold.sql");
    const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/orders.md");

    #[test]
    fn the_table_has_these_transitions_and_no_others() {
        let all: BTreeSet<_> = TRANSITIONS.iter().map(|row| format!("{}->{}", row.from, row.to)).collect();
        let expected = [
            "CANCELLED->REFUNDED",
            "DELIVERED->REFUNDED",
            "ORDERED->CANCELLED",
            "ORDERED->EXPIRED",
            "ORDERED->ORDERED",
            "ORDERED->PAID",
            "PAID->CANCELLED",
            "PAID->PAID",
            "PAID->SHIPPED",
            "SHIPPED->DELIVERED",
            "SHIPPED->SHIPPED",
        ];
        assert_eq!(all, expected.map(str::to_owned).into());
    }

    #[test]
    fn what_the_table_does_not_have_is_refused_with_both_states() {
        for from in Status::VARIANTS {
            for action in Action::VARIANTS {
                let possible = TRANSITIONS.iter().any(|row| (row.from, row.action) == (*from, *action));
                match action.check(*from) {
                    Ok(()) => assert!(possible, "{from} {action}"),
                    Err(InvalidTransition { from: said, to }) => {
                        assert_eq!((possible, said, to), (false, *from, action.goal()));
                    }
                }
            }
        }
        assert_eq!((Action::Ship.goal(), Action::Deliver.goal()), (Status::Shipped, Status::Delivered));
    }

    #[test]
    fn an_event_leads_from_a_state_to_one_other() {
        let pairs: HashSet<_> = TRANSITIONS.iter().map(|row| (row.from, row.event)).collect();
        assert_eq!(pairs.len(), TRANSITIONS.len());
        assert_eq!(after(Status::Paid, Kind::Shipped), Status::Shipped);
        assert_eq!(after(Status::Paid, Kind::RefundNoted), Status::Paid);
    }

    #[test]
    fn an_action_is_on_offer_only_to_those_who_may() {
        let names = |status: Status, role: Role| {
            role.offered(status).iter().map(Action::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(Status::Ordered, Role::Buyer), "pay cancel changeItems changeAddress");
        assert_eq!(names(Status::Ordered, Role::Admin), "cancel changeItems changeAddress");
        assert_eq!(names(Status::Ordered, Role::Seller), "");
        assert_eq!(names(Status::Paid, Role::Buyer), "cancel changeAddress");
        assert_eq!(names(Status::Paid, Role::Seller), "ship deliver");
        assert_eq!(names(Status::Delivered, Role::Admin), "refund");
        for last in [Status::Cancelled, Status::Expired, Status::Refunded] {
            assert!(
                [Role::Buyer, Role::Seller, Role::Admin].iter().all(|role| role.offered(last).is_empty())
            );
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(Status::VARIANTS.iter().all(|status| status.to_string().parse() == Ok(*status)));
        assert!("paid".parse::<Status>().is_err());
        assert_eq!((json!(Status::Paid), json!(Action::ChangeItems)), (json!("PAID"), json!("changeItems")));
    }

    #[test]
    fn the_database_has_the_same_transitions() {
        let row = |row: &Transition| format!("('{}', '{}', '{}')", row.from, row.event.into_str(), row.to);
        let rows: Vec<_> = TRANSITIONS.iter().map(row).collect();
        let sql = format!("INSERT INTO orders_transitions VALUES\n  {};", rows.join(",\n  "));
        assert!(FOLD.contains(&sql), "{sql}");
    }

    /// `docs/orders.md` as the table makes it.
    fn document() -> String {
        let mut text = "# The states of an order\n\n\
            Made from the table in `components/orders/src/domain/status.rs`; \
            `UPDATE_DOCS=1 cargo test --workspace diagram` makes\nit anew. \
            A `partly_` event is that of one seller while others have not done the same yet.\n\n\
            ```mermaid\nstateDiagram-v2\n    [*] --> ORDERED: order.placed\n"
            .to_owned();
        for row in TRANSITIONS {
            text += &format!("    {} --> {}: {}\n", row.from, row.to, row.event.into_str());
        }
        for last in
            Status::VARIANTS.iter().filter(|status| TRANSITIONS.iter().all(|row| row.from != **status))
        {
            text += &format!("    {last} --> [*]\n");
        }
        text += "```\n\n| state | action | by | event | then |\n|---|---|---|---|---|\n";
        for row in TRANSITIONS {
            let by: Vec<_> = row.by.iter().map(|role| format!("{role:?}").to_uppercase()).collect();
            let by = match (row.action, by.is_empty()) {
                (Action::Expire, _) => "the clock".to_owned(),
                (_, true) => "payments".to_owned(),
                (_, false) => by.join(", "),
            };
            text += &format!(
                "| {} | `{}` | {by} | `{}` | {} |\n",
                row.from,
                row.action,
                row.event.into_str(),
                row.to
            );
        }
        text
    }

    #[test]
    fn the_diagram_is_current() {
        if std::env::var("UPDATE_DOCS").is_ok() {
            std::fs::write(DOCUMENT, document()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(DOCUMENT).unwrap_or_default(), document());
    }
}
