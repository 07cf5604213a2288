//! A forgotten password: a token, once, for half an hour, by mail or by an ADMIN.

use std::path::Path;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Peer, Response, Said, TestApp};

async fn reset(app: &TestApp, token: &str, password: &str) -> Response {
    app.stranger().post("/api/auth/password/reset", json!({ "token": token, "newPassword": password })).await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Response {
    app.stranger().post("/api/auth/login", json!({ "email": email, "password": password })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_issues_a_token_that_is_good_once_and_ends_all_sessions() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let email = alice.email.clone().unwrap();
    let path = format!("/api/users/{}/password-reset", alice.id);
    let first = admin.send(Method::POST, &path, &[], None).await.assert_status(201).text("token");
    let issued = admin.send(Method::POST, &path, &[], None).await.assert_status(201);
    assert_eq!(issued.json()["expiresIn"], 1800);
    assert_eq!(issued.header("cache-control"), Some("no-store"));
    let token = issued.text("token");
    for bad in [first.as_str(), "x", "", &format!("{token}x"), &token[..token.len() - 1]] {
        let refused = reset(&app, bad, "a better password").await.assert_problem(422, "validation_failed");
        assert_eq!(refused.json()["errors"][0]["field"], "token", "{bad}");
    }
    let weak = reset(&app, &token, "short").await.assert_problem(422, "validation_failed");
    assert_eq!(weak.json()["errors"][0]["field"], "newPassword");
    // Two at once: one of them.
    let both = futures::future::join(reset(&app, &token, "a better password"), reset(&app, &token, "a better password"));
    let (one, other) = both.await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422]);
    alice.get("/api/auth/me").await.assert_problem(401, "unauthenticated");
    login(&app, &email, "password123").await.assert_problem(401, "invalid_credentials");
    login(&app, &email, "a better password").await.assert_status(200);
    let events = format!("/api/v1/audit/events?type=jangteo.password.reset_requested.v1&subject={}", alice.id);
    let event = app
        .eventually("who issued it is in the audit log", || async {
            let events = admin.get(&events).await.assert_status(200).json();
            events["items"].as_array().unwrap().first().cloned()
        })
        .await;
    assert_eq!(event["actor"], json!(admin.id), "{event}");
    assert!(!event.to_string().contains(&first) && !event.to_string().contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_mailed_and_unknown_e_mails_look_the_same() {
    let mailer = Peer::start(|_| Said::Answer(200, String::new())).await;
    let Some(app) = TestApp::with_variables(&[("mailer_url", &mailer.url)]).await else { return };
    let email = app.buyer("alice").await.email.unwrap();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..5 {
        for (email, times) in [(email.clone(), &mut known), (app.email(&format!("nobody{n}")), &mut unknown)] {
            let start = Instant::now();
            let answer = app.stranger().post("/api/auth/password/forgot", json!({ "email": email })).await;
            let answer = answer.assert_status(202);
            times.push(start.elapsed());
            assert!(answer.body.is_empty());
        }
    }
    known.sort();
    unknown.sort();
    println!("known {:?}, unknown {:?} (medians)", known[2], unknown[2]);
    let mail = app
        .eventually("a mail", || async { mailer.asked().last().map(|asked| asked.body.clone()) })
        .await;
    let mail: Value = serde_json::from_str(&mail).unwrap();
    assert_eq!((&mail["email"], &mail["expiresIn"]), (&json!(email), &json!(1800)));
    assert!(mailer.asked().iter().all(|asked| asked.body.contains(&email)), "nobody else gets one");
    // The last one counts.
    let token = app
        .eventually("the last token", || async {
            let asked = mailer.asked().last().cloned()?;
            let mail: Value = serde_json::from_str(&asked.body).ok()?;
            let token = mail["token"].as_str()?.to_owned();
            (reset(&app, &token, "a better password").await.status == 204).then_some(token)
        })
        .await;
    login(&app, &email, "a better password").await.assert_status(200);
    is_nowhere(app.state_dir().unwrap(), token.rsplit('.').next().unwrap());
}

fn is_nowhere(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            is_nowhere(&path, secret);
        } else if let Ok(bytes) = std::fs::read(&path) {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
        }
    }
}
