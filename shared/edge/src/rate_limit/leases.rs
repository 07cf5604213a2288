//! What an instance has leased of its callers' limits. No clock and no database here.

use std::collections::HashMap;
use std::hash::Hash;

use store::Lease;

/// How many callers an instance remembers: more than it answers requests in a minute, about 200 bytes each. Beyond it
/// what was leased is forgotten, so that less than the limit passes.
const MAX_CALLERS: usize = 4096;
/// A block is at most this part of the limit: what ends with an instance is lost to its caller until the next minute.
const BLOCKS: i64 = 64;
/// The first blocks are no larger than this: an instance ends after some hundred requests (128 by default), and 8 lose
/// 3 % of them in the middle, at a statement per 8 requests.
const FIRST_BLOCK: i64 = 8;
/// An instance that goes on has larger blocks, of this part of what its caller used: again, it loses 3 % in the middle.
const OF_USED: i64 = 16;

/// By caller and class.
pub(super) struct Leases<K> {
    held: HashMap<K, Held>,
    /// The last minute in which anything was leased.
    minute: i64,
}

impl<K> Default for Leases<K> {
    fn default() -> Self {
        Self { held: HashMap::new(), minute: 0 }
    }
}

/// Of one caller, in one minute.
#[derive(Default)]
struct Held {
    minute: i64,
    /// Requests that it is still good for.
    tokens: i64,
    used: i64,
    /// What nobody had leased when this instance last asked.
    rest: i64,
    state: State,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// A request is asking for a lease.
    Asked,
    /// There is nothing left to lease.
    Spent,
    /// It cannot be told.
    Unknown,
}

/// How a request stands to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It passes, and so many more may.
    Within {
        left: i64,
    },
    Beyond,
    /// It passes, since nothing can be told of its limit.
    Uncounted,
}

/// What a request has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Is(Standing),
    /// Lease so much, say [`asked`](Leases::asked) and [`leased`](Leases::leased), and ask again.
    Lease {
        block: i64,
    },
    /// Another request is asking: ask again after a while.
    Wait,
}

impl<K: Clone + Eq + Hash> Leases<K> {
    /// Take a token of `minute`, or say what else to do.
    pub fn next(&mut self, key: &K, minute: i64, limit: i64) -> Next {
        let held = self.of(key, minute);
        if held.tokens > 0 {
            held.tokens = held.tokens.saturating_sub(1);
            held.used = held.used.saturating_add(1);
            return Next::Is(Standing::Within { left: held.tokens.saturating_add(held.rest) });
        }
        match held.state {
            State::Asked => Next::Wait,
            State::Spent => Next::Is(Standing::Beyond),
            State::Unknown => Next::Is(Standing::Uncounted),
            State::Open => {
                held.state = State::Asked;
                Next::Lease { block: block(limit, held.used) }
            }
        }
    }

    /// A request does not ask any more: it got its answer, or went away.
    pub fn asked(&mut self, key: &K) {
        if let Some(held) = self.held.get_mut(key)
            && held.state == State::Asked
        {
            held.state = State::Open;
        }
    }

    /// What a request of `minute` got.
    pub fn leased(&mut self, key: &K, minute: i64, leased: Result<Option<Lease>, ()>) {
        let held = self.of(key, minute);
        match leased {
            Ok(Some(lease)) => {
                held.tokens = held.tokens.saturating_add(lease.granted);
                held.rest = lease.rest;
            }
            Ok(None) => held.state = State::Spent,
            Err(()) => held.state = State::Unknown,
        }
    }

    /// Whether this instance has not leased anything yet since `minute` began.
    pub fn is_first_of(&mut self, minute: i64) -> bool {
        let is_first = minute > self.minute;
        self.minute = self.minute.max(minute);
        is_first
    }

    /// What is held of `minute`: what was leased for another one is void.
    fn of(&mut self, key: &K, minute: i64) -> &mut Held {
        if !self.held.contains_key(key) && self.held.len() >= MAX_CALLERS {
            self.held.retain(|_, held| held.minute == minute);
        }
        if !self.held.contains_key(key) && self.held.len() >= MAX_CALLERS {
            self.held.clear();
        }
        let held = self.held.entry(key.clone()).or_default();
        if held.minute != minute {
            *held = Held { minute, ..Held::default() };
        }
        held
    }
}

/// How much to lease of `limit` at a time, when the caller has used so much here.
fn block(limit: i64, used: i64) -> i64 {
    (limit / BLOCKS).min(FIRST_BLOCK.max(used / OF_USED)).max(1)
}

#[cfg(test)]
mod tests;
