//! `allowed_outbound_hosts`: Spin's `<scheme>://<host>[:<port>]` patterns and what they allow.

use std::ops::Range;

use anyhow::{Context as _, Result, bail, ensure};
use url::{Host, Url};

use crate::variables::Variables;

const CHAINING_DOMAIN: &str = "spin.internal";

/// The component a service-chaining host names: `x` of `x.spin.internal[:port]`.
pub fn chaining_target(host: &str) -> Option<&str> {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let (first, rest) = host.split_once('.')?;
    (rest == CHAINING_DOMAIN).then_some(first)
}

/// Everything one component may reach.
#[derive(Default)]
pub struct AllowedHosts(Vec<Pattern>);

impl AllowedHosts {
    /// Parses the entries of a manifest; `components` are what `*.spin.internal` stands for.
    pub fn parse(entries: &[String], variables: &Variables, components: &[&str]) -> Result<Self> {
        let mut patterns = Vec::with_capacity(entries.len());
        for entry in entries {
            let expanded = variables.expand(entry)?;
            // An empty variable means "this optional endpoint is not used".
            if expanded != *entry && matches!(expanded.as_str(), "" | "http://" | "https://") {
                continue;
            }
            let pattern = Pattern::parse(expanded.trim())
                .with_context(|| format!("allowed_outbound_hosts: {expanded:?}"))?;
            patterns.extend(pattern.expand_chaining(components));
        }
        Ok(Self(patterns))
    }

    /// Whether `url` may be reached; one without a scheme gets `scheme`.
    pub fn allows(&self, url: &str, scheme: &str) -> bool {
        let parsed = Url::parse(url).ok().filter(Url::has_host);
        let Some(url) = parsed.or_else(|| Url::parse(&format!("{scheme}://{url}")).ok()) else {
            return false;
        };
        // Non-special schemes such as `redis` keep IP addresses as opaque text: parse the host anew.
        let Some(Ok(host)) = url.host_str().map(Host::parse) else {
            return false;
        };
        let port = url.port().or_else(|| well_known_port(url.scheme()));
        self.0.iter().any(|p| p.allows(url.scheme(), &host, port))
    }

    /// Whether the component may call its own application by a URL without a host.
    pub fn allows_self(&self) -> bool {
        self.0.iter().any(Pattern::allows_self)
    }
}

#[derive(Clone)]
struct Pattern {
    /// `None` is any.
    scheme: Option<String>,
    host: HostPattern,
    /// `None` is any.
    ports: Option<Range<u32>>,
}

#[derive(Clone)]
enum HostPattern {
    Any,
    Own,
    Subdomains(String),
    Exactly(Host),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text
            .split_once("://")
            .context("must be <scheme>://<host>[:<port>], where '*' may stand for each")?;
        ensure!(
            scheme == "*" || scheme.chars().all(char::is_alphabetic),
            "scheme {scheme:?} is not alphabetic"
        );
        let (host, port) = split_port(rest);
        let (port, path) = port.split_once('/').unwrap_or((port, ""));
        ensure!(path.is_empty(), "must not include a path");
        Ok(Self {
            scheme: (scheme != "*").then(|| scheme.to_owned()),
            host: HostPattern::parse(host).with_context(|| format!("host {host:?}"))?,
            ports: parse_ports(port, scheme).with_context(|| format!("port {port:?}"))?,
        })
    }

    fn allows(&self, scheme: &str, host: &Host, port: Option<u16>) -> bool {
        let in_ports = |range: &Range<u32>| port.is_some_and(|p| range.contains(&p.into()));
        self.allows_scheme(scheme) && self.host.allows(host) && self.ports.as_ref().is_none_or(in_ports)
    }

    fn allows_scheme(&self, scheme: &str) -> bool {
        self.scheme.as_ref().is_none_or(|s| s == scheme)
    }

    fn allows_self(&self) -> bool {
        let http = self.allows_scheme("http") || self.allows_scheme("https");
        http && matches!(self.host, HostPattern::Any | HostPattern::Own)
    }

    fn expand_chaining(self, components: &[&str]) -> Vec<Self> {
        match &self.host {
            HostPattern::Subdomains(suffix) if suffix.strip_prefix('.') == Some(CHAINING_DOMAIN) => {
                let host = |id: &&str| HostPattern::Exactly(Host::Domain(format!("{id}.{CHAINING_DOMAIN}")));
                components.iter().map(|id| Self { host: host(id), ..self.clone() }).collect()
            }
            _ => vec![self],
        }
    }
}

fn split_port(rest: &str) -> (&str, &str) {
    match rest.rsplit_once(':') {
        // The last colon of a bare IPv6 address does not start a port.
        Some((host, port)) if port.is_empty() || HostPattern::parse(rest).is_err() => (host, port),
        _ => (rest, ""),
    }
}

fn parse_ports(port: &str, scheme: &str) -> Result<Option<Range<u32>>> {
    let number = |text: &str| text.parse::<u16>().context("is not a number").map(u32::from);
    Ok(match (port, port.split_once("..")) {
        ("*", _) => None,
        ("", _) => {
            let known = well_known_port(scheme).context("must be given: the scheme has no default port")?;
            Some(u32::from(known)..u32::from(known).saturating_add(1))
        }
        (_, Some((start, end))) => Some(number(start)?..number(end)?),
        (_, None) => Some(number(port)?..number(port)?.saturating_add(1)),
    })
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        match text {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::Own),
            _ => {}
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        ensure!(!text.contains('/'), "must not include a path");
        if let Some(domain) = text.strip_prefix("*.") {
            ensure!(!domain.contains('*'), "wildcards are allowed only as prefixes");
            let Host::Domain(domain) = Host::parse(domain)? else {
                bail!("wildcard suffix must be a domain");
            };
            return Ok(Self::Subdomains(format!(".{domain}")));
        }
        ensure!(!text.contains('*'), "wildcards are allowed only as subdomains");
        Ok(Self::Exactly(Host::parse(text)?))
    }

    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Exactly(exact), host) => exact == host,
            (Self::Subdomains(suffix), Host::Domain(domain)) => domain.ends_with(suffix),
            _ => false,
        }
    }
}

fn well_known_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" => 80,
        "https" => 443,
        "redis" => 6379,
        "postgres" => 5432,
        "mysql" => 3306,
        "mqtt" => 1883,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(entries: &[&str]) -> Result<AllowedHosts> {
        let entries: Vec<_> = entries.iter().map(|e| e.to_string()).collect();
        AllowedHosts::parse(&entries, &Variables::default(), &["orders", "users"])
    }

    #[test]
    fn what_a_pattern_allows() {
        for (pattern, url, allowed) in [
            ("http://a.example", "http://a.example/x", true),
            ("http://a.example", "https://a.example/x", false),
            ("http://a.example", "http://a.example:81/", false),
            ("http://a.example:8080..8082", "http://a.example:8081", true),
            ("http://a.example:8080..8082", "http://a.example:8082", false),
            ("*://a.example:*", "redis://a.example:7000", true),
            ("https://*.example.com", "https://x.y.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("http://127.0.0.1:3999", "http://127.0.0.1:3999/", true),
            ("redis://127.0.0.1:3998", "redis://127.0.0.1:3998", true),
            ("redis://localhost", "redis://user:pw@localhost:6379/1", true),
            ("http://[::1]:8080", "http://[::1]:8080/", true),
            ("http://*.spin.internal", "http://orders.spin.internal/x", true),
            ("http://*.spin.internal", "http://other.spin.internal/x", false),
            ("http://*", "nonsense", true),
        ] {
            assert_eq!(hosts(&[pattern]).unwrap().allows(url, "http"), allowed, "{pattern} {url}");
        }
    }

    #[test]
    fn bad_patterns_are_refused_by_name() {
        for pattern in [
            "*",
            "a.example",
            "http://a.example/path",
            "http://a.*.b",
            "foo://a.example",
            "http://a:x",
            "h2://a:1",
        ] {
            let error = format!("{:#}", hosts(&[pattern]).err().unwrap());
            assert!(error.contains(pattern), "{error}");
        }
    }

    #[test]
    fn self_needs_its_own_entry() {
        assert!(hosts(&["http://self"]).unwrap().allows_self());
        assert!(hosts(&["*://*:*"]).unwrap().allows_self());
        assert!(!hosts(&["http://a.example", "redis://self:1"]).unwrap().allows_self());
    }

    #[test]
    fn chaining_hosts_name_their_component() {
        assert_eq!(chaining_target("orders.spin.internal:80"), Some("orders"));
        assert_eq!(chaining_target("orders.spin.example"), None);
    }
}
