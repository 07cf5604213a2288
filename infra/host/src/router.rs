//! Route matching as Spin's HTTP trigger does it, with all its surprises: by the same crate, filled in the same order.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use routefinder::{RouteSpec, Segment};

/// Routes as the manifest spells them, each with its target.
pub struct Router<T> {
    routes: routefinder::Router<(String, T)>,
}

/// A path matched to a route.
pub struct Match<'a, T> {
    pub target: &'a T,
    /// The route as the manifest spells it.
    pub route: &'a str,
    /// What the trailing `/...` stands for, or nothing.
    pub path_info: String,
    /// The values of `:name` segments.
    pub params: BTreeMap<String, String>,
}

impl<'a, T> Match<'a, T> {
    /// The match of a chained request: everything is below `/...`.
    pub fn chained(target: &'a T, path: &str) -> Self {
        Self { target, route: "/...", path_info: path.to_owned(), params: BTreeMap::new() }
    }
}

impl<T> Router<T> {
    /// Builds a router. Of two equal patterns the later one counts, in the place of the first.
    pub fn new(routes: impl IntoIterator<Item = (String, T)>) -> Result<Self> {
        let mut unique: Vec<(String, T)> = Vec::new();
        for (raw, target) in routes {
            match unique.iter_mut().find(|(known, _)| *known == raw) {
                Some((_, replaced)) => {
                    logline::log!("The route {raw} is given twice; the later trigger counts.");
                    *replaced = target;
                }
                None => unique.push((raw, target)),
            }
        }
        let mut routes = routefinder::Router::new();
        for (raw, target) in unique {
            routes.add(parse(&raw)?, (raw, target)).map_err(|never| match never {})?;
        }
        Ok(Self { routes })
    }

    /// The best route for a path.
    pub fn route(&self, path: &str) -> Option<Match<'_, T>> {
        let best = self.routes.best_match(path)?;
        let (route, target) = best.handler();
        let captures = best.captures();
        let path_info = captures.wildcard().map(|tail| trailing(tail, path)).unwrap_or_default();
        let params = captures.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Some(Match { target, route, path_info, params: params.collect() })
    }

    /// All routes as the manifest spells them, in the order in which they are tried.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.routes.iter().map(|(_, (raw, target))| (raw.as_str(), target))
    }
}

fn parse(raw: &str) -> Result<RouteSpec> {
    let wildcard = raw.strip_suffix("/...").map(|prefix| format!("{prefix}/*"));
    let spec: Result<RouteSpec, _> = wildcard.as_deref().unwrap_or(raw).try_into();
    let spec = spec.map_err(|error| anyhow!("route {raw:?}: {error}"))?;
    // Routefinder panics at the first request; `...` it takes for text.
    let early = spec.segments().iter().rev().skip(1).any(|segment| *segment == Segment::Wildcard);
    ensure!(!early && !raw.contains("/.../"), "route {raw:?}: a wildcard must come last");
    let named = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let fit = spec.segments().iter().all(|segment| !matches!(segment, Segment::Param(name) if !named(name)));
    ensure!(fit, "route {raw:?}: a parameter's name is not fit for a header");
    Ok(spec)
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

    /// As Spin 4.1.0-pre0 answered.
    #[test]
    fn a_route_with_a_leading_dot_lets_a_later_wildcard_win_over_earlier_routes() {
        let (exact, dot, all) = ("/a", "/.well-known/b", "/...");
        for (routes, answers) in [([exact, dot, all], [all, all]), ([all, exact, dot], [exact, dot])] {
            assert_eq!([exact, dot].map(|path| target(&routes, path).unwrap()), answers);
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
            let id = found.params.get("id").map(String::as_str);
            assert_eq!((found.path_info.as_str(), id), (info, Some("42")), "{path}");
        }
    }

    #[test]
    fn a_dot_ends_a_param() {
        let router = Router::new([("/:a.b".to_owned(), ())]).unwrap();
        assert_eq!(router.route("/x.b").unwrap().params.get("a").map(String::as_str), Some("x"));
        assert!(router.route("/x").is_none());
    }

    #[test]
    fn the_later_of_two_equal_routes_counts() {
        let router = Router::new([("/a".to_owned(), 1), ("/a".to_owned(), 2)]).unwrap();
        assert_eq!(router.route("/a").map(|m| *m.target), Some(2));
        assert_eq!(router.iter().count(), 1);
    }

    #[test]
    fn malformed_routes_are_refused() {
        for route in ["/:", "/*name", "/*/x", "/.../x", "/:a:b"] {
            assert!(Router::new([(route.to_owned(), ())]).is_err(), "{route}");
        }
    }
}
