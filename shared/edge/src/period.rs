//! `from` and `to`, the same on every list.

use clock::Timestamp;

use crate::FieldError;

/// The length of `2026-11-21`.
const DATE: usize = 10;
/// The length of ` 09:00`, an offset whose `+` was not escaped.
const OFFSET: usize = 6;
/// In seconds.
const DAY: i64 = 24 * 60 * 60;

/// A span of time; an end that is `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Period {
    /// This moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

impl Period {
    /// The period between two query parameters, each a day (UTC; `to` has all of it) or an RFC 3339 time (`to` has
    /// what is before it). What is not valid is added to `errors`.
    pub fn parse(errors: &mut Vec<FieldError>, from: Option<&str>, to: Option<&str>) -> Self {
        let (from, begins) = (moment(errors, "from", from), moment(errors, "to", to));
        // A day is over when the next one begins.
        let length = if to.is_some_and(is_day) { DAY } else { 0 };
        let to = begins.map(|begins| begins.plus_seconds(length));
        // A day that began before `from` may have it still.
        if from.zip(begins.zip(to)).is_some_and(|(from, (begins, to))| from > begins && from >= to) {
            errors.push(FieldError::new("to", "must not be before from"));
        }
        Self { from, to }
    }
}

fn is_day(text: &str) -> bool {
    text.len() == DATE
}

/// A moment, or a day's beginning.
fn moment(errors: &mut Vec<FieldError>, field: &str, text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    let parsed = if is_day(text) {
        Timestamp::parse(&format!("{text}T00:00:00Z"))
    } else {
        Timestamp::parse(&with_plus(text))
    };
    if parsed.is_none() {
        let detail = "must be a day such as 2026-11-21 or an RFC 3339 time such as 2026-11-21T05:06:07Z";
        errors.push(FieldError::new(field, detail));
    }
    parsed
}

/// In a query `+` means a space, so the `+` of an offset that was not escaped arrives as one.
fn with_plus(text: &str) -> String {
    match text.len().checked_sub(OFFSET).and_then(|at| text.split_at_checked(at)) {
        Some((time, offset)) if offset.starts_with(' ') => format!("{time}+{}", offset.trim_start()),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(from: &str, to: &str) -> Result<Period, Vec<String>> {
        let mut errors = Vec::new();
        let given = |text: &'static str| (!text.is_empty()).then_some(text);
        let (from, to): (&'static str, &'static str) = (from.to_owned().leak(), to.to_owned().leak());
        let period = Period::parse(&mut errors, given(from), given(to));
        if errors.is_empty() {
            Ok(period)
        } else {
            Err(errors.into_iter().map(|error| error.field).collect())
        }
    }

    #[test]
    fn a_day_is_taken_from_its_first_to_its_last_moment() {
        let day = parse("2026-11-20", "2026-11-20").unwrap();
        assert_eq!(day, parse("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z").unwrap());
        assert_eq!(parse("", "").unwrap(), Period::default());
    }

    #[test]
    fn an_offset_counts_with_its_plus_escaped_or_not() {
        let utc = parse("2026-11-20T00:00:00Z", "").unwrap();
        assert_eq!(parse("2026-11-20T09:00:00+09:00", ""), Ok(utc));
        assert_eq!(parse("2026-11-20T09:00:00 09:00", ""), Ok(utc));
        assert_eq!(parse("2026-11-19T19:00:00-05:00", ""), Ok(utc));
        for odd in ["2026-11-20 09:00:00", "2026-11-20T09:00:00  9:00", "2026-11-20T09:00 09:00", " 09:00"] {
            assert_eq!(parse(odd, ""), Err(vec!["from".to_owned()]), "{odd}");
        }
    }

    #[test]
    fn what_is_not_valid_is_named() {
        let (from, to) = (|| "from".to_owned(), || "to".to_owned());
        assert_eq!(parse("2026-13-01", "2026-02-30"), Err(vec![from(), to()]));
        assert_eq!(parse("10000-01-01", "today"), Err(vec![from(), to()]));
        assert_eq!(parse("2026-11-21", "2026-11-20"), Err(vec![to()]));
        assert!(parse("2026-11-20T12:00:00Z", "2026-11-20").is_ok());
        assert!(parse("2026-11-20", "2026-11-20T00:00:00Z").is_ok());
        assert_eq!(parse("2026-11-20T00:00:01Z", "2026-11-20T00:00:00Z"), Err(vec![to()]));
        assert!(parse("2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z").is_ok());
    }

    #[test]
    fn the_last_day_of_all_is_a_day_too() {
        let period = parse("0000-01-01", "9999-12-31").unwrap();
        assert_eq!((period.from, period.to), (Some(Timestamp::MIN), Some(Timestamp::MAX)));
    }
}
