//! How many requests one caller may make within a minute, by the class of operation.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tests::{Response, SECRET, TestApp, root, seconds_now};

const ME: &str = "/api/auth/me";
const PRODUCTS: &str = "/api/products";
const MINUTE: u64 = 60;

/// `r` and `t` of `RateLimit`, which all answers of a limited operation have, with its policy.
fn standing(answer: &Response, class: &str, limit: u64) -> (u64, u64) {
    let policy = format!("\"{class}\";q={limit};w=60");
    assert_eq!(answer.header("ratelimit-policy"), Some(policy.as_str()));
    let text = answer.header("ratelimit").expect("RateLimit").to_owned();
    let rest = text.strip_prefix(&format!("\"{class}\";r=")).unwrap_or_else(|| panic!("{text}"));
    let (left, wait) = rest.split_once(";t=").unwrap();
    let (left, wait) = (left.parse().unwrap(), wait.parse().unwrap());
    assert!(left < limit && (1..=MINUTE).contains(&wait), "{text}");
    (left, wait)
}

/// 429, until the minute is over.
fn assert_limited(answer: Response, class: &str, limit: u64) {
    let (left, wait) = standing(&answer, class, limit);
    let answer = answer.assert_problem(429, "rate_limited");
    assert_eq!((left, answer.header("retry-after")), (0, Some(wait.to_string().as_str())));
}

/// Stories that count need so much of a minute: the rest of this one, or the next one.
async fn a_minute_with(seconds: u64) {
    let left = MINUTE - seconds_now() % MINUTE;
    if left < seconds {
        tokio::time::sleep(Duration::from_secs(left)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_of_each_caller_has_a_limit_of_its_own() {
    let limits = [("rate_limit_reads", "5"), ("rate_limit_writes", "2")];
    let Some(app) = TestApp::with_variables(&limits).await else { return };
    let (alice, bob) = (app.buyer("alice").await, app.buyer("bob").await);
    a_minute_with(20).await;
    for left in (0..5).rev() {
        let answer = alice.get(PRODUCTS).await.assert_status(200);
        assert_eq!(standing(&answer, "reads", 5).0, left);
    }
    assert_limited(alice.get(PRODUCTS).await, "reads", 5);
    assert_limited(alice.get("/products/none").await, "reads", 5);
    // Writes, others, and other services are counted by themselves; what is refused counts as well.
    for _ in 0..2 {
        let answer = alice.post(PRODUCTS, json!({})).await.assert_problem(403, "forbidden");
        standing(&answer, "writes", 2);
    }
    assert_limited(alice.post(PRODUCTS, json!({})).await, "writes", 2);
    standing(&bob.get(PRODUCTS).await.assert_status(200), "reads", 5);
    standing(&alice.get("/api/orders").await.assert_status(200), "reads", 5);
    // All strangers of an address are one caller, whatever token they make up.
    for token in ["", "x", "y", "z", "1"] {
        let answer = app.stranger().with_token(token).get(PRODUCTS).await.assert_status(200);
        standing(&answer, "reads", 5);
    }
    assert_limited(app.stranger().with_token("2").get(PRODUCTS).await, "reads", 5);
    assert_limited(app.stranger().get(PRODUCTS).await, "reads", 5);
    // The gateway has no limits.
    let answer = app.stranger().get("/health").await;
    assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_limited_by_themselves() {
    let Some(app) = TestApp::with_variables(&[("rate_limit_credentials", "6")]).await else { return };
    a_minute_with(20).await;
    let email = app.email("alice");
    let signup = json!({ "email": email, "password": "password123", "name": "Alice" });
    standing(&app.stranger().post("/api/auth/signup", signup).await.assert_status(201), "credentials", 6);
    let login = json!({ "email": email, "password": "password123" });
    let answer = app.stranger().post("/auth/login", login.clone()).await.assert_status(200);
    standing(&answer, "credentials", 6);
    let tokens = answer.json();
    let refresh = json!({ "refreshToken": tokens["refreshToken"] });
    standing(&app.stranger().post("/api/auth/refresh", refresh).await.assert_status(200), "credentials", 6);
    let forgot = json!({ "email": email });
    standing(&app.stranger().post("/api/auth/password/forgot", forgot).await, "credentials", 6);
    let reset = json!({ "token": "x", "newPassword": "password456" });
    standing(&app.stranger().post("/api/auth/password/reset", reset).await, "credentials", 6);
    standing(&app.stranger().post("/api/auth/login", json!({})).await, "credentials", 6);
    assert_limited(app.stranger().post("/api/auth/login", login.clone()).await, "credentials", 6);
    // With a valid token one counts as oneself.
    let alice = app.stranger().with_token(tokens["accessToken"].as_str().unwrap());
    standing(&alice.post("/api/auth/login", login).await.assert_status(200), "credentials", 6);
    let change = json!({ "currentPassword": "password123", "newPassword": "password456" });
    standing(&alice.post("/api/auth/password", change).await.assert_status(204), "credentials", 6);
    standing(&alice.get(ME).await.assert_status(200), "reads", 6000);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_each_client_is_counted_and_others_cannot_pretend() {
    let limits = [("rate_limit_reads", "2"), ("trusted_proxies", "127.0.0.1")];
    let Some(app) = TestApp::with_variables(&limits).await else { return };
    a_minute_with(10).await;
    let from = async |hops: &str| {
        let headers = [("x-forwarded-for", hops)];
        app.stranger().send(Method::GET, PRODUCTS, &headers, None).await
    };
    for hops in ["192.0.2.1", "6.6.6.6, 192.0.2.1"] {
        standing(&from(hops).await.assert_status(200), "reads", 2);
    }
    assert_limited(from("7.7.7.7, 192.0.2.1").await, "reads", 2);
    standing(&from("192.0.2.2").await.assert_status(200), "reads", 2);
    // One customer has a /64.
    for hops in ["2001:db8::1", "2001:db8::2"] {
        standing(&from(hops).await.assert_status(200), "reads", 2);
    }
    assert_limited(from("2001:db8::3").await, "reads", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_limit_says_nothing_and_refuses_nobody() {
    let limits = [("rate_limit_credentials", "0"), ("rate_limit_reads", "0"), ("rate_limit_writes", "0")];
    let Some(app) = TestApp::with_variables(&limits).await else { return };
    let alice = app.buyer("alice").await;
    let answers = [alice.get(ME).await, alice.post(PRODUCTS, json!({})).await, alice.get(PRODUCTS).await];
    for answer in answers {
        assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), (None, None));
    }
}

/// 64 clients, and instances that end after some requests and are followed by others.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_over_many_instances_get_the_limit_and_never_more() {
    const LIMIT: usize = 600;
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let mut options = host::Options::new(root().join("spin.toml"));
    options.state_dir = state.path().to_owned();
    options.listen = "127.0.0.1:0".parse().unwrap();
    options.max_instance_reuse_count = 50;
    let variables = [("jwt_secret", SECRET.to_owned()), ("rate_limit_reads", LIMIT.to_string())];
    options.variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
    let running = host::App::load(options).await.unwrap().serve().await.unwrap();
    let app = TestApp::at(&running.base_url());
    let alice = app.buyer("alice").await;
    a_minute_with(40).await;
    let began = seconds_now();
    let client = async || {
        let (mut passed, mut refused) = (0, 0);
        while refused < 3 {
            match alice.get(PRODUCTS).await.status {
                200 => passed += 1,
                429 => refused += 1,
                other => panic!("{other}"),
            }
        }
        passed
    };
    let passed: usize = join_all((0..64).map(|_| client())).await.into_iter().sum();
    assert_eq!(began / 60, seconds_now() / 60, "it took too long to tell");
    assert!((LIMIT * 95 / 100..=LIMIT).contains(&passed), "{passed}");
    // A new minute, a new limit; and the past one is forgotten.
    let answer = alice.get(PRODUCTS).await;
    let (_, wait) = standing(&answer, "reads", LIMIT as u64);
    assert_eq!(answer.status, 429);
    tokio::time::sleep(Duration::from_secs(wait)).await;
    standing(&alice.get(PRODUCTS).await.assert_status(200), "reads", LIMIT as u64);
}
