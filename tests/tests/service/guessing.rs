//! Guessing passwords: slowed per account across addresses and per address across accounts, without locking owners out.

use reqwest::Method;
use serde_json::json;
use tests::{Response, TestApp};

/// The tests' own address is a proxy that is believed, so that they can come from anywhere.
const BEHIND_A_PROXY: [(&str, &str); 1] = [("trusted_proxies", "127.0.0.1, ::1")];

async fn login(app: &TestApp, address: &str, email: &str, password: &str) -> Response {
    let body = json!({ "email": email, "password": password });
    let from = [("x-forwarded-for", address)];
    app.stranger().send(Method::POST, "/api/auth/login", &from, Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_slowed_together_and_do_not_lock_the_owner_out() {
    let Some(app) = TestApp::with_variables(&BEHIND_A_PROXY).await else { return };
    let email = app.buyer("alice").await.email.unwrap();
    let session = login(&app, "198.51.100.1", &email, "password123").await.assert_status(200).json();
    for (email, known) in [(email.as_str(), true), (&app.email("nobody"), false)] {
        for n in 0..10 {
            let answer = login(&app, &format!("203.0.113.{n}"), email, "password124").await;
            answer.assert_problem(401, "invalid_credentials");
        }
        // From yet another address, and with the right password: whether an account exists shows nowhere.
        let slowed = login(&app, "203.0.113.99", email, "password123").await;
        let slowed = slowed.assert_problem(429, "rate_limited");
        assert!(slowed.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        let owner = login(&app, "198.51.100.1", email, "password123").await;
        owner.assert_status(if known { 200 } else { 429 });
    }
    // Where the owner is, the same bound holds by itself.
    for _ in 0..10 {
        login(&app, "198.51.100.1", &email, "password124").await.assert_status(401);
    }
    login(&app, "198.51.100.1", &email, "password124").await.assert_status(429);
    // A session that moved takes its address along.
    let refresh = json!({ "refreshToken": session["refreshToken"] });
    let from = [("x-forwarded-for", "192.0.2.7")];
    app.stranger().send(Method::POST, "/api/auth/refresh", &from, Some(refresh)).await.assert_status(200);
    login(&app, "192.0.2.7", &email, "password123").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_accounts_is_slowed_at_its_address_and_nowhere_else() {
    let Some(app) = TestApp::with_variables(&BEHIND_A_PROXY).await else { return };
    let (alice, bob) = (app.buyer("alice").await.email.unwrap(), app.buyer("bob").await.email.unwrap());
    login(&app, "198.51.100.1", &alice, "password123").await.assert_status(200);
    let mut slowed = 0;
    for n in 0..60 {
        let answer = login(&app, "198.51.100.1", &app.email(&format!("u{n}")), "password123").await;
        slowed += usize::from(answer.status == 429);
    }
    assert!(slowed >= 20, "{slowed} of 60 were slowed");
    login(&app, "198.51.100.1", &bob, "password123").await.assert_status(429);
    login(&app, "198.51.100.2", &bob, "password123").await.assert_status(200);
    // Who is at home there is not concerned by what their neighbours do.
    login(&app, "198.51.100.1", &alice, "password123").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_know_their_passwords_are_never_slowed() {
    let app = TestApp::start().await;
    let names: Vec<_> = (0..40).map(|n| format!("user{n}")).collect();
    for name in &names {
        let email = app.buyer(name).await.email.unwrap();
        app.log_in(&email).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn confirming_with_the_current_password_is_bounded_by_itself() {
    let app = TestApp::start().await;
    let alice = app.buyer("alice").await;
    let change = |current: &str| json!({ "currentPassword": current, "newPassword": "a better password" });
    for _ in 0..10 {
        let answer = alice.post("/api/auth/password", change("password124")).await;
        answer.assert_problem(422, "validation_failed");
    }
    alice.post("/api/auth/password", change("password123")).await.assert_problem(429, "rate_limited");
    // Logging in is another thing.
    app.log_in(alice.email.as_deref().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_says_where_they_are_unless_a_proxy_is_trusted() {
    let Some(app) = TestApp::own().await else { return };
    let email = app.email("nobody");
    for n in 0..10 {
        login(&app, &format!("203.0.113.{n}"), &email, "password124").await.assert_status(401);
    }
    let list = (0..60).map(|n| (format!("203.0.113.{n}"), app.email(&format!("u{n}"))));
    let mut slowed = 0;
    for (address, email) in list {
        slowed += usize::from(login(&app, &address, &email, "password124").await.status == 429);
    }
    assert!(slowed >= 20, "{slowed} of 60 were slowed, whatever the header said");
}
