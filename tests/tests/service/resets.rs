//! A forgotten password: a token, once, for half an hour, by mail or from an ADMIN.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tests::{Actor, Asked, Peer, Response, Said, TestApp};

use crate::authorisation::with_roles;

const NEW: &str = "a better password";

async fn reset(app: &TestApp, token: &str, password: &str) -> Response {
    app.stranger().post("/api/auth/password/reset", json!({ "token": token, "newPassword": password })).await
}

async fn forgot(app: &TestApp, email: &str) -> Response {
    app.stranger().post("/api/auth/password/forgot", json!({ "email": email })).await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Response {
    app.stranger().post("/api/auth/login", json!({ "email": email, "password": password })).await
}

async fn issue(by: &Actor<'_>, id: &str) -> Response {
    by.send(Method::POST, &format!("/api/users/{id}/password-reset"), &[], None).await
}

/// A mailer that answers `status`, and an app that has it.
async fn mailed(status: u16) -> Option<(Peer, Arc<AtomicU16>, TestApp)> {
    let status = Arc::new(AtomicU16::new(status));
    let says = status.clone();
    let mailer = Peer::start(move |_| Said::Answer(says.load(Ordering::Relaxed), String::new())).await;
    let app = TestApp::with_variables(&[("mailer_url", &mailer.url)]).await?;
    Some((mailer, status, app))
}

fn mail(asked: &Asked) -> Value {
    assert_eq!(asked.line, "POST /");
    assert!(asked.headers.contains(&"content-type: application/json".to_owned()));
    serde_json::from_str(&asked.body).unwrap()
}

/// The tokens that were mailed, when there are so many mails.
async fn tokens(app: &TestApp, mailer: &Peer, count: usize) -> Vec<String> {
    app.eventually("the mails", || async { (mailer.asked().len() >= count).then_some(()) }).await;
    mailer.asked().iter().map(|asked| mail(asked)["token"].as_str().unwrap().to_owned()).collect()
}

/// All events of a kind about somebody, when there are so many.
async fn events(app: &TestApp, admin: &Actor<'_>, kind: &str, subject: &str, count: usize) -> Vec<Value> {
    let path = format!("/api/v1/audit/events?type=jangteo.{kind}.v1&subject={subject}");
    app.eventually(kind, || async {
        let events = admin.get(&path).await.assert_status(200).json();
        let events = events["items"].as_array().unwrap().clone();
        (events.len() >= count).then_some(events)
    })
    .await
}

/// Panic if a file below `folder`, database or log, has `secret` in it.
fn assert_nowhere(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nowhere(&path, secret);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!there, "in {}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_issues_a_token_that_is_good_once_and_ends_all_sessions() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let email = alice.email.clone().unwrap();
    let first = issue(&admin, &alice.id).await.assert_status(201).text("token");
    let issued = issue(&admin, &alice.id).await.assert_status(201);
    assert_eq!(issued.json()["expiresIn"], 1800);
    assert_eq!(issued.header("cache-control"), Some("no-store"));
    let token = issued.text("token");
    let mut altered = token.clone().into_bytes();
    altered[40] = if altered[40] == b'A' { b'B' } else { b'A' };
    for bad in ["", &format!("{token}x"), &token[1..], std::str::from_utf8(&altered).unwrap()] {
        reset(&app, bad, NEW).await.assert_problem(400, "reset_token_invalid");
    }
    // What is no password leaves the token good.
    for bad in ["short", &email.to_uppercase(), "with a \u{7} bell"] {
        let weak = reset(&app, &token, bad).await.assert_problem(422, "validation_failed");
        assert_eq!(weak.json()["errors"][0]["field"], "newPassword", "{bad}");
    }
    alice.get("/api/auth/me").await.assert_status(200);
    // Several at once, with this token and with the other: one of them.
    let all = (0..4).map(|n| reset(&app, if n % 2 == 0 { &token } else { &first }, "Pa\u{308}ssword 9"));
    let mut statuses: Vec<_> = join_all(all).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 400, 400, 400]);
    for spent in [&token, &first] {
        reset(&app, spent, NEW).await.assert_problem(400, "reset_token_invalid");
    }
    alice.get("/api/auth/me").await.assert_problem(401, "unauthenticated");
    let refresh = json!({ "refreshToken": alice.refresh });
    app.stranger().post("/api/auth/refresh", refresh).await.assert_problem(401, "unauthenticated");
    login(&app, &email, "password123").await.assert_problem(401, "invalid_credentials");
    login(&app, &email, "P\u{e4}ssword 9").await.assert_status(200);
    let requested = events(&app, &admin, "password.reset_requested", &alice.id, 2).await;
    for event in &requested {
        assert_eq!((&event["actor"], &event["data"]["by"]), (&json!(admin.id), &json!("admin")), "{event}");
        assert!(!event.to_string().contains(&first) && !event.to_string().contains(&token));
    }
    let done = events(&app, &admin, "password.reset", &alice.id, 1).await;
    assert_eq!((done.len(), &done[0]["actor"]), (1, &json!(alice.id)));
    let ids: Vec<_> = requested.iter().map(|event| &event["data"]["resetId"]).collect();
    assert!(ids.contains(&&done[0]["data"]["resetId"]), "it says by which token");
    if let Some(folder) = app.state_dir() {
        assert_nowhere(folder, &token);
        assert_nowhere(folder, &first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_admin_any_more_neither_issues_a_token_nor_has_issued_one() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let roles = |id: &str, roles: Value| (format!("/api/auth/users/{id}/roles"), json!({ "roles": roles }));
    let bob = app.buyer("bob").await.id;
    let (path, body) = roles(&bob, json!(["ADMIN"]));
    admin.put(&path, body).await.assert_status(200);
    let bob = app.log_in(&app.email("bob")).await;
    let token = issue(&bob, &alice.id).await.assert_status(201).text("token");
    // One's own password needs the current one.
    issue(&bob, &bob.id).await.assert_problem(403, "forbidden");
    issue(&bob, "019aa4c5-0004-7000-8000-000000000001").await.assert_problem(404, "not_found");
    let (path, body) = roles(&bob.id, json!(["BUYER"]));
    admin.put(&path, body).await.assert_status(200);
    issue(&bob, &alice.id).await.assert_problem(403, "forbidden");
    reset(&app, &token, NEW).await.assert_problem(400, "reset_token_invalid");
    // Nobody gets one for an account that may more than they, nor for one that is switched off.
    let clerk = json!({ "name": "CLERK", "permissions": ["users:any"] });
    admin.post("/api/auth/roles", clerk).await.assert_status(201);
    let (path, body) = roles(&bob.id, json!(["CLERK"]));
    admin.put(&path, body).await.assert_status(200);
    let bob = app.log_in(&app.email("bob")).await;
    issue(&bob, &admin.id).await.assert_problem(403, "forbidden");
    let token = issue(&bob, &alice.id).await.assert_status(201).text("token");
    let status = format!("/api/users/{}/status", alice.id);
    admin.put(&status, json!({ "disabled": true })).await.assert_status(204);
    issue(&admin, &alice.id).await.assert_problem(409, "conflict");
    reset(&app, &token, NEW).await.assert_problem(400, "reset_token_invalid");
    admin.put(&status, json!({ "disabled": false })).await.assert_status(204);
    reset(&app, &token, NEW).await.assert_problem(400, "reset_token_invalid");
    // A changed password ends what was handed out before, too.
    let alice = app.log_in(&app.email("alice")).await;
    let token = issue(&bob, &alice.id).await.assert_status(201).text("token");
    let change = json!({ "currentPassword": "password123", "newPassword": "another good one" });
    alice.post("/api/auth/password", change).await.assert_status(204);
    reset(&app, &token, NEW).await.assert_problem(400, "reset_token_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_worth_nothing_after_half_an_hour() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let token = issue(&admin, &alice.id).await.assert_status(201).text("token");
    let requested = events(&app, &admin, "password.reset_requested", &alice.id, 1).await;
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(Duration::from_secs(5)).unwrap();
    let times =
        [&requested[0]["data"]["expiresAt"], &requested[0]["time"]].map(|time| time.as_str().unwrap());
    let life = "SELECT unixepoch(?1) - unixepoch(?2)";
    assert!((1799..=1800).contains(&db.query_row(life, times, |row| row.get::<_, i64>(0)).unwrap()));
    // Half an hour later.
    let sql = "UPDATE auth_resets SET expires_at = strftime('%Y-%m-%dT%H:%M:%fZ', expires_at, '-30 minutes')";
    assert_eq!(db.execute(sql, []).unwrap(), 1);
    reset(&app, &token, NEW).await.assert_problem(400, "reset_token_invalid");
    login(&app, &app.email("alice"), "password123").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_mailed_once_and_unknown_e_mails_look_the_same() {
    let Some((mailer, _, app)) = mailed(202).await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let email = alice.email.clone().unwrap();
    let known = forgot(&app, &format!(" {}", email.to_uppercase())).await.assert_status(202);
    let unknown = forgot(&app, &app.email("nobody")).await.assert_status(202);
    assert!(known.body.is_empty() && unknown.body.is_empty());
    let names = |answer: &Response| {
        let mut names: Vec<_> = answer.headers.keys().map(|name| name.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&known), names(&unknown));
    let token = tokens(&app, &mailer, 1).await.remove(0);
    let body = mail(&mailer.asked()[0]);
    assert_eq!((&body["type"], &body["email"]), (&json!("password_reset"), &json!(email)), "as it was typed");
    let requested = events(&app, &admin, "password.reset_requested", &alice.id, 1).await;
    assert_eq!((&requested[0]["actor"], &requested[0]["data"]["by"]), (&json!("anonymous"), &json!("owner")));
    assert_eq!(requested[0]["data"]["expiresAt"], body["expiresAt"]);
    // All that went out, and all that is kept, but for the one mail.
    app.settled().await;
    assert_nowhere(app.state_dir().unwrap(), &token);
    let all = admin.get("/api/v1/audit/events?limit=100").await.assert_status(200);
    assert!(!String::from_utf8_lossy(&all.body).contains(&token));
    assert_eq!(mailer.asked().len(), 1, "once, and to nobody else");
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    let waiting: i64 = db.query_row("SELECT count(*) FROM auth_reset_mails", [], |row| row.get(0)).unwrap();
    assert_eq!(waiting, 0, "nothing is kept of who asked");
    // Who guessed at it before, in vain, logs in at once.
    for _ in 0..10 {
        login(&app, &email, "password124").await.assert_status(401);
    }
    login(&app, &email, "password124").await.assert_problem(429, "rate_limited");
    reset(&app, &token, NEW).await.assert_status(204);
    login(&app, &email, NEW).await.assert_status(200);
    reset(&app, &token, NEW).await.assert_problem(400, "reset_token_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_the_answer_takes_does_not_tell_who_has_an_account() {
    let mailer = Peer::start(|_| Said::Answer(200, String::new())).await;
    // The tests' own address is a proxy that is believed, so that they can come from anywhere.
    let variables = [("mailer_url", mailer.url.as_str()), ("trusted_proxies", "127.0.0.1, ::1")];
    let Some(app) = TestApp::with_variables(&variables).await else { return };
    let people = join_all((0..8).map(|n| {
        let name = format!("alice{n}");
        let app = &app;
        async move { app.buyer(&name).await.email.unwrap() }
    }))
    .await;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..3 {
        for (n, known) in people.iter().enumerate() {
            let unknown = app.email(&format!("nobody{n}"));
            let mut both = [(0, known), (1, &unknown)];
            both.rotate_left((n + round) % 2);
            for (kind, email) in both {
                let from = [("x-forwarded-for", format!("203.0.{kind}.{}", 4 * n + round))];
                let from: Vec<_> = from.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let body = Some(json!({ "email": email }));
                let start = Instant::now();
                let answer =
                    app.stranger().send(Method::POST, "/api/auth/password/forgot", &from, body).await;
                times[kind].push(start.elapsed());
                answer.assert_status(202);
            }
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort();
        times[times.len() / 4]
    });
    println!("quartiles: known {known:?}, unknown {unknown:?}");
    assert!(known < unknown * 2 && unknown < known * 2, "known {known:?}, unknown {unknown:?}");
    tokens(&app, &mailer, people.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_s_mailbox_is_filled_and_no_mail_spoils_another() {
    let Some((mailer, _, app)) = mailed(200).await else { return };
    let email = app.buyer("alice").await.email.unwrap();
    for n in 1..=8 {
        forgot(&app, &email).await.assert_status(202);
        tokens(&app, &mailer, n.min(3)).await;
    }
    // The first mail is as good as the last, whoever asked for that; strangers are told the same.
    let first = tokens(&app, &mailer, 3).await.remove(0);
    for _ in 0..22 {
        forgot(&app, &app.email("nobody")).await.assert_status(202);
    }
    let slowed = forgot(&app, &app.email("bob")).await.assert_problem(429, "rate_limited");
    assert!(slowed.header("retry-after").unwrap().parse::<u64>().unwrap() > 3_000);
    app.settled().await;
    assert_eq!(mailer.asked().len(), 3);
    reset(&app, &first, NEW).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tokens_are_slowed_and_a_good_one_is_not() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let token = issue(&admin, &alice.id).await.assert_status(201).text("token");
    let bad = "A".repeat(64);
    for _ in 0..10 {
        reset(&app, &bad, NEW).await.assert_problem(400, "reset_token_invalid");
    }
    let slowed = reset(&app, &bad, NEW).await.assert_problem(429, "rate_limited");
    assert!(slowed.header("retry-after").is_some());
    // Whatever strangers try from the same address, behind the same proxy.
    reset(&app, &token, NEW).await.assert_status(204);
    login(&app, &app.email("alice"), NEW).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailer_that_was_down_gets_the_mail_when_it_is_up() {
    let Some((mailer, status, app)) = mailed(503).await else { return };
    let email = app.buyer("alice").await.email.unwrap();
    forgot(&app, &email).await.assert_status(202);
    let first = tokens(&app, &mailer, 1).await.remove(0);
    // Others' requests go on with it; each time it is the same mail.
    app.eventually("another try", || async {
        login(&app, &app.email("somebody"), "password124").await;
        (mailer.asked().len() >= 2).then_some(())
    })
    .await;
    status.store(200, Ordering::Relaxed);
    let tries = mailer.asked().len();
    app.eventually("it is taken", || async {
        app.stranger().get("/api/auth/sessions").await;
        (mailer.asked().len() > tries).then_some(())
    })
    .await;
    let all = mailer.asked();
    let key =
        |asked: &Asked| asked.headers.iter().find(|h| h.starts_with("idempotency-key: ")).cloned().unwrap();
    assert!(all.iter().all(|asked| mail(asked)["token"] == first.as_str() && key(asked) == key(&all[0])));
    reset(&app, &first, NEW).await.assert_status(204);
    let admin = app.admin().await;
    assert_eq!(
        events(&app, &admin, "password.reset_requested", &app_user(&app, &email).await, 1).await.len(),
        1
    );
    // It had it: nothing more comes.
    let swept = admin.post("/api/admin/sweep", json!({})).await.assert_status(200).json();
    assert_eq!(swept["done"]["auth"], json!({ "mailed": 0, "more": false }));
    assert_eq!(mailer.asked().len(), all.len());
}

async fn app_user(app: &TestApp, email: &str) -> String {
    let tokens = login(app, email, NEW).await.assert_status(200).text("accessToken");
    app.stranger().with_token(&tokens).get("/api/auth/me").await.assert_status(200).text("id")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mailer_the_answer_is_the_same_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let email = app.buyer("alice").await.email.unwrap();
    for email in [email.as_str(), "nobody", ""] {
        assert!(forgot(&app, email).await.assert_status(202).body.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_no_stranger_what_has_just_happened() {
    let Some((_mailer, _, app)) = mailed(200).await else { return };
    let email = app.buyer("alice").await.email.clone().unwrap();
    app.settled().await;
    let start = Instant::now();
    forgot(&app, &email).await.assert_status(202);
    // Longer than the event is on its way, and shorter than it would be news of an outage.
    while start.elapsed() < Duration::from_secs(2) {
        for path in ["/health/auth", "/health"] {
            let health = app.stranger().get(path).await.assert_status(200).json();
            assert!(!health.to_string().contains("\"pending\":1"), "{health}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_issued_ends_with_what_they_may_do_and_comes_back_with_nothing() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let deputy = with_roles(&app, &admin, "deputy", &["ADMIN"]).await;
    let (status, roles) =
        (format!("/api/users/{}/status", deputy.id), format!("/api/auth/users/{}/roles", deputy.id));
    let first = issue(&deputy, &alice.id).await.assert_status(201).text("token");
    admin.put(&roles, json!({ "roles": ["BUYER"] })).await.assert_status(200);
    admin.put(&roles, json!({ "roles": ["ADMIN"] })).await.assert_status(200);
    reset(&app, &first, NEW).await.assert_problem(400, "reset_token_invalid");
    let second = issue(&deputy, &alice.id).await.assert_status(201).text("token");
    admin.put(&status, json!({ "disabled": true })).await.assert_status(204);
    admin.put(&status, json!({ "disabled": false })).await.assert_status(204);
    reset(&app, &second, NEW).await.assert_problem(400, "reset_token_invalid");
    let third = issue(&admin, &alice.id).await.assert_status(201).text("token");
    reset(&app, &third, NEW).await.assert_status(204);
}
