//! What a payment is and how it moves. No I/O, no clock.

mod conflict;
mod outcome;
pub mod refund;

use clock::Timestamp;
use contract::payments::PaymentEventKind as Kind;
pub use contract::payments::Resolution;
use contract::{OrderId, PaymentId, UserId};
use money::Currency;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::card::Face;
pub use outcome::{
    ABANDONED_AFTER_SECONDS, ASK_EVERY_SECONDS, Change, HINT_EVERY_SECONDS, LOST_AFTER_SECONDS, MISCONFIGURED,
};
pub use refund::{Refund, RefundState};

/// Where a payment stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Deserialize,
    Serialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PaymentStatus"))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentState {
    /// The provider was asked, or is about to be.
    Pending,
    /// The money is held.
    Authorized,
    /// The money was taken.
    Captured,
    /// The provider said no.
    Declined,
    /// The provider never got it.
    Failed,
    /// Given up before the money was taken.
    Cancelled,
    /// Some of the money was given back.
    PartiallyRefunded,
    /// All of the money was given back.
    Refunded,
    /// The provider booked something else than was asked: a person has to look.
    Conflict,
}

impl PaymentState {
    /// Whether an event of this `kind` can happen here.
    pub fn allows(self, kind: Kind) -> bool {
        TRANSITIONS.iter().any(|(from, event, ..)| (*from, *event) == (self, kind))
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

/// How much of the money an event of a [`TRANSITIONS`] row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// Whatever it is about.
    Any,
    /// It leaves some of the money given back.
    Partly,
    /// It gives back all that is left.
    Full,
}

use Extent::{Any, Full, Partly};

/// Every way a payment can go: in this state, this event leads to that state. The database refuses any other from the
/// same table in `migrations/fold.sql`; a test compares the two.
pub const TRANSITIONS: &[(PaymentState, Kind, Extent, PaymentState)] = &[
    (PaymentState::Pending, Kind::Deferred, Any, PaymentState::Pending),
    (PaymentState::Pending, Kind::Authorized, Any, PaymentState::Authorized),
    (PaymentState::Pending, Kind::Captured, Any, PaymentState::Captured),
    (PaymentState::Pending, Kind::Declined, Any, PaymentState::Declined),
    (PaymentState::Pending, Kind::Failed, Any, PaymentState::Failed),
    (PaymentState::Pending, Kind::Cancelled, Any, PaymentState::Cancelled),
    (PaymentState::Pending, Kind::Conflicted, Any, PaymentState::Conflict),
    (PaymentState::Authorized, Kind::Captured, Any, PaymentState::Captured),
    (PaymentState::Authorized, Kind::Declined, Any, PaymentState::Declined),
    (PaymentState::Authorized, Kind::Cancelled, Any, PaymentState::Cancelled),
    (PaymentState::Authorized, Kind::Conflicted, Any, PaymentState::Conflict),
    (PaymentState::Failed, Kind::Captured, Any, PaymentState::Captured),
    (PaymentState::Failed, Kind::Conflicted, Any, PaymentState::Conflict),
    (PaymentState::Cancelled, Kind::Captured, Any, PaymentState::Captured),
    (PaymentState::Cancelled, Kind::Conflicted, Any, PaymentState::Conflict),
    (PaymentState::Captured, Kind::RefundRequested, Any, PaymentState::Captured),
    (PaymentState::Captured, Kind::Refunded, Any, PaymentState::PartiallyRefunded),
    (PaymentState::Captured, Kind::Refunded, Full, PaymentState::Refunded),
    (PaymentState::Captured, Kind::RefundFailed, Any, PaymentState::Captured),
    (PaymentState::Captured, Kind::Conflicted, Any, PaymentState::Conflict),
    (PaymentState::PartiallyRefunded, Kind::RefundRequested, Any, PaymentState::PartiallyRefunded),
    (PaymentState::PartiallyRefunded, Kind::Refunded, Any, PaymentState::PartiallyRefunded),
    (PaymentState::PartiallyRefunded, Kind::Refunded, Full, PaymentState::Refunded),
    (PaymentState::PartiallyRefunded, Kind::RefundFailed, Any, PaymentState::PartiallyRefunded),
    (PaymentState::PartiallyRefunded, Kind::Conflicted, Any, PaymentState::Conflict),
    (PaymentState::Conflict, Kind::Refunded, Any, PaymentState::Conflict),
    (PaymentState::Conflict, Kind::Refunded, Full, PaymentState::Conflict),
    (PaymentState::Conflict, Kind::RefundFailed, Any, PaymentState::Conflict),
    (PaymentState::Conflict, Kind::Conflicted, Any, PaymentState::Conflict),
    (PaymentState::Captured, Kind::RefundRetried, Any, PaymentState::Captured),
    (PaymentState::PartiallyRefunded, Kind::RefundRetried, Any, PaymentState::PartiallyRefunded),
    (PaymentState::Captured, Kind::ReturnDue, Any, PaymentState::Captured),
    (PaymentState::PartiallyRefunded, Kind::ReturnDue, Any, PaymentState::PartiallyRefunded),
    (PaymentState::Conflict, Kind::ReturnDue, Any, PaymentState::Conflict),
    (PaymentState::Conflict, Kind::Resolved, Any, PaymentState::Captured),
    (PaymentState::Conflict, Kind::Resolved, Partly, PaymentState::PartiallyRefunded),
    (PaymentState::Conflict, Kind::Resolved, Full, PaymentState::Refunded),
];

/// A payment, or an attempt at one.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The provider's idempotency key too.
    pub id: PaymentId,
    pub order_id: OrderId,
    pub buyer_id: UserId,
    pub state: PaymentState,
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
    pub ask_after: Timestamp,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Payment {
    /// Whether the request that started it may still wait for the provider: nothing was heard since.
    pub fn is_running(&self) -> bool {
        /// The version that `payment.started` leaves.
        const STARTED: i64 = 1;
        self.state == PaymentState::Pending && self.version == STARTED
    }

    /// Whether it is time to ask the provider what became of it.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.state.is_open() && self.ask_after <= now
    }

    /// Whether the provider has money of it that did not all go back.
    pub fn has_money(&self) -> bool {
        self.state.is_refundable() || self.state == PaymentState::Conflict
    }

    /// What is left to give back.
    pub fn refundable(&self) -> i64 {
        self.amount.saturating_sub(self.refunded).saturating_sub(self.refunding)
    }

    /// Whether nothing happens before the payer confirms it.
    pub fn waits_for_payer(&self) -> bool {
        self.state == PaymentState::Pending && self.action_url.is_some()
    }

    /// Whether it was given up, so that money that comes all the same is late.
    pub fn is_given_up(&self) -> bool {
        matches!(self.state, PaymentState::Failed | PaymentState::Cancelled)
    }

    /// Whether its order must be long gone: what the payer has not done by now is not waited for.
    pub fn is_abandoned(&self, now: Timestamp) -> bool {
        self.created_at.plus_seconds(ABANDONED_AFTER_SECONDS) <= now
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The moment that `text` says.
    pub fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// A payment of 29.99 USD that was just started.
    pub fn started() -> Payment {
        Payment {
            id: PaymentId::from_u128(0x9),
            order_id: OrderId::from_u128(0),
            buyer_id: UserId::from_u128(0xb),
            state: PaymentState::Pending,
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
            ask_after: at("2026-11-21T00:00:15.000Z"),
            version: 1,
            created_at: at("2026-11-21T00:00:00.000Z"),
            updated_at: at("2026-11-21T00:00:00.000Z"),
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
        let row = |(from, event, extent, to): &(PaymentState, Kind, Extent, PaymentState)| {
            let extent = match extent {
                Any => "",
                Partly => "/partly",
                Full => "/full",
            };
            format!("('{from}', '{}{extent}', '{to}')", event.into_str())
        };
        assert_eq!(written, TRANSITIONS.iter().map(row).collect());
    }

    #[test]
    fn the_database_has_the_same_live_and_open_states() {
        let list = |keep: fn(PaymentState) -> bool| {
            let names: Vec<_> =
                PaymentState::VARIANTS.iter().filter(|s| keep(**s)).map(|s| format!("'{s}'")).collect();
            format!("state IN ({});", names.join(", "))
        };
        assert!(TABLES.contains(&list(PaymentState::is_live)), "{}", list(PaymentState::is_live));
        assert!(TABLES.contains(&list(PaymentState::is_open)), "{}", list(PaymentState::is_open));
    }

    #[test]
    fn final_states_stay_and_all_others_can_be_left() {
        for state in PaymentState::VARIANTS {
            assert_eq!(state.to_string().parse(), Ok(*state));
            let leaves = TRANSITIONS.iter().any(|(from, .., to)| from == state && to != state);
            let stays = matches!(state, PaymentState::Declined | PaymentState::Refunded);
            assert_eq!(leaves, !stays, "{state:?}");
        }
    }

    #[test]
    fn a_state_and_an_event_lead_to_one_state() {
        let mut seen = std::collections::HashSet::new();
        assert!(TRANSITIONS.iter().all(|(from, event, extent, _)| seen.insert((from, event, extent))));
    }

    #[test]
    fn the_provider_is_asked_when_the_call_is_over() {
        let mut payment = started();
        assert!(payment.is_running());
        assert!(!payment.is_due(at("2026-11-21T00:00:14.999Z")));
        assert!(payment.is_due(at("2026-11-21T00:00:15.000Z")));
        payment.state = PaymentState::Captured;
        assert!(!payment.is_due(at("2026-11-21T00:00:15.000Z")));
    }
}
