//! Which orders a list has: by state, and by when they were placed.

use edge::{FieldError, Period};
use store::Timestamp;

use super::Status;
use crate::api::Filters;

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
    pub fn parse(query: &Filters) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let status = query.status.as_deref().and_then(|name| {
            let status = Status::parse(name);
            if status.is_none() {
                errors.push(FieldError::new("status", "must be a state such as PAID"));
            }
            status
        });
        let Period { from, to } = Period::parse(&mut errors, query.from.as_deref(), query.to.as_deref());
        if errors.is_empty() { Ok(Self { status, from, to }) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: &str, from: &str, to: &str) -> Result<Filter, Vec<FieldError>> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Filter::parse(&Filters { status: text(status), from: text(from), to: text(to) })
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
