//! Bad input gets the contract's problem on every route, and never harms.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, address, order_for, pay};

/// A route that takes a body, a body it accepts, and a field of it that must be there.
struct Route {
    path: String,
    method: Method,
    good: Value,
    required: &'static str,
}

fn route(method: Method, path: impl Into<String>, good: Value, required: &'static str) -> Route {
    Route { path: path.into(), method, good, required }
}

/// Every route with a body. Each is asked by someone who may.
async fn routes<'a>(app: &'a TestApp) -> Vec<(Actor<'a>, Route)> {
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 100).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    let profile = format!("/api/users/{}", alice.id);
    let stock = format!("/api/products/{product}/stock");
    let changed = format!("/api/products/{product}");
    let signup = json!({ "email": app.email("new"), "password": "password123", "name": "N" });
    let login = json!({ "email": app.email("alice"), "password": "password123" });
    let refresh = json!({ "refreshToken": "x" });
    let sale = json!({ "name": "Tea", "price": 1 });
    let post = Method::POST;
    vec![
        (app.stranger(), route(post.clone(), "/api/auth/signup", signup, "email")),
        (app.stranger(), route(post.clone(), "/api/auth/login", login, "password")),
        (app.stranger(), route(post.clone(), "/api/auth/refresh", refresh.clone(), "refreshToken")),
        (app.stranger(), route(post.clone(), "/api/auth/logout", refresh, "refreshToken")),
        (kim.with_token(kim.token.as_ref().unwrap()), route(post.clone(), "/api/products", sale, "price")),
        (
            kim.with_token(kim.token.as_ref().unwrap()),
            route(Method::PUT, changed, json!({ "name": "Tea", "price": 5 }), "price"),
        ),
        (kim, route(post.clone(), stock, json!({ "delta": 1, "reason": "x" }), "delta")),
        (
            alice.with_token(alice.token.as_ref().unwrap()),
            route(Method::PUT, profile, json!({ "name": "A", "addresses": [address()] }), "name"),
        ),
        (
            alice.with_token(alice.token.as_ref().unwrap()),
            route(post.clone(), "/api/orders", order_for(&product, 1), "items"),
        ),
        (alice, route(post, "/api/payments", pay(&order, APPROVED_CARD), "orderId")),
    ]
}

async fn raw(actor: &Actor<'_>, route: &Route, kind: &str, body: Vec<u8>) -> tests::Response {
    let headers = vec![("content-type", kind.to_owned())];
    actor.raw(route.method.clone(), &route.path, headers, Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_json_is_malformed() {
    let app = TestApp::start().await;
    for (actor, route) in routes(&app).await {
        for body in
            [&b""[..], b"{", b"{\"a\":1", b"[1,2", b"{} {}", b"\"\xff\xfe\"", b"{\"email\":\"\xc3\x28\"}"]
        {
            let answer = raw(&actor, &route, "application/json", body.to_vec()).await;
            assert!([400, 422].contains(&answer.status), "{} {body:?}: {}", route.path, answer.status);
            let code = if answer.status == 400 { "malformed_request" } else { "validation_failed" };
            let status = answer.status;
            answer.assert_problem(status, code);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_unknown_missing_or_of_another_type_is_named() {
    let app = TestApp::start().await;
    for (actor, route) in routes(&app).await {
        let (mut unknown, mut missing, mut wrong) =
            (route.good.clone(), route.good.clone(), route.good.clone());
        unknown["colour"] = json!("red");
        missing.as_object_mut().unwrap().remove(route.required);
        wrong[route.required] = json!({ "nested": [] });
        for (body, field) in [(unknown, "colour"), (missing, route.required), (wrong, route.required)] {
            let answer = actor.send(route.method.clone(), &route.path, &[], Some(body)).await;
            let problem = answer.assert_problem(422, "validation_failed").json();
            let named = problem["errors"][0]["field"].as_str().unwrap().to_owned();
            assert!(named.starts_with(field), "{}: {field} expected, {named} named", route.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_two_mebibytes_is_too_large() {
    let app = TestApp::start().await;
    for (actor, route) in routes(&app).await {
        let body = format!("{{\"x\":\"{}\"}}", "y".repeat(2 * 1024 * 1024));
        let answer = raw(&actor, &route, "application/json", body.into_bytes()).await;
        answer.assert_problem(413, "payload_too_large");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_media_type_is_not_supported() {
    let app = TestApp::start().await;
    for (actor, route) in routes(&app).await {
        let body = route.good.to_string().into_bytes();
        let answer = raw(&actor, &route, "text/plain", body).await;
        answer.assert_problem(415, "unsupported_media_type");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_route_is_not_found() {
    let app = TestApp::start().await;
    for path in
        ["/nothing", "/api", "/api/orders/x/y/z", "/api/nothing/1", "//api/orders", "/a/../b", "/api/orders/"]
    {
        let answer = app.stranger().get(path).await;
        if path != "/api/orders/" {
            answer.assert_problem(404, "not_found");
        } else {
            assert!([401, 404].contains(&answer.status));
        }
    }
}
