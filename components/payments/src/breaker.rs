//! The circuit breaker of each provider, shared by all instances: a provider that answers badly is left alone for a
//! while, then tried by one call at a time.

use store::Timestamp;

use crate::store::breaker::{self as stored, Breaker};

/// How long calls are counted together, in ms.
const WINDOW: i64 = 30_000;
/// Fewer calls than this in a window say nothing about a provider.
const MIN_CALLS: i64 = 8;
/// It opens when at least one of so many calls failed.
const FAILED_ONE_OF: i64 = 2;
/// How long it stays open, in ms: short, as orders wait.
const OPEN_FOR: i64 = 5_000;
/// How long the one call of a half-open breaker may take before another may try, in ms: longer than a charge.
const PROBE_FOR: i64 = 12_000;

/// Leave to call a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The breaker is closed.
    Normal,
    /// It is half-open, and this call decides.
    Probe,
}

/// The provider is left alone for so long.
#[derive(Debug, thiserror::Error)]
#[error("the breaker is open for {seconds} s more")]
pub struct Open {
    /// Until it is worth trying again.
    pub seconds: i64,
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// None does.
    Open,
    /// The next one is a probe.
    HalfOpen,
}

impl BreakerState {
    /// As health shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How `breaker` stands at `now` (ms).
pub fn state(breaker: &Breaker, now: i64) -> BreakerState {
    match breaker.open_until {
        0 => BreakerState::Closed,
        until if until > now => BreakerState::Open,
        _ => BreakerState::HalfOpen,
    }
}

/// Leave to call `provider`, or how long to wait. A database that does not answer closes no shop.
pub async fn admit(provider: &str) -> Result<Pass, Open> {
    let Ok(Some(breaker)) = stored::find(provider).await else { return Ok(Pass::Normal) };
    let now = Timestamp::now().0;
    match state(&breaker, now) {
        BreakerState::Closed => Ok(Pass::Normal),
        BreakerState::Open => Err(wait(breaker.open_until, now)),
        BreakerState::HalfOpen => {
            let probe_until = now.saturating_add(PROBE_FOR);
            match stored::take_probe(provider, breaker.open_until, probe_until).await {
                Ok(true) => Ok(Pass::Probe),
                _ => Err(wait(probe_until, now)),
            }
        }
    }
}

/// Whether `provider` is left alone now: nothing should be started.
pub async fn check(provider: &str) -> Result<(), Open> {
    let Ok(Some(breaker)) = stored::find(provider).await else { return Ok(()) };
    let now = Timestamp::now().0;
    match state(&breaker, now) {
        BreakerState::Open => Err(wait(breaker.open_until, now)),
        _ => Ok(()),
    }
}

/// Count a call of `provider` that came out well or not.
pub async fn note(provider: &str, pass: Pass, well: bool) {
    let now = Timestamp::now().0;
    let noted = match pass {
        Pass::Normal => count(provider, well, now).await,
        Pass::Probe if well => stored::close(provider, now).await,
        Pass::Probe => stored::open(provider, now.saturating_add(OPEN_FOR)).await,
    };
    if let Err(error) = noted {
        logline::log!("breaker of {provider}: {error}");
    }
}

async fn count(provider: &str, well: bool, now: i64) -> Result<(), store::Error> {
    let breaker = stored::count(provider, well, now, now.saturating_sub(WINDOW)).await?;
    let bad = breaker.calls >= MIN_CALLS && breaker.failures.saturating_mul(FAILED_ONE_OF) >= breaker.calls;
    if bad && breaker.open_until == 0 {
        logline::log!("ALERT provider {provider}: {} of {} calls failed", breaker.failures, breaker.calls);
        stored::open(provider, now.saturating_add(OPEN_FOR)).await?;
    }
    Ok(())
}

fn wait(until: i64, now: i64) -> Open {
    Open { seconds: until.saturating_sub(now).saturating_add(999).div_euclid(1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(open_until: i64) -> Breaker {
        Breaker { provider: "p".to_owned(), calls: 0, failures: 0, open_until }
    }

    #[test]
    fn it_is_open_until_its_time_and_half_open_from_then_on() {
        assert_eq!(state(&breaker(0), 1_000), BreakerState::Closed);
        assert_eq!(state(&breaker(1_001), 1_000), BreakerState::Open);
        assert_eq!(state(&breaker(1_000), 1_000), BreakerState::HalfOpen);
    }

    #[test]
    fn the_wait_is_told_in_whole_seconds() {
        assert_eq!(wait(1_001, 1_000).seconds, 1);
        assert_eq!(wait(3_000, 1_000).seconds, 2);
    }
}
