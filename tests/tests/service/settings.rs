//! Settings of the deployment: each has bounds, and what cannot be used is refused and named.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Response, TestApp, order_for, pay, root};

const AUTH: &str = "/api/auth/sessions";
const USERS: &str = "/api/users";
const PRODUCTS: &str = "/api/products";
const ORDERS: &str = "/api/orders";
const PAYMENTS: &str = "/api/payments";
const AUDIT: &str = "/api/v1/audit/events";
const GATEWAY: &str = "/";
/// A path of every component that serves.
const EVERYWHERE: &[&str] = &[AUTH, USERS, PRODUCTS, ORDERS, PAYMENTS, AUDIT, GATEWAY];
/// A path of every component with a log of events.
const WITH_LOG: &[&str] = &[AUTH, USERS, PRODUCTS, ORDERS, PAYMENTS, AUDIT];

/// Each variable of spin.toml: what it must not be, and a path of every component that reads it. A new variable gets
/// its line here.
const UNFIT: &[(&str, &[&str], &[&str])] = &[
    ("audit_retention_days", &["9999999", "-1", "abc", "NaN", "inf", "1e999", ""], &[AUDIT]),
    ("bootstrap_admin_email", &["no-address", "a@b\u{7}.kr"], &[AUTH]),
    ("bootstrap_admin_password", &["short", ""], &[AUTH]),
    ("data_key", &["secret-but-no-key", "0f", "0g0g0g0g"], WITH_LOG),
    ("declines_limit", &["-1", "abc", "1.5", "1000001", ""], &[PAYMENTS]),
    ("fault_points", &["nowhere", ",paying.told", "paying.told,paying.told"], &[PAYMENTS]),
    ("jwt_algorithm", &["none", "RS256", "hs256", ""], EVERYWHERE),
    ("jwt_issuer", &["", " ", "a\u{7}b"], EVERYWHERE),
    ("jwt_secret", &["0123456789012345678901234567890"], EVERYWHERE),
    ("mailer_url", &["redis://127.0.0.1:1"], &[AUTH]),
    ("open_orders_limit", &["-1", "abc", "1.5", "1000001", ""], &[ORDERS]),
    ("order_expiry_seconds", &["abc", "0", "-5", "1e3", "99999999999999999999", "1.5", ""], &[ORDERS]),
    ("password_policy", &["bogus", "Strict", ""], &[AUTH]),
    ("payment_providers", &["", "Stripe!", "sandbox,,toss", "sandbox,sandbox", ","], &[PAYMENTS]),
    ("payment_return_url", &["shop", "javascript:alert(1)", "http://", "http://h/a b"], &[PAYMENTS]),
    ("rate_limit_credentials", &["-1", "abc", "1.5", "1000000001", ""], &[AUTH]),
    ("rate_limit_reads", &["-1", "abc", "1.5", "1000000001", ""], WITH_LOG),
    ("rate_limit_writes", &["-1", "abc", "1.5", "1000000001", ""], WITH_LOG),
    // Without a server to give it to.
    ("redis_password", &["x"], WITH_LOG),
    ("redis_url", &["http://127.0.0.1:1", "https://127.0.0.1:1"], WITH_LOG),
    ("service_url", &["", "{service}", "ftp://{service}", "http://", "http://u:p@{service}"], EVERYWHERE),
    ("signup_limit", &["-1", "abc", "1.5", "9223372036854775808", ""], &[AUTH]),
    ("sqlite_synchronous", &["bogus", "off", "FULL", "2", ""], WITH_LOG),
    ("stripe_secret_key", &["sk test", "sk\u{7}"], &[PAYMENTS]),
    ("stripe_url", &["redis://127.0.0.1:1"], &[PAYMENTS]),
    ("stripe_webhook_secret", &["short"], &[PAYMENTS]),
    ("toss_secret_key", &["sk test", "sk\u{e9}"], &[PAYMENTS]),
    ("toss_url", &["redis://127.0.0.1:1"], &[PAYMENTS]),
    ("trusted_proxies", &["localhost", "10.0.0.0/33", "10.0.0.0/8,", "*"], EVERYWHERE),
];
/// What has to be set for a variable to be judged: the settings of a provider are those of one that is in use.
const BESIDE: &[(&str, &[(&str, &str)])] = &[
    ("redis_password", &[]),
    ("stripe_secret_key", &[("payment_providers", "stripe")]),
    ("stripe_webhook_secret", &[("payment_providers", "stripe"), ("stripe_secret_key", "sk_test_1")]),
    ("toss_secret_key", &[("payment_providers", "toss")]),
];

#[test]
fn every_variable_of_the_manifest_is_judged_here() {
    let text = std::fs::read_to_string(root().join("spin.toml")).unwrap();
    let manifest: toml::Value = toml::from_str(&text).unwrap();
    let declared: BTreeSet<_> =
        manifest["variables"].as_table().unwrap().keys().map(String::as_str).collect();
    let judged: BTreeSet<_> = UNFIT.iter().map(|(name, ..)| *name).collect();
    assert_eq!(declared, judged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_cannot_be_used_is_refused_and_named_by_who_reads_it() {
    // Nobody asks for these when something else is wrong.
    let apart = |name: &str| BESIDE.iter().find(|(other, _)| *other == name);
    let together: Vec<_> = UNFIT.iter().filter(|(name, ..)| apart(name).is_none()).collect();
    let rounds = together.iter().map(|(_, values, _)| values.len()).max().unwrap();
    for round in 0..rounds {
        let value = |values: &'static [&'static str]| *values.get(round).unwrap_or(&values[0]);
        let all: Vec<_> =
            together.iter().map(|(name, values, paths)| (*name, value(values), *paths)).collect();
        are_refused(&[], &all).await;
    }
    for (name, values, paths) in UNFIT {
        let Some((_, beside)) = apart(name) else { continue };
        for value in *values {
            are_refused(beside, &[(name, value, paths)]).await;
        }
    }
}

async fn are_refused(beside: &[(&str, &str)], unfit: &[(&str, &str, &[&str])]) {
    let mut variables = beside.to_vec();
    variables.extend(unfit.iter().map(|(name, value, _)| (*name, *value)));
    let Some(app) = TestApp::with_variables(&variables).await else { return };
    for (name, value, paths) in unfit {
        for path in *paths {
            let answer = app.stranger().get(path).await;
            is_named(&answer, name, &format!("{path} with {name} = {value:?}"));
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!tells(value) || !body.contains(value), "{path} shows {name}: {body}");
        }
    }
    let logs = logs(&app);
    for (name, value, _) in unfit {
        assert!(logs.contains(name), "{name} = {value:?} is not in the log: {logs}");
        assert!(!tells(value) || !logs.contains(value), "the log shows {name}: {logs}");
    }
}

/// Whether nothing but the value itself would have it in an answer.
fn tells(value: &str) -> bool {
    value.len() > 8 && value != "{service}"
}

fn is_named(answer: &Response, name: &str, what: &str) {
    assert_eq!(answer.status, 503, "{what}: {}", String::from_utf8_lossy(&answer.body));
    let problem = answer.json();
    assert_eq!(problem["code"], "misconfigured", "{what}");
    let named = problem["errors"].as_array().unwrap().iter().any(|error| error["field"] == name);
    // A provider's settings are named in what is said of `payment_providers`.
    let told = problem["detail"].as_str().unwrap().contains(name);
    assert!(told && (named || problem["errors"][0]["field"] == "payment_providers"), "{what}: {problem}");
}

fn logs(app: &TestApp) -> String {
    let folder = std::fs::read_dir(app.state_dir().unwrap().join("logs")).unwrap();
    folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_named_at_once_and_others_serve() {
    let wrong = [("signup_limit", "-1"), ("password_policy", "bogus"), ("order_expiry_seconds", "abc")];
    let Some(app) = TestApp::with_variables(&wrong).await else { return };
    let login = json!({ "email": "a@b.kr", "password": "password123" });
    let answer = app.stranger().post("/api/auth/login", login).await;
    for name in ["signup_limit", "password_policy"] {
        is_named(&answer, name, name);
    }
    is_named(&app.stranger().get(ORDERS).await, "order_expiry_seconds", "orders");
    app.stranger().get(PRODUCTS).await.assert_status(200);
    let health = app.stranger().send(Method::GET, "/health", &[], None).await.assert_status(503).json();
    assert_eq!(health["services"]["auth"]["status"], "DOWN", "{health}");
    assert_eq!(health["services"]["products"]["status"], "UP", "{health}");
    assert!(health["services"]["auth"]["reason"].as_str().unwrap().contains("signup_limit"), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_order_is_taken_that_nobody_could_pay() {
    for (providers, why) in [
        ("foo", "payment_providers"),
        ("sandbox,foo", "payment_providers"),
        ("stripe", "stripe_secret_key"),
        ("sandbox,toss", "toss_secret_key"),
    ] {
        let Some(app) = TestApp::with_variables(&[("payment_providers", providers)]).await else { return };
        let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
        let product = kim.sells("5.00", 3).await;
        for _ in 0..2 {
            let answer = alice.post_keyed(ORDERS, "key", order_for(&product, 1)).await;
            let answer = answer.assert_problem(503, "misconfigured");
            assert!(answer.text("detail").contains(why), "{providers}: {}", answer.text("detail"));
        }
        alice.get(PAYMENTS).await.assert_problem(503, "misconfigured");
        alice.get(ORDERS).await.assert_status(200);
        let product = alice.get(&format!("/api/products/{}", product)).await.json();
        assert_eq!(product["available"], 3, "nothing is held for it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_within_the_bounds_serve() {
    let Some(app) = TestApp::with_variables(&[
        ("audit_retention_days", "36500"),
        ("declines_limit", "0"),
        ("open_orders_limit", "0"),
        ("order_expiry_seconds", " 60\n"),
        ("password_policy", "strict"),
        ("payment_providers", "sandbox, stripe"),
        ("payment_return_url", "https://shop.example.com/paid?x=y"),
        ("rate_limit_credentials", "0"),
        ("rate_limit_reads", "0"),
        ("rate_limit_writes", " 600\n"),
        ("signup_limit", "0"),
        ("sqlite_synchronous", "full"),
        ("stripe_secret_key", "sk_test_1"),
        ("trusted_proxies", "10.0.0.0/8, ::1"),
    ])
    .await
    else {
        return;
    };
    assert_eq!(app.stranger().get("/health").await.assert_status(200).json()["status"], "UP");
    let signup = json!({ "email": app.email("kim"), "password": "a much better password", "name": "Kim" });
    app.stranger().post("/api/auth/signup", signup).await.assert_status(201);
}

const KEYS: [&str; 3] = [
    "1111111111111111111111111111111111111111111111111111111111111111",
    "2222222222222222222222222222222222222222222222222222222222222222",
    "3333333333333333333333333333333333333333333333333333333333333333",
];

/// One database under one `data_key` after the other. By the embedded host as a process, which can be started again.
#[tokio::test(flavor = "multi_thread")]
async fn a_data_key_that_the_data_was_not_written_with_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let [one, two, three] = KEYS;
    let (new, turned) = (format!("{two},{one}"), format!("{one},{two}"));
    let with = |key: &str| tests::HostProcess::with_variables(state.path(), &[("data_key", key)]);
    let host = with(one);
    let (email, order) = {
        let app = host.app();
        let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
        let product = kim.sells("5.00", 3).await;
        let order = alice.post_keyed(ORDERS, "key", order_for(&product, 1)).await.assert_status(201).json();
        alice.post(PAYMENTS, pay(&order, APPROVED_CARD)).await.assert_status(201);
        (alice.email.clone().unwrap(), order)
    };
    host.kill();
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    // Another one; none; only the new one of two; another one in front that cannot read what is there.
    for unfit in [two, "", three, &format!("{three},{two}")] {
        let host = with(unfit);
        refuses(&host.app(), &email).await;
        host.kill();
    }
    // Rotated; then not without the new one, and not in the other order, which would find nobody's e-mail.
    let host = with(&new);
    let app = host.app();
    let alice = app.log_in(&email).await;
    assert_eq!(alice.get(&path).await.assert_status(200).json()["shippingAddress"], order["shippingAddress"]);
    app.buyer("bob").await;
    host.kill();
    for unfit in [one, &turned] {
        let host = with(unfit);
        refuses(&host.app(), &email).await;
        host.kill();
    }
    with(&new).app().log_in(&email).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_key_that_is_set_where_the_database_has_one_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let host = tests::HostProcess::start(state.path());
    let email = host.app().buyer("alice").await.email.clone().unwrap();
    host.kill();
    let host = tests::HostProcess::with_variables(state.path(), &[("data_key", KEYS[0])]);
    refuses(&host.app(), &email).await;
    host.kill();
    tests::HostProcess::start(state.path()).app().log_in(&email).await;
}

/// Nobody is locked out in silence: every component with personal data says what is wrong, and nothing is made.
async fn refuses(app: &TestApp, email: &str) {
    let password = Value::from("password123");
    let login = json!({ "email": email, "password": password });
    let signup = json!({ "email": email, "password": password, "name": "Alice" });
    for (path, body) in [("/api/auth/login", login), ("/api/auth/signup", signup)] {
        is_named(&app.stranger().post(path, body).await, "data_key", path);
    }
    for path in WITH_LOG {
        is_named(&app.stranger().get(path).await, "data_key", path);
    }
    let health = app.stranger().send(Method::GET, "/health", &[], None).await.assert_status(503);
    assert!(health.json()["services"]["auth"]["reason"].as_str().unwrap().contains("data_key"));
}
