//! Where registered instances may be: nowhere but on the servers that the deployment names. So nobody can have the
//! gateway call what only it can reach (server-side request forgery): a loopback, private or metadata address is
//! refused like any other that is not named, in whatever spelling, since the URL standard has one for each.

use url::{Host, Origin, Url};

/// The longest URL, in characters.
pub const MAX_URL: usize = 500;
/// The longest health path, in characters.
pub const MAX_PATH: usize = 200;
/// Hosts by which Spin calls an app itself, or its components, private ones too.
const INSIDE: [&str; 3] = ["spin.internal", "self", "self.alt"];
/// Not in the URL of a server: who is asked for, what is asked for, and what readers take for a slash or an end.
const REFUSED: [char; 4] = ['@', '?', '#', '\\'];

/// The servers that instances may be on.
#[derive(Clone, Debug, Default)]
pub struct Upstreams(pub Vec<Url>);

impl Upstreams {
    /// The URL of an instance, if it may be there.
    pub fn target(&self, text: &str) -> Result<Url, String> {
        let plain =
            text.len() <= MAX_URL && text.chars().all(|c| c.is_ascii_graphic() && !REFUSED.contains(&c));
        let url = Url::parse(text).ok().filter(|url| plain && matches!(url.scheme(), "http" | "https"));
        let Some(url) = url else {
            return Err(format!("must be http(s)://host[:port][/path] of at most {MAX_URL} characters"));
        };
        if self.allows(&url) {
            Ok(url)
        } else {
            Err("is on no server that this deployment names as an upstream".to_owned())
        }
    }

    /// Whether this is on one of the servers: scheme, host and port are the same.
    pub fn allows(&self, url: &Url) -> bool {
        matches!(url.origin(), Origin::Tuple(..))
            && self.0.iter().any(|server| server.origin() == url.origin())
    }
}

/// A server that instances may be on; never the app itself.
pub fn server(text: &str) -> Result<Url, String> {
    let text = variables::read::server(text, &variables::read::HTTP)?;
    let url = Url::parse(&text).map_err(|_| "is no URL".to_owned())?;
    let is_inside = match url.host() {
        Some(Host::Domain(name)) => is_inside(name.trim_end_matches('.')),
        Some(_) => false,
        None => true,
    };
    if is_inside { Err("must not be inside this app".to_owned()) } else { Ok(url) }
}

fn is_inside(name: &str) -> bool {
    INSIDE
        .iter()
        .filter_map(|inside| name.strip_suffix(inside))
        .any(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether `path` is one of the server of `url`, without a query, in the spelling of the URL standard.
pub fn is_path(url: &Url, path: &str) -> bool {
    let plain = path.len() <= MAX_PATH && path.starts_with('/');
    let joined = url.join(path).ok().filter(|_| plain);
    joined.is_some_and(|joined| joined.origin() == url.origin() && joined.path() == path)
}

/// The URL as it is kept: a path follows it.
pub fn written(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstreams(servers: &[&str]) -> Upstreams {
        Upstreams(servers.iter().map(|text| server(text).unwrap()).collect())
    }

    #[test]
    fn an_instance_is_on_a_named_server_in_one_spelling() {
        let named = upstreams(&["http://10.0.0.7:8080", "https://shop.example", "http://127.0.0.1:9"]);
        for (text, kept) in [
            ("http://10.0.0.7:8080", "http://10.0.0.7:8080"),
            ("HTTP://10.0.0.7:8080/", "http://10.0.0.7:8080"),
            ("http://10.7:8080/base/", "http://10.0.0.7:8080/base"),
            ("https://SHOP.example:443/a/../b", "https://shop.example/b"),
            ("http://2130706433:9", "http://127.0.0.1:9"),
        ] {
            assert_eq!(named.target(text).map(|url| written(&url)), Ok(kept.to_owned()), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_target() {
        let named = upstreams(&["http://10.0.0.7:8080", "https://shop.example"]);
        for text in [
            "",
            "10.0.0.7:8080",
            "ftp://10.0.0.7:8080",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://10.0.0.7",
            "http://10.0.0.7:8081",
            "https://10.0.0.7:8080",
            "http://shop.example",
            "https://shop.example.evil.example",
            "https://shop.example./",
            "http://u:p@10.0.0.7:8080",
            "http://@10.0.0.7:8080",
            "http://10.0.0.7:8080?x=1",
            "http://10.0.0.7:8080/#x",
            "http://10.0.0.7:8080\\@evil.example",
            "http://10.0.0.7:8080/ x",
            " http://10.0.0.7:8080",
            "http://10.0.0.7:80\t80",
            "http://127.0.0.1",
            "http://localhost",
            "http://2130706433",
            "http://0x7f.1",
            "http://0177.0.0.1",
            "http://[::1]",
            "http://[::ffff:10.0.0.7]:8080",
            "http://0.0.0.0",
            "http://169.254.169.254/latest/meta-data",
            "http://[fd00:ec2::254]",
            "http://192.168.0.1",
            "http://orders.spin.internal",
            "http://ⓢhop.example",
            &format!("http://10.0.0.7:8080/{}", "x".repeat(MAX_URL)),
        ] {
            assert!(named.target(text).is_err(), "{text}");
        }
        assert!(Upstreams::default().target("http://10.0.0.7:8080").is_err());
    }

    #[test]
    fn a_server_is_not_inside_the_app() {
        for good in
            ["http://10.0.0.7:8080", "https://shop.example", "http://internal", "http://myspin.internal"]
        {
            assert!(server(good).is_ok(), "{good}");
        }
        for bad in [
            "http://orders.spin.internal",
            "http://ORDERS.spin.INTERNAL.",
            "http://spin.internal",
            "http://self",
            "http://self.alt",
            "http://h/x",
            "redis://h",
            "http://*.example",
        ] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_health_path_stays_on_its_server() {
        let url = Url::parse("http://10.0.0.7:8080/base").unwrap();
        for good in ["/", "/health", "/a/b-c_d.json"] {
            assert!(is_path(&url, good), "{good}");
        }
        for bad in [
            "",
            "health",
            "//evil.example/x",
            "/\\evil.example",
            "/../x",
            "/x?y",
            "/x#y",
            "/a b",
            "http://h/",
        ] {
            assert!(!is_path(&url, bad), "{bad}");
        }
        assert!(!is_path(&url, &format!("/{}", "x".repeat(MAX_PATH))));
    }
}
