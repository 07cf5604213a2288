//! The states of an order and the one table of how it gets from one to another.
//!
//! From [`TRANSITIONS`] come the guards, `allowedActions`, the enums of the API's description, the rows of
//! `orders_transitions` in the fold, and the diagram in `docs/orders.md`; tests compare each with it.

use serde::{Serialize, Serializer};

use crate::error::Error;

macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $case:ident $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $case,)* }

        impl $name {
            /// Every one, in the order of the API's description.
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$case,)*];

            /// As the API spells it, and the database.
            pub fn name(self) -> &'static str {
                match self { $(Self::$case => $text,)* }
            }

            /// The one of this name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$case),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

named! {
    /// Where an order stands.
    Status {
        /// Its stock is held; it waits for the payment.
        Ordered "ORDERED",
        /// Some of its sellers may have shipped already.
        Paid "PAID",
        /// All of its sellers have shipped.
        Shipped "SHIPPED",
        /// All of its parts have arrived.
        Delivered "DELIVERED",
        /// Given up; the money, if any was taken, is on its way back.
        Cancelled "CANCELLED",
        /// Not paid in time.
        Expired "EXPIRED",
        /// All of the money was given back.
        Refunded "REFUNDED",
    }
}

named! {
    /// What can be done with an order.
    Action {
        Pay "pay",
        Cancel "cancel",
        ChangeItems "changeItems",
        ChangeAddress "changeAddress",
        Ship "ship",
        Deliver "deliver",
        Refund "refund",
        /// Done by the clock.
        Expire "expire",
    }
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
    pub event: &'static str,
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
    row(Status::Ordered, Action::Pay, "order.paid", Status::Paid, BUYER),
    row(Status::Ordered, Action::Cancel, "order.cancelled", Status::Cancelled, OWNER),
    row(Status::Ordered, Action::ChangeItems, "order.changed", Status::Ordered, OWNER),
    row(Status::Ordered, Action::ChangeAddress, "order.readdressed", Status::Ordered, OWNER),
    row(Status::Ordered, Action::Expire, "order.expired", Status::Expired, NO_ONE),
    row(Status::Paid, Action::Cancel, "order.cancelled", Status::Cancelled, OWNER),
    row(Status::Paid, Action::ChangeAddress, "order.readdressed", Status::Paid, OWNER),
    row(Status::Paid, Action::Ship, "order.partly_shipped", Status::Paid, SENDER),
    row(Status::Paid, Action::Ship, "order.shipped", Status::Shipped, SENDER),
    row(Status::Paid, Action::Deliver, "order.partly_delivered", Status::Paid, SENDER),
    row(Status::Shipped, Action::Deliver, "order.partly_delivered", Status::Shipped, SENDER),
    row(Status::Shipped, Action::Deliver, "order.delivered", Status::Delivered, SENDER),
    row(Status::Delivered, Action::Refund, "order.refunded", Status::Refunded, SENDER),
    row(Status::Cancelled, Action::Refund, "order.refunded", Status::Refunded, NO_ONE),
];

const fn row(
    from: Status,
    action: Action,
    event: &'static str,
    to: Status,
    by: &'static [Role],
) -> Transition {
    Transition { from, action, event, to, by }
}

impl Status {
    /// Whether `action` is possible in this state.
    ///
    /// # Errors
    /// [`Error::InvalidTransition`] when the table does not have it.
    pub fn check(self, action: Action) -> Result<(), Error> {
        if TRANSITIONS.iter().any(|row| (row.from, row.action) == (self, action)) {
            Ok(())
        } else {
            Err(Error::InvalidTransition { from: self, to: action.goal() })
        }
    }

    /// The state that `event` leads to from here; what is not in the table changes nothing.
    pub fn after(self, event: &str) -> Self {
        let found = TRANSITIONS.iter().find(|row| row.from == self && row.event == event);
        found.map_or(self, |row| row.to)
    }

    /// The actions on offer to `role` in this state, each once.
    pub fn offers(self, role: Role) -> Vec<Action> {
        let rows = TRANSITIONS.iter().filter(|row| row.from == self && row.by.contains(&role));
        let mut actions: Vec<_> = rows.map(|row| row.action).collect();
        actions.dedup();
        actions
    }
}

impl Action {
    /// The state it leads to in the end.
    pub fn goal(self) -> Status {
        let last = TRANSITIONS.iter().rev().find(|row| row.action == self);
        last.map_or(Status::Ordered, |row| row.to)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    const FOLD: &str = include_str!("../../migrations/fold.sql");
    const OPENAPI: &str = include_str!("../../../../shared/openapi/openapi.json");
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
        for from in Status::ALL {
            for action in Action::ALL {
                let possible = TRANSITIONS.iter().any(|row| (row.from, row.action) == (*from, *action));
                match from.check(*action) {
                    Ok(()) => assert!(possible, "{from} {action}"),
                    Err(Error::InvalidTransition { from: said, to }) => {
                        assert_eq!((possible, said, to), (false, *from, action.goal()));
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
        assert_eq!((Action::Ship.goal(), Action::Deliver.goal()), (Status::Shipped, Status::Delivered));
    }

    #[test]
    fn an_event_leads_from_a_state_to_one_other() {
        let pairs: BTreeSet<_> = TRANSITIONS.iter().map(|row| (row.from.name(), row.event)).collect();
        assert_eq!(pairs.len(), TRANSITIONS.len());
        assert_eq!(Status::Paid.after("order.shipped"), Status::Shipped);
        assert_eq!(Status::Paid.after("order.refund_noted"), Status::Paid);
    }

    #[test]
    fn an_action_is_on_offer_only_to_those_who_may() {
        let names = |status: Status, role| {
            status.offers(role).into_iter().map(Action::name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(Status::Ordered, Role::Buyer), "pay cancel changeItems changeAddress");
        assert_eq!(names(Status::Ordered, Role::Admin), "cancel changeItems changeAddress");
        assert_eq!(names(Status::Ordered, Role::Seller), "");
        assert_eq!(names(Status::Paid, Role::Buyer), "cancel changeAddress");
        assert_eq!(names(Status::Paid, Role::Seller), "ship deliver");
        assert_eq!(names(Status::Delivered, Role::Admin), "refund");
        for last in [Status::Cancelled, Status::Expired, Status::Refunded] {
            assert!(
                [Role::Buyer, Role::Seller, Role::Admin].iter().all(|role| last.offers(*role).is_empty())
            );
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(Status::ALL.iter().all(|status| Status::parse(status.name()) == Some(*status)));
        assert!(Action::ALL.iter().all(|action| Action::parse(action.name()) == Some(*action)));
        assert_eq!(Status::parse("paid"), None);
        assert_eq!(json!(Status::Paid), json!("PAID"));
    }

    #[test]
    fn the_database_has_the_same_transitions() {
        let row = |row: &Transition| format!("('{}', '{}', '{}')", row.from, row.event, row.to);
        let rows: Vec<_> = TRANSITIONS.iter().map(row).collect();
        let sql = format!("INSERT INTO orders_transitions VALUES\n  {};", rows.join(",\n  "));
        assert!(FOLD.contains(&sql), "{sql}");
    }

    #[test]
    fn the_description_has_the_same_states_and_actions() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["OrderStatus"]["enum"], json!(Status::ALL));
        let offered: Vec<_> = Action::ALL.iter().filter(|action| **action != Action::Expire).collect();
        assert_eq!(schemas["Order"]["properties"]["allowedActions"]["items"]["enum"], json!(offered));
    }

    /// `docs/orders.md` as the table makes it.
    fn document() -> String {
        let mut text = "# The states of an order\n\n\
            Made from the table in `components/orders/src/domain/status.rs`; `UPDATE_DOCS=1 cargo test --workspace diagram` makes\n\
            it anew. A `partly_` event is that of one seller while others have not done the same yet.\n\n\
            ```mermaid\nstateDiagram-v2\n    [*] --> ORDERED: order.placed\n"
            .to_owned();
        for row in TRANSITIONS {
            text += &format!("    {} --> {}: {}\n", row.from, row.to, row.event);
        }
        for last in Status::ALL.iter().filter(|status| TRANSITIONS.iter().all(|row| row.from != **status)) {
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
            text += &format!("| {} | `{}` | {by} | `{}` | {} |\n", row.from, row.action, row.event, row.to);
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
