//! Pages of other origins, which browsers let read an answer only when it says so (the Fetch standard's CORS protocol):
//! the variable `cors_origins`. Cookies are not used, so credentials are never allowed: a page sends its token itself.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use variables::{Variable, read};

/// The origins whose pages may read answers: `*` for all, nothing for none.
pub(crate) static CORS_ORIGINS: Variable<Vec<HeaderValue>> =
    Variable::new("cors_origins", "", |text| read::list(text, origin));

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
/// What requests of the API have beside what a browser lets any page send.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, traceparent, X-Request-Id",
);
/// What answers have beside what a browser shows to any page.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotent-Replayed, Server-Timing",
);
/// How long a browser may remember, in seconds: Chromium's own limit.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// `https://shop.example`, with a port if it is not the scheme's own; or `*`.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    let is_origin = host.is_some_and(|host| !host.is_empty() && host.chars().all(plain));
    let fit = HeaderValue::from_str(text).ok().filter(|_| text == "*" || is_origin);
    fit.ok_or_else(|| "must be * or a list of origins, such as https://shop.example:8443".to_owned())
}

/// Whether a page of another origin may read the answer.
pub(crate) enum Cors {
    /// Nobody asks, or nobody may.
    None,
    /// A page of this origin may (`*`: of any).
    Allowed(HeaderValue),
}

impl Cors {
    /// What the setting says of a request with these headers.
    pub(crate) async fn of(headers: &HeaderMap) -> Self {
        let Some(asking) = headers.get(ORIGIN) else { return Self::None };
        let known = CORS_ORIGINS.get().await.map_or(&[][..], Vec::as_slice);
        let allowed = known.iter().find(|known| *known == asking || *known == "*");
        allowed.cloned().map_or(Self::None, Self::Allowed)
    }

    /// The answer to a browser that asks before it sends a page's request, which has no token yet.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let asks = method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        matches!(self, Self::Allowed(_) if asks).then(|| {
            let may = [
                (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
                (ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
                (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
            ];
            (StatusCode::NO_CONTENT, may).into_response()
        })
    }

    /// Let the page read the answer with these headers, problems too. A cache must not give it to another origin.
    pub(crate) fn allow(self, headers: &mut HeaderMap) {
        if let Self::Allowed(origin) = self {
            headers.append(VARY, HeaderValue::from_static("Origin"));
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_write_them() {
        for good in ["*", "https://shop.example", "http://127.0.0.1:5173", "http://[::1]:80"] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://Shop.example",
            "ftp://a",
            "null",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_preflight_of_an_allowed_origin_is_answered() {
        let mut headers = HeaderMap::new();
        let allowed = Cors::Allowed(HeaderValue::from_static("https://shop.example"));
        assert!(allowed.preflight(&Method::OPTIONS, &headers).is_none());
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
        assert_eq!(allowed.preflight(&Method::OPTIONS, &headers).unwrap().status(), StatusCode::NO_CONTENT);
        assert!(allowed.preflight(&Method::POST, &headers).is_none());
        assert!(Cors::None.preflight(&Method::OPTIONS, &headers).is_none());
    }
}
