//! What a payment is and how it moves. No I/O, no clock.

mod conflict;
mod outcome;
mod refund;

use money::Currency;
use store::Timestamp;

use crate::card::Face;
pub use conflict::Resolution;
pub use outcome::{
    ABANDONED_AFTER_SECONDS, ASK_EVERY_SECONDS, Change, HINT_EVERY_SECONDS, LOST_AFTER_SECONDS, MISCONFIGURED,
};
pub use refund::{Refund, RefundState};

macro_rules! states {
    ($($(#[$doc:meta])* $state:ident $name:literal,)*) => {
        /// Where a payment stands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum State { $($(#[$doc])* $state,)* }

        impl State {
            /// Every state.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$state,)*];

            /// As clients see it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$state => $name,)* }
            }

            /// The state with this name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$state),)* _ => None }
            }
        }
    };
}

states! {
    /// The provider was asked, or is about to be.
    Pending "PENDING",
    /// The money is held.
    Authorized "AUTHORIZED",
    /// The money was taken.
    Captured "CAPTURED",
    /// The provider said no.
    Declined "DECLINED",
    /// The provider never got it.
    Failed "FAILED",
    /// Given up before the money was taken.
    Cancelled "CANCELLED",
    /// Some of the money was given back.
    PartiallyRefunded "PARTIALLY_REFUNDED",
    /// All of the money was given back.
    Refunded "REFUNDED",
    /// The provider booked something else than was asked: a person has to look.
    Conflict "CONFLICT",
}

impl State {
    /// Where `event` leads from here; `None` when it cannot happen.
    pub fn next(self, event: &str) -> Option<Self> {
        let found = TRANSITIONS.iter().find(|(from, kind, _)| *from == self && *kind == event);
        found.map(|(_, _, to)| *to)
    }

    /// Whether the order's money is, or may come to be, with us: another payment would charge twice.
    pub fn is_live(self) -> bool {
        self.is_open() || matches!(self, Self::Captured | Self::PartiallyRefunded | Self::Conflict)
    }

    /// Whether the provider still has to say what became of it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Authorized)
    }

    /// Whether there is money to give back.
    pub fn is_refundable(self) -> bool {
        matches!(self, Self::Captured | Self::PartiallyRefunded)
    }
}

/// Every way a payment can go: in this state, this event leads to that state. `/full` marks what gives back the
/// rest, `/partly` what leaves some of it given back. The database refuses any other from the same table in
/// `migrations/fold.sql`; a test compares the two.
pub const TRANSITIONS: &[(State, &str, State)] = &[
    (State::Pending, "payment.deferred", State::Pending),
    (State::Pending, "payment.authorized", State::Authorized),
    (State::Pending, "payment.captured", State::Captured),
    (State::Pending, "payment.declined", State::Declined),
    (State::Pending, "payment.failed", State::Failed),
    (State::Pending, "payment.cancelled", State::Cancelled),
    (State::Pending, "payment.conflicted", State::Conflict),
    (State::Authorized, "payment.captured", State::Captured),
    (State::Authorized, "payment.declined", State::Declined),
    (State::Authorized, "payment.cancelled", State::Cancelled),
    (State::Authorized, "payment.conflicted", State::Conflict),
    (State::Failed, "payment.captured", State::Captured),
    (State::Failed, "payment.conflicted", State::Conflict),
    (State::Cancelled, "payment.captured", State::Captured),
    (State::Cancelled, "payment.conflicted", State::Conflict),
    (State::Captured, "payment.refund_requested", State::Captured),
    (State::Captured, "payment.refunded", State::PartiallyRefunded),
    (State::Captured, "payment.refunded/full", State::Refunded),
    (State::Captured, "payment.refund_failed", State::Captured),
    (State::Captured, "payment.conflicted", State::Conflict),
    (State::PartiallyRefunded, "payment.refund_requested", State::PartiallyRefunded),
    (State::PartiallyRefunded, "payment.refunded", State::PartiallyRefunded),
    (State::PartiallyRefunded, "payment.refunded/full", State::Refunded),
    (State::PartiallyRefunded, "payment.refund_failed", State::PartiallyRefunded),
    (State::PartiallyRefunded, "payment.conflicted", State::Conflict),
    (State::Conflict, "payment.refunded", State::Conflict),
    (State::Conflict, "payment.refunded/full", State::Conflict),
    (State::Conflict, "payment.refund_failed", State::Conflict),
    (State::Conflict, "payment.conflicted", State::Conflict),
    (State::Captured, "payment.refund_retried", State::Captured),
    (State::PartiallyRefunded, "payment.refund_retried", State::PartiallyRefunded),
    (State::Captured, "payment.return_due", State::Captured),
    (State::PartiallyRefunded, "payment.return_due", State::PartiallyRefunded),
    (State::Conflict, "payment.return_due", State::Conflict),
    (State::Conflict, "conflict.resolved", State::Captured),
    (State::Conflict, "conflict.resolved/partly", State::PartiallyRefunded),
    (State::Conflict, "conflict.resolved/full", State::Refunded),
];

/// A payment, or an attempt at one.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The provider's idempotency key too.
    pub id: String,
    pub order_id: String,
    pub buyer_id: String,
    pub state: State,
    /// In minor units of `currency`.
    pub amount: i64,
    pub currency: Currency,
    pub refunded: i64,
    /// Asked to be given back, and not failed yet.
    pub refunding: i64,
    pub provider: String,
    /// The provider's own id of the charge, once it is known.
    pub reference: Option<String>,
    pub card: Face,
    /// Code, and whether the same card may be tried again.
    pub failure: Option<(String, bool)>,
    /// What the provider calls the failure.
    pub provider_code: Option<String>,
    pub action_url: Option<String>,
    /// In conflict: what the provider booked instead, in minor units of the currency with this code.
    pub booked: Option<(i64, String)>,
    /// While open: not before then is the provider asked what became of it.
    pub ask_after: String,
    pub version: i64,
    pub created_at: String,
    pub updated_at: String,
}

impl Payment {
    /// Whether the request that started it may still wait for the provider: nothing was heard since.
    pub fn is_running(&self) -> bool {
        /// The version that `payment.started` leaves.
        const STARTED: i64 = 1;
        self.state == State::Pending && self.version == STARTED
    }

    /// Whether it is time to ask the provider what became of it.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.state.is_open() && self.ask_after <= now.to_string()
    }

    /// Whether the provider has money of it that did not all go back.
    pub fn has_money(&self) -> bool {
        self.state.is_refundable() || self.state == State::Conflict
    }

    /// What is left to give back.
    pub fn refundable(&self) -> i64 {
        self.amount.saturating_sub(self.refunded).saturating_sub(self.refunding)
    }

    /// Whether nothing happens before the payer confirms it.
    pub fn waits_for_payer(&self) -> bool {
        self.state == State::Pending && self.action_url.is_some()
    }

    /// Whether it was given up, so that money that comes all the same is late.
    pub fn is_given_up(&self) -> bool {
        matches!(self.state, State::Failed | State::Cancelled)
    }

    /// Whether its order must be long gone: what the payer has not done by now is not waited for.
    pub fn is_abandoned(&self, now: Timestamp) -> bool {
        let started = Timestamp::parse(&self.created_at);
        started.is_some_and(|started| started.plus_seconds(ABANDONED_AFTER_SECONDS) <= now)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A payment of 29.99 USD that was just started.
    pub fn started() -> Payment {
        Payment {
            id: "p".to_owned(),
            order_id: "o".to_owned(),
            buyer_id: "b".to_owned(),
            state: State::Pending,
            amount: 2999,
            currency: Currency::USD,
            refunded: 0,
            refunding: 0,
            provider: "sandbox".to_owned(),
            reference: None,
            card: Face { brand: "visa".to_owned(), last4: "1111".to_owned(), expiry: "12/49".to_owned() },
            failure: None,
            provider_code: None,
            action_url: None,
            booked: None,
            ask_after: "2026-11-21T00:00:15.000Z".to_owned(),
            version: 1,
            created_at: "2026-11-21T00:00:00.000Z".to_owned(),
            updated_at: "2026-11-21T00:00:00.000Z".to_owned(),
        }
    }

    const TABLES: &str = include_str!("../migrations/0001_tables.sql");
    const FOLD: &str = include_str!("../migrations/fold.sql");

    #[test]
    fn the_database_has_the_same_transitions() {
        use std::collections::BTreeSet;
        let rows = FOLD.lines().filter(|line| line.starts_with("  ('"));
        let written: BTreeSet<_> =
            rows.map(|row| row.trim().trim_end_matches([',', ';']).to_owned()).collect();
        let row = |(from, event, to): &(State, &str, State)| {
            format!("('{}', '{event}', '{}')", from.name(), to.name())
        };
        assert_eq!(written, TRANSITIONS.iter().map(row).collect());
    }

    #[test]
    fn the_database_has_the_same_live_and_open_states() {
        let list = |keep: fn(State) -> bool| {
            let names: Vec<_> =
                State::ALL.iter().filter(|s| keep(**s)).map(|s| format!("'{}'", s.name())).collect();
            format!("state IN ({});", names.join(", "))
        };
        assert!(TABLES.contains(&list(State::is_live)), "{}", list(State::is_live));
        assert!(TABLES.contains(&list(State::is_open)), "{}", list(State::is_open));
    }

    #[test]
    fn final_states_stay_and_all_others_can_be_left() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(*state));
            let leaves = TRANSITIONS.iter().any(|(from, _, to)| from == state && to != state);
            let stays = matches!(state, State::Declined | State::Refunded);
            assert_eq!(leaves, !stays, "{state:?}");
        }
    }

    #[test]
    fn a_state_and_an_event_lead_to_one_state() {
        let mut seen = std::collections::HashSet::new();
        assert!(TRANSITIONS.iter().all(|(from, event, _)| seen.insert((from.name(), event))));
    }

    #[test]
    fn the_provider_is_asked_when_the_call_is_over() {
        let mut payment = started();
        assert!(payment.is_running());
        assert!(!payment.is_due(Timestamp::parse("2026-11-21T00:00:14.999Z").unwrap()));
        assert!(payment.is_due(Timestamp::parse("2026-11-21T00:00:15.000Z").unwrap()));
        payment.state = State::Captured;
        assert!(!payment.is_due(Timestamp::parse("2026-11-21T00:00:15.000Z").unwrap()));
    }
}
