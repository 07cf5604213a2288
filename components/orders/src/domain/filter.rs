//! Which orders a list has: by state, and by when they were placed.

use clock::Timestamp;
use edge::{FieldError, Period};

use super::Status;

/// What a list is limited to.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    pub status: Option<Status>,
    /// Placed at this moment or later.
    pub from: Option<Timestamp>,
    /// Placed before this moment.
    pub to: Option<Timestamp>,
}

impl Filter {
    /// Check query parameters; each that is not valid is named.
    pub fn parse(
        status: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let status = status.and_then(|name| {
            let status = name.parse().ok();
            if status.is_none() {
                errors.push(FieldError::new("status", "must be a state such as PAID"));
            }
            status
        });
        let Period { from, to } = Period::parse(&mut errors, from, to);
        if errors.is_empty() { Ok(Self { status, from, to }) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: &'static str, from: &'static str, to: &'static str) -> Result<Filter, Vec<FieldError>> {
        let text = |text: &'static str| (!text.is_empty()).then_some(text);
        Filter::parse(text(status), text(from), text(to))
    }

    #[test]
    fn a_day_is_taken_from_its_first_to_its_last_moment() {
        let filter = parse("PAID", "2026-11-20", "2026-11-20").unwrap();
        assert_eq!(filter.status, Some(Status::Paid));
        assert_eq!(filter.from, Timestamp::parse("2026-11-20T00:00:00Z"));
        assert_eq!(filter.to, Timestamp::parse("2026-11-21T00:00:00Z"));
        let exact = parse("", "", "2026-11-20T09:00:00 09:00").unwrap();
        assert_eq!(exact.to, Timestamp::parse("2026-11-20T00:00:00Z"));
    }

    #[test]
    fn what_is_not_valid_is_named() {
        let errors = parse("paid", "2026-13-01", "today").unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["status", "from", "to"]);
        assert_eq!(parse("", "", "").unwrap(), Filter::default());
    }
}
