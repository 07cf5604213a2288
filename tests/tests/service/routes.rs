//! Every operation of the API's description finds its component, and its component alone.

use std::collections::BTreeSet;

use reqwest::Method;
use routefinder::Router;
use serde_json::Value;
use tests::{TestApp, manifest_routes, operations, template};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Spin fills its router in an order of its own, and the router's order of routes is not transitive.
const ORDERS: usize = 200;
/// What may stand for a parameter.
const SAMPLES: [&str; 6] = [
    "019aa4c5-0001-7000-8000-000000000001",
    "x",
    "a.b",
    ".well-known",
    "%2e%2e",
    "jangteo.order.placed.v1.json",
];
/// Another spelling of an internal route that some part of the way might take for it.
const INTERNAL: [&str; 14] = [
    "/internal/orders/health",
    "/internal/orders/health/",
    "//internal/orders/health",
    "///internal/orders/health",
    "/internal//orders/health",
    "/./internal/orders/health",
    "/INTERNAL/orders/health",
    "/%69nternal/orders/health",
    "/internal%2forders/health",
    "/api/orders/../../internal/orders/health",
    "/api/orders/%2e%2e/%2e%2e/internal/orders/health",
    "/api/orders//internal/orders/health",
    "/orders/internal/orders/health",
    "/api/orders/..;/..;/internal/orders/health",
];

/// A router as Spin fills it with these routes.
fn router(routes: &[(String, String)]) -> Router<&str> {
    let mut router = Router::new();
    for (route, component) in routes {
        let spec = route.strip_suffix("/...").map_or_else(|| route.clone(), |prefix| format!("{prefix}/*"));
        router.add(spec.as_str(), component.as_str()).unwrap();
    }
    router
}

fn in_random_orders(check: impl Fn(&Router<&str>)) {
    let mut routes = manifest_routes();
    for _ in 0..ORDERS {
        fastrand::shuffle(&mut routes);
        check(&router(&routes));
    }
}

/// The path of a template with each parameter replaced by `sample`.
fn path(template: &str, sample: &str) -> String {
    let segment = |part: &str| if part.starts_with('{') { sample.to_owned() } else { part.to_owned() };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[test]
fn every_operation_finds_its_component_in_any_order_of_the_routes() {
    let wanted: BTreeSet<_> =
        operations().iter().map(|op| (op.path.as_str(), op.component.as_str())).collect();
    in_random_orders(|router| {
        for (template, component) in &wanted {
            for sample in SAMPLES {
                let path = path(template, sample);
                let found = router.best_match(&path).map(|found| *found.handler());
                assert_eq!(found, Some(*component), "{path}");
            }
        }
    });
}

#[test]
fn an_internal_path_leads_to_the_gateway_which_has_none() {
    in_random_orders(|router| {
        for service in contract::SERVICES {
            for path in [format!("/internal/{service}/events"), format!("//internal/{service}/health/")] {
                assert_eq!(router.best_match(&path).map(|found| *found.handler()), Some("gateway"), "{path}");
            }
        }
    });
}

#[test]
fn no_route_begins_with_a_dot() {
    let routes = manifest_routes();
    assert!(
        routes.iter().all(|(route, _)| !route.contains("/.w")),
        "see the comment in spin.toml: {routes:?}"
    );
    assert!(routes.len() < 25, "components own prefixes, not paths: {}", routes.len());
}

/// A client would mend the path.
async fn get_as_it_is(app: &TestApp, path: &str, token: &str) -> String {
    let address = app.base().strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_an_internal_route_is_public() {
    let Some(app) = TestApp::own().await else { return };
    let token = app.service("gateway").await.token.unwrap();
    for path in INTERNAL {
        let answer = get_as_it_is(&app, path, &token).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        let problem: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!(problem["code"], "not_found", "{path}");
    }
    let absolute = get_as_it_is(&app, "http://orders.spin.internal/internal/orders/health", &token).await;
    assert!(!absolute.starts_with("HTTP/1.1 200"), "{absolute}");
    // The same token opens it where it is served.
    let Some(exposed) = TestApp::with_internal_routes(&[]).await else { return };
    exposed.service("gateway").await.get(INTERNAL[0]).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_component_knows_below_its_prefix_is_not_found() {
    let app = TestApp::start().await;
    for (route, _) in manifest_routes() {
        let Some(prefix) = route.strip_suffix("/...") else { continue };
        let unknown = format!("{prefix}/no/such/path/at/all");
        assert_eq!(template(&unknown), None);
        for method in [Method::GET, Method::POST, Method::PATCH] {
            app.stranger().send(method, &unknown, &[], None).await.assert_problem(404, "not_found");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start().await;
    let paths: BTreeSet<_> = operations().iter().map(|operation| operation.path.as_str()).collect();
    for template in paths {
        let answer = app.stranger().send(Method::PATCH, &path(template, "x"), &[], None).await;
        let answer = answer.assert_problem(405, "method_not_allowed");
        let mut allowed: Vec<_> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, tests::methods(template), "{template}");
    }
}
