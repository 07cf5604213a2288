//! Why a batch was not delivered, and when an event is given up.

/// An event that its target calls wrong is parked after so many tries (some 7 s).
const TRIES_REFUSED: i64 = 4;
/// An event at which its target fails is parked after so many tries (some 5 min).
const TRIES_FAILED: i64 = 10;

/// Why a batch was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undelivered {
    /// The target cannot be asked now: no event's fault.
    Away,
    /// It answered this status.
    Refused(u16),
}

impl std::fmt::Display for Undelivered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away => f.write_str("away"),
            Self::Refused(status) => write!(f, "refused with {status}"),
        }
    }
}

impl Undelivered {
    /// 401 to 404 and 429 are our fault, 502 to 504 the target's; the rest is about the events.
    pub(crate) fn of(status: u16) -> Self {
        match status {
            401..=404 | 408 | 429 | 502..=504 => Self::Away,
            _ => Self::Refused(status),
        }
    }

    /// Whether an event that failed so often, alone, is not tried again.
    pub(crate) fn is_final(self, tries: i64) -> bool {
        match self {
            Self::Away => false,
            Self::Refused(400..=499) => tries >= TRIES_REFUSED,
            Self::Refused(_) => tries >= TRIES_FAILED,
        }
    }
}
