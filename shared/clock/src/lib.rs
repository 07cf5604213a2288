//! Times as the API shows them: RFC 3339, UTC, to the millisecond.
//!
//! RFC 3339 has years of four digits, so there is a first and a last moment. Reading refuses what lies outside, and
//! arithmetic stops at the ends: a time that cannot be printed would end its instance by a panic in `to_string`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A moment, in milliseconds since the Unix epoch.
///
/// Its text form has a fixed width, so that texts sort as moments do, in SQL too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// `0000-01-01T00:00:00.000Z`.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// `9999-12-31T23:59:59.999Z`.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The wall clock's reading.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).bounded()
    }

    /// This moment moved by `seconds`, which may be negative; not beyond [`Timestamp::MIN`] and [`Timestamp::MAX`].
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000))).bounded()
    }

    /// How long to wait from `now` to this moment, in whole seconds: rounded up, so that who waits that long is let in,
    /// and at least one. What `Retry-After` says.
    pub fn wait_from(self, now: Self) -> i64 {
        (self.0.saturating_sub(now.0).saturating_add(999) / 1000).max(1)
    }

    /// Read an RFC 3339 text; `None` when it is not one, or when it is of another year in UTC than 0000 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let read = Self(i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?);
        (read == read.bounded()).then_some(read)
    }

    fn bounded(self) -> Self {
        self.clamp(Self::MIN, Self::MAX)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanos = i128::from(self.bounded().0).saturating_mul(1_000_000);
        let t = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            t.millisecond()
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom("must be an RFC 3339 time such as 2026-11-21T05:06:07Z"))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Timestamp;

    #[test]
    fn a_wait_is_rounded_up_and_never_nothing() {
        let now = Timestamp(5_000);
        for (until, seconds) in [(0, 1), (5_000, 1), (5_001, 1), (6_000, 1), (6_001, 2), (905_000, 900)] {
            assert_eq!(Timestamp(until).wait_from(now), seconds, "{until}");
        }
    }

    #[test]
    fn text_and_moment_are_the_same() {
        let text = "2026-11-21T05:06:07.089Z";
        assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        assert_eq!(Timestamp::parse("2026-11-21T14:06:07.089+09:00").unwrap().to_string(), text);
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn a_time_that_cannot_be_printed_is_not_read() {
        for text in ["9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01", "10000-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(Timestamp::parse(&end.to_string()), Some(end));
        }
    }

    proptest! {
        #[test]
        fn every_moment_can_be_printed_moved_and_read_again(moment: i64, seconds: i64) {
            for moment in [Timestamp(moment), Timestamp(moment).plus_seconds(seconds)] {
                let text = moment.to_string();
                prop_assert_eq!(text.len(), 24);
                prop_assert_eq!(Timestamp::parse(&text), Some(moment.clamp(Timestamp::MIN, Timestamp::MAX)));
            }
        }

        #[test]
        fn texts_sort_as_moments_do(
            one in Timestamp::MIN.0..Timestamp::MAX.0,
            other in Timestamp::MIN.0..Timestamp::MAX.0,
        ) {
            prop_assert_eq!(one.cmp(&other), Timestamp(one).to_string().cmp(&Timestamp(other).to_string()));
        }
    }
}
