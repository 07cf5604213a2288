//! Readings of variables: from a text to a value within bounds, or what is wrong with the text.
//!
//! Space around a text is not looked at: files and shells put line ends there.

use std::net::Ipv6Addr;
use std::ops::RangeInclusive;

/// A whole number.
///
/// # Errors
/// When it is none, or not in `bounds`.
pub fn integer(text: &str, bounds: RangeInclusive<i64>) -> Result<i64, String> {
    let fit = text.trim().parse().ok().filter(|number| bounds.contains(number));
    fit.ok_or_else(|| format!("must be a whole number from {} to {}", bounds.start(), bounds.end()))
}

/// A number that may have a fraction.
///
/// # Errors
/// When it is none, or not in `bounds` (as infinity and NaN never are).
pub fn number(text: &str, bounds: RangeInclusive<f64>) -> Result<f64, String> {
    let fit = text.trim().parse().ok().filter(|number| bounds.contains(number));
    fit.ok_or_else(|| format!("must be a number from {} to {}", bounds.start(), bounds.end()))
}

/// One of some words.
///
/// # Errors
/// When it is none of them; they are named.
pub fn choice<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text.trim());
    found.map(|(_, value)| *value).ok_or_else(|| match words {
        [(one, _), (other, _)] => format!("is neither {one} nor {other}"),
        _ => format!("is none of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")),
    })
}

/// A text of some characters, none of them a control character.
///
/// # Errors
/// When it is empty, longer than `longest` characters, or has a control character in it.
pub fn text(text: &str, longest: usize) -> Result<String, String> {
    let text = text.trim();
    if (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("must have 1 to {longest} printable characters"))
    }
}

/// A secret that may be left out; nothing of it is ever said.
///
/// # Errors
/// When it is there and has fewer than `shortest` bytes.
pub fn secret(text: &str, shortest: usize) -> Result<Option<String>, String> {
    match text.trim() {
        "" => Ok(None),
        secret if secret.len() < shortest => Err(format!("is shorter than {shortest} bytes")),
        secret => Ok(Some(secret.to_owned())),
    }
}

/// Items between commas, each read by `item`; none for an empty text.
///
/// # Errors
/// The first item's that is not fit, or when one is there twice.
pub fn list<T: PartialEq>(text: &str, item: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut items = Vec::new();
    for part in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
        let item = item(part)?;
        if items.contains(&item) {
            return Err("names the same twice".to_owned());
        }
        items.push(item);
    }
    Ok(items)
}

/// As `read`, but `None` for an empty text.
///
/// # Errors
/// Those of `read`.
pub fn optional<T>(text: &str, read: fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { read(text).map(Some) }
}

/// A server's address and nothing more, such as `https://api.example.com:8443`, without a slash at its end. What stands
/// in `allowed_outbound_hosts` must have no path.
///
/// # Errors
/// When it is not of this form, or of another scheme.
pub fn server(text: &str, schemes: &[&str]) -> Result<String, String> {
    let server = text.trim().trim_end_matches('/');
    match after_host(server, schemes) {
        Some("") => Ok(server.to_owned()),
        _ => Err(format!("must be {}, nothing more", forms(schemes))),
    }
}

/// The address of a page, such as `https://shop.example.com/paid?from=bank`.
///
/// # Errors
/// When it is not of this form.
pub fn address(text: &str) -> Result<String, String> {
    let address = text.trim();
    let fit = after_host(address, &HTTP).filter(|rest| rest.chars().all(|c| c.is_ascii_graphic()));
    fit.map(|_| address.to_owned()).ok_or_else(|| format!("must be {}[/path]", forms(&HTTP)))
}

/// The schemes of HTTP.
pub const HTTP: [&str; 2] = ["http", "https"];

fn forms(schemes: &[&str]) -> String {
    schemes.iter().map(|scheme| format!("{scheme}://host[:port]")).collect::<Vec<_>>().join(" or ")
}

/// What comes after the host and port of an address of one of these schemes.
fn after_host<'a>(text: &'a str, schemes: &[&str]) -> Option<&'a str> {
    let (scheme, rest) = text.split_once("://")?;
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(at)?;
    (schemes.contains(&scheme) && is_authority(authority)).then_some(rest)
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`; no name or password before it.
fn is_authority(text: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some((address, port)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let port = port.strip_prefix(':').map_or(port.is_empty(), is_port);
        return port && address.parse::<Ipv6Addr>().is_ok();
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let odd = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
    !host.is_empty() && !host.contains(odd) && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(integer(" 900\n", 1..=1000), Ok(900));
        for text in ["", "0", "-1", "1001", "abc", "1.5", "1e3", "99999999999999999999", "٣"] {
            let why = integer(text, 1..=1000).unwrap_err();
            assert_eq!(why, "must be a whole number from 1 to 1000", "{text}");
        }
        assert_eq!(number("0.5", 0.0..=10.0), Ok(0.5));
        for text in ["", "-0.1", "10.1", "NaN", "inf", "1e999", "x"] {
            assert_eq!(number(text, 0.0..=10.0).unwrap_err(), "must be a number from 0 to 10", "{text}");
        }
    }

    #[test]
    fn a_choice_names_what_there_is() {
        let two = [("normal", 1), ("full", 2)];
        assert_eq!(choice("full", &two), Ok(2));
        for text in ["", "FULL", "bogus"] {
            assert_eq!(choice(text, &two).unwrap_err(), "is neither normal nor full", "{text}");
        }
        assert_eq!(choice("d", &[("a", 1), ("b", 2), ("c", 3)]).unwrap_err(), "is none of a, b, c");
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(secret(" ", 4), Ok(None));
        assert_eq!(secret("12345\n", 4), Ok(Some("12345".to_owned())));
        assert_eq!(secret("123", 4).unwrap_err(), "is shorter than 4 bytes");
    }

    #[test]
    fn lists_have_no_holes_and_nothing_twice() {
        let item = |part: &str| text(part, 3);
        assert_eq!(list("a, b", item), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(list(" ", item), Ok(vec![]));
        for text in ["a,", ",a", "a,,b", "long", "a,a"] {
            assert!(list(text, item).is_err(), "{text}");
        }
    }

    #[test]
    fn a_server_has_a_scheme_a_host_and_perhaps_a_port() {
        for good in ["http://h", "https://api.example.com", "http://127.0.0.1:1", "http://[::1]:65535"] {
            assert_eq!(server(good, &HTTP), Ok(good.to_owned()));
            assert_eq!(server(&format!("{good}/"), &HTTP), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "h",
            "http://",
            "http:///x",
            "ftp://h",
            "http://h:0",
            "http://h:70000",
            "http://h:x",
            "http://h/x",
            "http://h?x",
            "http://u:p@h",
            "http://h h",
            "http://[::1",
            "http://[x]",
            "HTTP//h",
            "redis://h:1",
        ] {
            assert!(server(bad, &HTTP).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_may_have_a_path_and_a_query() {
        for good in ["http://h", "https://shop.kr/paid?a=b#c", "http://h:1/x"] {
            assert_eq!(address(good), Ok(good.to_owned()));
        }
        for bad in ["", "h/x", "javascript:alert(1)", "http://h/a b", "http://h/\u{7}", "http://@h/x"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
