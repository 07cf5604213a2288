//! What is known of a request before anyone looks at it: its id, its trace, where it came from.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use uuid::Uuid;

use crate::client_address::{TRUSTED_PROXIES, client_address};

/// The longest client-made request id that is kept; a longer one is replaced.
const MAX_REQUEST_ID: usize = 128;

/// A request's identity, passed on to other services and into events.
#[derive(Clone, Debug)]
pub struct Context {
    /// The client's `X-Request-Id` when it is printable and short, else a new UUIDv7.
    pub request_id: String,
    /// W3C Trace Context, when the client sent a valid one.
    pub traceparent: Option<String>,
    /// The client's address: the platform's peer, or whom proxies that are trusted serve (`trusted_proxies`). Absent
    /// behind a chained call.
    pub client_addr: Option<IpAddr>,
}

impl Context {
    /// The context of work that no client asked for, such as a relay.
    pub fn background() -> Self {
        Self { request_id: Uuid::now_v7().to_string(), traceparent: None, client_addr: None }
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            request_id: text("x-request-id")
                .filter(|id| is_printable(id))
                .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned),
            traceparent: text("traceparent").filter(|t| is_traceparent(t)).map(str::to_owned),
            client_addr: None,
        }
    }

    /// The same, with the client's address. It needs a variable, which has to be checked first.
    pub(crate) async fn located(self, headers: &HeaderMap) -> Self {
        // Spin appends its value after one a client may have forged: the last one counts.
        let peer = headers.get_all("spin-client-addr").iter().next_back();
        let peer = peer.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let trusted = TRUSTED_PROXIES.get().await.map_or(&[][..], Vec::as_slice);
        let address = client_address(peer, headers, trusted).filter(|address| !address.is_unspecified());
        Self { client_addr: address, ..self }
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
