//! What is known of a request before anyone looks at it: its id, its trace, where it came from.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use uuid::Uuid;

/// The longest client-made request id that is kept; a longer one is replaced.
const MAX_REQUEST_ID: usize = 128;

/// A request's identity, passed on to other services and into events.
#[derive(Clone, Debug)]
pub struct Context {
    /// The client's `X-Request-Id` when it is printable and short, else a new UUIDv7.
    pub request_id: String,
    /// W3C Trace Context, when the client sent a valid one.
    pub traceparent: Option<String>,
    /// The client's address as the platform saw it; absent or `0.0.0.0` behind a chained call.
    pub client_addr: Option<String>,
}

impl Context {
    /// The context of work that no client asked for, such as a relay.
    pub fn background() -> Self {
        Self { request_id: Uuid::now_v7().to_string(), traceparent: None, client_addr: None }
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // Spin appends its value after one a client may have forged: the last one counts.
        let addr = headers.get_all("spin-client-addr").iter().next_back();
        Self {
            request_id: text("x-request-id")
                .filter(|id| is_printable(id))
                .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned),
            traceparent: text("traceparent").filter(|t| is_traceparent(t)).map(str::to_owned),
            client_addr: addr
                .and_then(|value| value.to_str().ok())
                .map(|value| value.rsplit_once(':').map_or(value, |(host, _port)| host).to_owned()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self::of(&parts.headers)))
    }
}

fn is_printable(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.bytes().all(|b| b.is_ascii_graphic())
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, W3C Trace Context level 1.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    matches!(parts.as_slice(), ["00", trace, span, flags]
        if hex(trace, 32) && hex(span, 16) && hex(flags, 2))
}

#[cfg(test)]
mod tests {
    use super::{Context, HeaderMap, is_traceparent};

    #[test]
    fn the_platforms_address_beats_a_forged_one() {
        let mut headers = HeaderMap::new();
        headers.append("spin-client-addr", "6.6.6.6:1".parse().unwrap());
        headers.append("spin-client-addr", "127.0.0.1:5000".parse().unwrap());
        assert_eq!(Context::of(&headers).client_addr.as_deref(), Some("127.0.0.1"));
    }

    #[test]
    fn an_odd_request_id_is_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "a b".parse().unwrap());
        assert_eq!(Context::of(&headers).request_id.len(), 36);
    }

    #[test]
    fn traceparents_are_checked() {
        assert!(is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        assert!(!is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"));
        assert!(!is_traceparent("zz"));
    }
}
