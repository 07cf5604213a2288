//! What Spin does to a request before a guest sees it: an absolute URI, stripped headers, appended `spin-*` headers.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};

use crate::allowed_hosts::chaining_target;
use crate::router::Match;

/// Drops the headers that must not come from outside: a chaining `Host`, and `Connection`.
pub fn strip_forbidden(headers: &mut HeaderMap) {
    let host = headers.get(HOST).and_then(|h| h.to_str().ok());
    if host.is_some_and(|host| chaining_target(host).is_some()) {
        headers.remove(HOST);
    }
    headers.remove(CONNECTION);
}

/// Makes the request's URI absolute; `Host` and the URI's authority must agree.
pub fn absolutize<B>(request: &mut Request<B>) -> Result<()> {
    let mut parts = request.uri().clone().into_parts();
    let host = request.headers().get(HOST).map(|h| h.as_bytes().try_into());
    let host: Option<Authority> = host.transpose().context("invalid 'Host' header")?;
    if let (Some(host), Some(authority)) = (&host, &parts.authority) {
        ensure!(host == authority, "authority in 'Host' header does not match authority in URI");
    }
    parts.authority = Some(host.or(parts.authority).context("no 'Host' header present in request")?);
    parts.scheme = Some(Scheme::HTTP);
    *request.uri_mut() = Uri::from_parts(parts)?;
    Ok(())
}

/// Appends Spin's own headers. A client may have sent some of the same name: the last one is the host's. A header that
/// is not UTF-8 is an error, as in Spin.
pub fn append_spin<B, T>(request: &mut Request<B>, matched: &Match<'_, T>, client: SocketAddr) -> Result<()> {
    for (name, value) in request.headers() {
        std::str::from_utf8(value.as_bytes()).with_context(|| format!("the header {name} is not UTF-8"))?;
    }
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let host = request.headers().get(HOST).map_or(Ok("localhost"), |h| h.to_str())?;
    let full_url = format!("http://{host}{path}");
    let client = client.to_string();
    let route = matched.route;
    let slash = if route.starts_with('/') { "" } else { "/" };
    let matched_route = format!("{slash}{}", route.strip_suffix('/').unwrap_or(route));
    let headers = request.headers_mut();
    for (name, value) in [
        ("spin-path-info", matched.path_info.as_str()),
        ("spin-full-url", full_url.as_str()),
        ("spin-matched-route", matched_route.as_str()),
        ("spin-base-path", "/"),
        ("spin-raw-component-route", route),
        ("spin-component-route", route.strip_suffix("/...").unwrap_or(route)),
        ("spin-client-addr", client.as_str()),
    ] {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    for (name, value) in &matched.params {
        let name = format!("spin-path-match-{}", name.to_ascii_lowercase().replace('_', "-"));
        headers.append(HeaderName::try_from(name)?, HeaderValue::from_str(value)?);
    }
    Ok(())
}
