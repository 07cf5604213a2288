//! Strong entity tags and the preconditions that use them (RFC 9110, section 13).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};

use crate::{Code, Problem, headers};

/// The strong tag of a resource at `revision`.
pub fn etag(revision: i64) -> HeaderValue {
    HeaderValue::from_str(&tag(revision)).unwrap_or(HeaderValue::from_static("\"0\""))
}

fn tag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// The request's `If-Match` and `If-None-Match`.
pub struct Preconditions {
    if_match: Tags,
    if_none_match: Tags,
}

impl Preconditions {
    /// Refuse a change with 412 when the client names another revision, or demands that there is none; and a header
    /// that cannot be read with 400, instead of ignoring it.
    pub fn check(&self, revision: i64) -> Result<(), Problem> {
        for (name, tags) in [("If-Match", &self.if_match), ("If-None-Match", &self.if_none_match)] {
            if matches!(tags, Tags::Malformed) {
                let detail = format!("{name} must be entity tags, such as \"1\", or *");
                return Err(Problem::new(Code::MALFORMED, detail));
            }
        }
        let is_known = matches!(self.if_match, Tags::Absent) || self.if_match.have(revision, false);
        if is_known && !self.if_none_match.have(revision, true) { Ok(()) } else { Err(Self::failed()) }
    }

    /// As [`check`](Self::check). Returns the revision that the write must still find, if the client names one.
    pub fn insist(&self, revision: i64) -> Result<Option<i64>, Problem> {
        self.check(revision)?;
        Ok(matches!(self.if_match, Tags::These(_)).then_some(revision))
    }

    /// 412: the resource is at another revision.
    pub fn failed() -> Problem {
        Problem::new(Code::PRECONDITION_FAILED, "Read the resource again and retry")
    }

    /// Whether the client's copy is the current one: answer 304.
    pub fn unchanged(&self, revision: i64) -> bool {
        self.if_none_match.have(revision, true)
    }
}

impl<S: Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let tags = |name| Tags::of(&parts.headers, name);
        Ok(Self { if_match: tags(header::IF_MATCH), if_none_match: tags(header::IF_NONE_MATCH) })
    }
}

/// What a header says of entity tags, all its lines together.
enum Tags {
    Absent,
    Malformed,
    /// `*`: whatever is there.
    Any,
    /// Each with its quotes, and `W/` before a weak one. Bytes, for a tag may have any above ASCII.
    These(Vec<Vec<u8>>),
}

impl Tags {
    fn of(headers: &HeaderMap, name: HeaderName) -> Self {
        match headers::joined(headers, name) {
            None => Self::Absent,
            Some(list) if list.trim_ascii() == b"*" => Self::Any,
            Some(list) => match tags(&list) {
                Some(tags) if !tags.is_empty() => Self::These(tags),
                _ => Self::Malformed,
            },
        }
    }

    /// Whether the tag of `revision` is among them. `If-None-Match` compares weakly, `If-Match` strongly.
    fn have(&self, revision: i64, weak: bool) -> bool {
        let own = tag(revision);
        let is_own = |tag: &[u8]| tag == own.as_bytes();
        match self {
            Self::Absent | Self::Malformed => false,
            Self::Any => true,
            Self::These(tags) => {
                tags.iter().any(|tag| is_own(tag) || (weak && tag.strip_prefix(b"W/").is_some_and(is_own)))
            }
        }
    }
}

/// `#entity-tag`: commas, also in tags, and empty elements between them. `None` for what is something else.
fn tags(mut list: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut tags = Vec::new();
    loop {
        list = list.trim_ascii_start();
        if let Some(rest) = list.strip_prefix(b",") {
            list = rest;
            continue;
        }
        if list.is_empty() {
            return Some(tags);
        }
        let opaque = list.strip_prefix(b"W/").unwrap_or(list).strip_prefix(b"\"")?;
        let inside = opaque.iter().position(|byte| *byte == b'"')?;
        let is_tag = |byte: &u8| *byte > b' ' && *byte != 0x7f;
        if !opaque.get(..inside)?.iter().all(is_tag) {
            return None;
        }
        let rest = opaque.get(inside.checked_add(1)?..)?;
        tags.push(list.get(..list.len().checked_sub(rest.len())?)?.to_vec());
        list = rest.trim_ascii_start();
        if !(list.is_empty() || list.starts_with(b",")) {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: HeaderName, lines: &[&str]) -> Tags {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        Tags::of(&headers, name)
    }

    fn preconditions(if_match: &[&str], if_none_match: &[&str]) -> Preconditions {
        let (if_match, if_none_match) =
            (asked(header::IF_MATCH, if_match), asked(header::IF_NONE_MATCH, if_none_match));
        Preconditions { if_match, if_none_match }
    }

    #[test]
    fn a_change_is_made_to_the_revision_that_is_known() {
        let status = |lines: &[&str]| {
            preconditions(lines, &[]).check(2).err().map_or(200, |problem| problem.code().status.as_u16())
        };
        for lines in [
            &[][..],
            &["\"2\""],
            &["*"],
            &["\"1\", \"2\""],
            &["\"1\"", "\"2\""],
            &["\"\u{e9}\",\"2\""],
            &["\"a,b\" ,, \"2\""],
        ] {
            assert_eq!(status(lines), 200, "{lines:?}");
        }
        for lines in
            [&["\"1\""][..], &["W/\"2\""], &["\"22\""], &["\"\u{e9}\""], &["\"\""], &["\"1\"", "W/\"2\""]]
        {
            assert_eq!(status(lines), 412, "{lines:?}");
        }
        for lines in [
            &["2"][..],
            &[""],
            &[","],
            &["\"2"],
            &["*, \"2\""],
            &["*", "\"2\""],
            &["w/\"2\""],
            &["\"2\" \"3\""],
            &["\"2 3\""],
            &["\"2\"", "x"],
        ] {
            assert_eq!(status(lines), 400, "{lines:?}");
        }
    }

    #[test]
    fn a_copy_is_current_by_any_of_its_tags() {
        let unchanged = |lines: &[&str]| preconditions(&[], lines).unchanged(2);
        for lines in [&["\"2\""][..], &["W/\"2\""], &["*"], &["\"1\"", "\"3\", W/\"2\""]] {
            assert!(unchanged(lines), "{lines:?}");
        }
        for lines in [&[][..], &["\"1\""], &["2"], &["\"\u{e9}\""]] {
            assert!(!unchanged(lines), "{lines:?}");
        }
        assert!(
            preconditions(&[], &["*"]).check(2).is_err() && preconditions(&[], &["\"1\""]).check(2).is_ok()
        );
    }

    #[test]
    fn who_insists_on_a_revision_has_it_checked_by_the_write() {
        assert_eq!(preconditions(&["\"2\""], &[]).insist(2).unwrap(), Some(2));
        assert_eq!(preconditions(&["*"], &[]).insist(2).unwrap(), None);
        assert_eq!(preconditions(&[], &[]).insist(2).unwrap(), None);
    }
}
