//! Strong entity tags and the preconditions that use them (RFC 9110, section 13).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, header, request::Parts};

use crate::{Code, Problem};

/// The strong tag of a resource at `revision`.
pub fn etag(revision: i64) -> HeaderValue {
    HeaderValue::from_str(&tag(revision)).unwrap_or(HeaderValue::from_static("\"0\""))
}

fn tag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// The request's `If-Match` and `If-None-Match`.
pub struct Preconditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
}

impl Preconditions {
    /// Refuse with 412 when the client knows another revision.
    pub fn check(&self, revision: i64) -> Result<(), Problem> {
        match &self.if_match {
            Some(tags) if !matches(tags, revision, false) => Err(Self::failed()),
            _ => Ok(()),
        }
    }

    /// As [`check`](Self::check); the revision that the write must still find when the client insists on one.
    pub fn insist(&self, revision: i64) -> Result<Option<i64>, Problem> {
        self.check(revision)?;
        Ok(self.if_match.as_ref().map(|_| revision))
    }

    /// 412: the resource is at another revision.
    pub fn failed() -> Problem {
        Problem::new(Code::PRECONDITION_FAILED, "Read the resource again and retry")
    }

    /// Whether the client's copy is the current one: answer 304.
    pub fn unchanged(&self, revision: i64) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| matches(tags, revision, true))
    }
}

impl<S: Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let list = |headers: &HeaderMap, name| {
            headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned)
        };
        Ok(Self {
            if_match: list(&parts.headers, header::IF_MATCH),
            if_none_match: list(&parts.headers, header::IF_NONE_MATCH),
        })
    }
}

/// `If-None-Match` compares weakly (`W/` may stand before), `If-Match` strongly.
fn matches(tags: &str, revision: i64, weak: bool) -> bool {
    let own = tag(revision);
    tags.split(',').map(str::trim).any(|tag| {
        let bare = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
        bare == "*" || bare == own
    })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn tags_compare_as_the_rfc_says() {
        assert!(matches("\"1\", \"2\"", 2, false));
        assert!(matches("*", 2, false));
        assert!(!matches("W/\"2\"", 2, false));
        assert!(matches("W/\"2\"", 2, true));
        assert!(!matches("\"22\"", 2, false));
    }
}
