//! Route matching with the rules of Spin's HTTP trigger (that is, of `routefinder` 0.5.4).
//!
//! Exact segments beat `:parameters`, those beat a trailing `/...`; longer patterns beat shorter ones.

use std::cmp::Ordering;

use anyhow::{Result, bail, ensure};

/// Routes in order of precedence, each with its target.
pub struct Router<T> {
    routes: Vec<Route<T>>,
}

struct Route<T> {
    raw: String,
    segments: Vec<Segment>,
    target: T,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Exact(String),
    Param(String),
    Wildcard,
}

/// A path matched to a route.
pub struct Match<'a, T> {
    pub target: &'a T,
    /// The route as the manifest spells it.
    pub route: &'a str,
    /// What the trailing `/...` stands for, or nothing.
    pub path_info: String,
    /// The values of `:name` segments.
    pub params: Vec<(&'a str, &'a str)>,
}

impl<'a, T> Match<'a, T> {
    /// The match of a chained request: everything is below `/...`.
    pub fn chained(target: &'a T, path: &str) -> Self {
        Self { target, route: "/...", path_info: path.to_owned(), params: Vec::new() }
    }
}

impl<T> Router<T> {
    /// Builds a router. Of two equal patterns the later one counts.
    pub fn new(routes: impl IntoIterator<Item = (String, T)>) -> Result<Self> {
        let mut unique: Vec<Route<T>> = Vec::new();
        for (raw, target) in routes {
            if let Some(at) = unique.iter().position(|r| r.raw == raw) {
                eprintln!("The route {raw} is given twice; the later trigger counts.");
                unique.remove(at);
            }
            unique.push(Route { segments: parse(&raw)?, raw, target });
        }
        unique.sort_by(|a, b| precedence(&a.segments, &b.segments));
        Ok(Self { routes: unique })
    }

    /// The best route for a path.
    pub fn route<'a>(&'a self, path: &'a str) -> Option<Match<'a, T>> {
        self.routes.iter().find_map(|route| route.matches(path))
    }

    /// All routes as the manifest spells them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.routes.iter().map(|r| (r.raw.as_str(), &r.target))
    }
}

fn parse(raw: &str) -> Result<Vec<Segment>> {
    let segment = |text: &str| match text.split_at_checked(1) {
        Some((":", name)) => {
            let valid =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            ensure!(valid, "route {raw:?}: {text:?} is not a parameter the embedded host supports");
            Ok(Segment::Param(name.to_owned()))
        }
        Some(("*", name)) if !name.is_empty() => bail!("route {raw:?}: a wildcard has no name"),
        Some(("*", _)) => Ok(Segment::Wildcard),
        _ if text == "..." => Ok(Segment::Wildcard),
        _ => Ok(Segment::Exact(text.to_owned())),
    };
    let texts = raw.split('/').filter(|text| !text.is_empty());
    let segments: Vec<_> = texts.map(segment).collect::<Result<_>>()?;
    let early = segments.iter().rev().skip(1).any(|s| *s == Segment::Wildcard);
    ensure!(!early, "route {raw:?}: a wildcard must come last");
    Ok(segments)
}

/// `Less` comes first, that is, wins.
fn precedence(a: &[Segment], b: &[Segment]) -> Ordering {
    let rank = |segment: &Segment| match segment {
        Segment::Exact(_) => 0,
        Segment::Param(_) => 1,
        Segment::Wildcard => 2,
    };
    let mut pairs = a.iter().zip(b).map(|(a, b)| rank(a).cmp(&rank(b)));
    pairs.find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

impl<T> Route<T> {
    fn matches<'a>(&'a self, path: &'a str) -> Option<Match<'a, T>> {
        let mut rest = Some(path.trim_matches('/')).filter(|p| !p.is_empty());
        let (mut params, mut path_info) = (Vec::new(), String::new());
        for segment in &self.segments {
            if *segment == Segment::Wildcard {
                path_info = trailing(rest.take().unwrap_or_default(), path);
                break;
            }
            let (text, after) =
                rest?.split_once('/').map_or((rest?, None), |(text, after)| (text, Some(after)));
            match segment {
                Segment::Exact(exact) if exact != text => return None,
                Segment::Param(name) => params.push((name.as_str(), text)),
                _ => {}
            }
            rest = after;
        }
        rest.is_none().then_some(Match { target: &self.target, route: &self.raw, path_info, params })
    }
}

/// Spin keeps the trailing slash that the matching itself ignores.
fn trailing(tail: &str, path: &str) -> String {
    let before = if tail.is_empty() { "" } else { "/" };
    let after = if path.ends_with('/') { "/" } else { "" };
    format!("{before}{tail}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(routes: &[&str], path: &str) -> Option<String> {
        let router = Router::new(routes.iter().map(|r| (r.to_string(), r.to_string()))).unwrap();
        router.route(path).map(|m| m.target.clone())
    }

    #[test]
    fn the_most_specific_route_wins_in_any_order() {
        let mut routes =
            ["/...", "/one/...", "/one/two/...", "/one", "/one/:x/end", "/:x", "/one/two/end", "/a.b"];
        for _ in 0..2 {
            for (path, expected) in [
                ("/one", "/one"),
                ("/one/", "/one"),
                ("//one", "/one"),
                ("/two", "/:x"),
                ("/a.b", "/a.b"),
                ("/", "/..."),
                ("/a/b", "/..."),
                ("/one/x", "/one/..."),
                ("/one/x/end", "/one/:x/end"),
                ("/one/two/end", "/one/two/end"),
                ("/one/two/more", "/one/two/..."),
            ] {
                assert_eq!(target(&routes, path).as_deref(), Some(expected), "{path}");
            }
            routes.reverse();
        }
    }

    #[test]
    fn no_route_no_match() {
        for path in ["/foobar", "/foo/bar", "/", "/fo"] {
            assert_eq!(target(&["/foo"], path), None, "{path}");
        }
        assert_eq!(target(&["/"], "/"), Some("/".to_owned()));
        assert_eq!(target(&["/"], "/x"), None);
    }

    #[test]
    fn params_and_path_info_are_captured() {
        let router = Router::new([("/p/:id/headers/...".to_owned(), ())]).unwrap();
        for (path, info) in [
            ("/p/42/headers", ""),
            ("/p/42/headers/", "/"),
            ("/p/42/headers/a/", "/a/"),
            ("/p/42/headers/tail/x", "/tail/x"),
            ("/p/42/headers//x", "//x"),
        ] {
            let found = router.route(path).unwrap();
            assert_eq!(
                (found.path_info.as_str(), found.params.as_slice()),
                (info, [("id", "42")].as_slice()),
                "{path}"
            );
        }
    }

    #[test]
    fn the_later_of_two_equal_routes_counts() {
        let router = Router::new([("/a".to_owned(), 1), ("/a".to_owned(), 2)]).unwrap();
        assert_eq!(router.route("/a").map(|m| *m.target), Some(2));
        assert_eq!(router.iter().count(), 1);
    }

    #[test]
    fn malformed_routes_are_refused() {
        for route in ["/:", "/*name", "/.../x", "/:a.b"] {
            assert!(Router::new([(route.to_owned(), ())]).is_err(), "{route}");
        }
    }
}
