//! Passwords: changing them, guessing them, and where they must not be found.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use tests::{APPROVED_CARD, TestApp, order_for, pay};

/// How much longer the median of one kind of failed login may take than that of the other.
const NOISE: f64 = 0.25;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_other_sessions_and_the_old_password() {
    let app = TestApp::start().await;
    let phone = app.buyer("alice").await;
    let email = phone.email.clone().unwrap();
    let laptop = app.log_in(&email).await;
    let change = |current: &str, new: &str| json!({ "currentPassword": current, "newPassword": new });
    let wrong = laptop.post("/api/auth/password", change("password124", "a better password")).await;
    assert_eq!(
        wrong.assert_problem(422, "validation_failed").json()["errors"][0]["field"],
        "currentPassword"
    );
    let weak = laptop.post("/api/auth/password", change("password123", "short")).await;
    assert_eq!(weak.assert_problem(422, "validation_failed").json()["errors"][0]["field"], "newPassword");
    laptop.post("/api/auth/password", change("password123", "a better password")).await.assert_status(204);

    let refresh = |token: Option<String>| json!({ "refreshToken": token });
    let ended = app.stranger().post("/api/auth/refresh", refresh(phone.refresh.clone())).await;
    ended.assert_problem(401, "unauthenticated");
    app.stranger().post("/api/auth/refresh", refresh(laptop.refresh.clone())).await.assert_status(200);
    let login = |password: &str| json!({ "email": email, "password": password });
    app.stranger()
        .post("/api/auth/login", login("password123"))
        .await
        .assert_problem(401, "invalid_credentials");
    app.stranger().post("/api/auth/login", login("a better password")).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_per_account_and_told_to_the_audit_log() {
    let app = TestApp::start().await;
    let (admin, alice, bob) = (app.admin().await, app.buyer("alice").await, app.buyer("bob").await);
    let login = |email: &str, password: &str| json!({ "email": email, "password": password });
    let (email, unknown) = (alice.email.clone().unwrap(), app.email("nobody"));
    for email in [&email, &unknown] {
        // At once, as an attacker would: the count is the database's.
        let tries = (0..30).map(|_| {
            let stranger = app.stranger();
            async move { stranger.post("/api/auth/login", login(email, "password124")).await }
        });
        let answers = futures::future::join_all(tries).await;
        let refused = answers.iter().filter(|answer| answer.status == 429).count();
        assert!(refused >= 19, "{refused} of 30 guesses were slowed down");
        let answer = app.stranger().post("/api/auth/login", login(email, "password123")).await;
        let answer = answer.assert_problem(429, "rate_limited");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=1024).contains(&wait), "{wait} s");
        assert_eq!(answer.header("ratelimit-remaining"), Some("0"));
    }
    // Another account is not concerned, and after the pause the owner is let in.
    app.log_in(bob.email.as_deref().unwrap()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    app.log_in(&email).await;
    let path = format!("/api/v1/audit/events?type=jangteo.login.failed.v1&subject={}", alice.id);
    app.eventually("the failed logins are in the audit log", || async {
        let events = admin.get(&path).await.assert_status(200).json();
        events["items"][0]["data"]["repeated"].as_i64()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signups_are_limited_per_address() {
    let Some(app) = TestApp::with_variables(&[("signup_limit", "2")]).await else { return };
    let signup = |name: &str| json!({ "email": app.email(name), "password": "password123", "name": name });
    for name in ["a", "b"] {
        app.stranger().post("/api/auth/signup", signup(name)).await.assert_status(201);
    }
    let third =
        app.stranger().post("/api/auth/signup", signup("c")).await.assert_problem(429, "rate_limited");
    assert!(third.header("retry-after").unwrap().parse::<u64>().unwrap() > 3000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_strict_policy_refuses_what_everyone_uses() {
    let Some(app) = TestApp::with_variables(&[("password_policy", "strict")]).await else { return };
    let signup = |password: &str| json!({ "email": app.email("a"), "password": password, "name": "A" });
    let common = app.stranger().post("/api/auth/signup", signup("password123")).await;
    common.assert_problem(422, "validation_failed");
    app.stranger().post("/api/auth/signup", signup("a much better password")).await.assert_status(201);
}

/// Interleaved, so that what else the machine does hits both alike.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_takes_as_long_as_a_wrong_password() {
    let Some(app) = TestApp::own().await else { return };
    let known = [app.buyer("a").await, app.buyer("b").await, app.buyer("c").await, app.buyer("d").await];
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for round in 0..32 {
        let nobody = app.email(&format!("nobody{}", round % 4));
        let somebody = known[round % 4].email.clone().unwrap();
        for (email, times) in [(somebody, &mut wrong), (nobody, &mut unknown)] {
            let body = json!({ "email": email, "password": "password124" });
            let start = Instant::now();
            app.stranger().post("/api/auth/login", body).await.assert_status(401);
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (wrong, unknown) = (median(&mut wrong), median(&mut unknown));
    println!("wrong password {:.1} ms, unknown account {:.1} ms (medians)", wrong * 1e3, unknown * 1e3);
    assert!((wrong - unknown).abs() <= NOISE * wrong.min(unknown), "{wrong} s and {unknown} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_nothing_personal_is_found_in_storage_or_logs() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, kim, alice) = (app.admin().await, app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 9).await;
    let home = json!({ "street": "77 Hidden Lane", "city": "Sejongsi", "zipCode": "98765-4" });
    let profile = json!({ "name": "Alice Featherstone", "phone": "+82 10 5550 1999", "addresses": [home] });
    alice.put(&format!("/api/users/{}", alice.id), profile).await.assert_status(200);
    let order =
        alice.post_keyed("/api/orders", "key", order_for(&product, 1)).await.assert_status(201).json();
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    let refresh = json!({ "refreshToken": alice.refresh });
    let next = app.stranger().post("/api/auth/refresh", refresh).await.assert_status(200);
    let change = json!({ "currentPassword": "password123", "newPassword": "a better password" });
    alice.post("/api/auth/password", change).await.assert_status(204);
    let email = json!({ "email": app.email("another"), "currentPassword": "a better password" });
    alice.put(&format!("/api/users/{}/email", alice.id), email).await.assert_status(204);
    admin.get(&format!("/api/users?q={}", app.email("another"))).await.assert_status(200);
    kim.get(&format!("/api/users/{}", alice.id)).await.assert_status(200);
    alice.get(&format!("/api/users/{}/export", alice.id)).await.assert_status(200);
    let guess = json!({ "email": alice.email, "password": "my other password" });
    app.stranger().post("/api/auth/login", guess).await.assert_status(401);
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let secrets = [
        "password123".to_owned(),
        "a better password".to_owned(),
        "my other password".to_owned(),
        APPROVED_CARD.to_owned(),
        signature(alice.token.as_deref().unwrap()),
        signature(alice.refresh.as_deref().unwrap()),
        signature(&next.text("accessToken")),
        signature(&next.text("refreshToken")),
        // E-mails of this app, and the admin's; names, phones and addresses of profiles and of orders.
        app.email(""),
        "admin@jangteo.test".to_owned(),
        "Administrator".to_owned(),
        "Featherstone".to_owned(),
        "5550 1999".to_owned(),
        "Hidden Lane".to_owned(),
        "Sejongsi".to_owned(),
        "98765-4".to_owned(),
        "123 Main St".to_owned(),
    ];
    let files = files(app.state_dir().unwrap());
    assert!(files.iter().any(|(_, bytes)| contains(bytes, alice.id.as_bytes())), "the journey left no trace");
    for (path, bytes) in &files {
        for secret in &secrets {
            assert!(!contains(bytes, secret.as_bytes()), "{secret} is in {}", path.display());
        }
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// All files below `folder` and what is in them.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()))
        }
    }
    found
}
