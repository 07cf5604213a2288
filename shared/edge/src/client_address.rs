//! Where a request came from, when proxies stand in front: the variable `trusted_proxies`.
//!
//! `X-Forwarded-For` and `Forwarded` say whatever the sender likes. So they are read only when the platform's own
//! peer is a proxy that is trusted, from the right, and no further than trusted proxies wrote.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use variables::{Variable, read};

/// The proxies whose word is taken for the address of a client: addresses and networks (CIDR).
pub(crate) static TRUSTED_PROXIES: Variable<Vec<Network>> =
    Variable::new("trusted_proxies", "", |text| read::list(text, Network::parse));

/// Some addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// As IPv6; IPv4 is mapped.
    address: u128,
    mask: u128,
}

impl Network {
    /// `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "must be a list of IP addresses or networks, such as 10.0.0.0/8".to_owned();
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, bits)| (a, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let length: u32 = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= length).ok_or_else(wrong)?,
            None => length,
        };
        let mask = u128::MAX.checked_shl(length.saturating_sub(bits)).unwrap_or(0);
        Ok(Self { address: mapped(address) & mask, mask })
    }

    fn contains(&self, address: IpAddr) -> bool {
        mapped(address) & self.mask == self.address
    }
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The client's address: `peer`, or the address that trusted proxies name. When both headers are there and disagree,
/// the client wrote one of them itself, and neither is believed.
pub(crate) fn client_address(peer: &str, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let peer = host(peer)?;
    let answers = [elements(headers, "x-forwarded-for"), forwarded(headers)];
    let mut told = answers.iter().filter(|hops| !hops.is_empty()).map(|hops| behind(peer, hops, trusted));
    match (told.next(), told.next()) {
        (Some(one), None) => Some(one),
        (Some(one), Some(other)) if one == other => Some(one),
        _ => Some(peer),
    }
}

/// From the right, past trusted proxies, as far as there are addresses.
fn behind(peer: IpAddr, hops: &[&str], trusted: &[Network]) -> IpAddr {
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !trusted.iter().any(|network| network.contains(client)) {
            break;
        }
        match host(hop) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// The elements of a list header, of all its lines, in their order.
fn elements<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter();
    // A line that is no text is an element that is no address: nothing to the left of it is believed.
    lines.flat_map(|line| line.to_str().unwrap_or("?").split(',')).map(str::trim).collect()
}

/// The `for` of each element of `Forwarded` (RFC 7239, section 5.2).
fn forwarded(headers: &HeaderMap) -> Vec<&str> {
    elements(headers, "forwarded").into_iter().map(for_parameter).collect()
}

fn for_parameter(element: &str) -> &str {
    let value = element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    value.unwrap_or("?").trim_matches('"')
}

/// The address of `192.0.2.7`, `192.0.2.7:80`, `::1`, `[::1]`, `[::1]:80`.
fn host(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None if text.matches(':').count() == 1 => text.split_once(':')?.0,
        None => text,
    };
    let address: IpAddr = bare.parse().ok()?;
    Some(match address {
        IpAddr::V6(v6) => Ipv6Addr::to_ipv4_mapped(&v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    })
}

/// Who is limited: an IPv4 address, or the /64 of an IPv6 address, which is what one customer gets. `None` when the
/// platform does not tell, as behind a chained call: it would be everyone's.
pub fn origin(address: Option<IpAddr>) -> Option<String> {
    match address?.to_canonical() {
        IpAddr::V4(v4) => Some(v4.to_string()),
        IpAddr::V6(v6) => Some(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_one_customer_has() {
        let of = |text: &str| origin(text.parse().ok());
        assert_eq!(of("192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(origin(None), None);
    }

    fn asked(peer: &str, lines: &[(&'static str, &str)], trusted: &str) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let trusted = read::list(trusted, Network::parse).unwrap();
        client_address(peer, &headers, &trusted).unwrap().to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        let forged = [("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=6.6.6.6")];
        assert_eq!(asked("192.0.2.1:5", &forged, ""), "192.0.2.1");
        assert_eq!(asked("192.0.2.1:5", &forged, "10.0.0.0/8, ::1"), "192.0.2.1");
        assert_eq!(asked("10.9.8.7:5", &forged, "10.0.0.0/8"), "6.6.6.6");
    }

    #[test]
    fn the_last_address_that_a_trusted_proxy_did_not_have_counts() {
        let one = [("x-forwarded-for", "6.6.6.6, 198.51.100.2, 10.1.1.1")];
        assert_eq!(asked("10.0.0.1:5", &one, "10.0.0.0/8"), "198.51.100.2");
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.2")];
        assert_eq!(asked("10.0.0.1:5", &lines, "10.0.0.0/8"), "198.51.100.2");
        assert_eq!(asked("10.0.0.1:5", &[("x-forwarded-for", "10.1.1.1")], "10.0.0.0/8"), "10.1.1.1");
        assert_eq!(asked("10.0.0.1:5", &[], "10.0.0.0/8"), "10.0.0.1");
    }

    #[test]
    fn nothing_is_believed_beyond_what_is_no_address() {
        for odd in ["unknown", "_hidden", "", "6.6.6.6 7.7.7.7"] {
            let lines = format!("6.6.6.6, {odd}, 10.1.1.1");
            assert_eq!(
                asked("10.0.0.1:5", &[("x-forwarded-for", &lines)], "10.0.0.0/8"),
                "10.1.1.1",
                "{odd}"
            );
        }
    }

    #[test]
    fn forwarded_is_read_as_its_rfc_says() {
        let element = r#"for=6.6.6.6, proto=https;For="[2001:db8::7]:4711";by=10.0.0.1"#;
        assert_eq!(asked("[::1]:5", &[("forwarded", element)], "::1"), "2001:db8::7");
    }

    #[test]
    fn headers_that_disagree_are_not_believed() {
        let lines = [("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=198.51.100.2")];
        assert_eq!(asked("10.0.0.1:5", &lines, "10.0.0.0/8"), "10.0.0.1");
        let lines = [("x-forwarded-for", "198.51.100.2:9"), ("forwarded", "for=198.51.100.2")];
        assert_eq!(asked("10.0.0.1:5", &lines, "10.0.0.0/8"), "198.51.100.2");
    }

    #[test]
    fn networks_are_checked() {
        for good in ["127.0.0.1", "0.0.0.0/0", "::/0", "10.0.0.0/8, 2001:db8::/32"] {
            assert!(read::list(good, Network::parse).is_ok(), "{good}");
        }
        for bad in ["localhost", "10.0.0.0/33", "::1/129", "10.0.0.0/-1", "10.0.0/8", "10.0.0.0/8,", "*"] {
            assert!(read::list(bad, Network::parse).is_err(), "{bad}");
        }
        assert_eq!(asked("[::ffff:10.0.0.1]:5", &[("x-forwarded-for", "6.6.6.6")], "10.0.0.1"), "6.6.6.6");
    }
}
