//! What anyone may cause as often as they like makes few and small entries, of which none is lost in the count.

use rusqlite::Connection;
use serde_json::{Value, json};
use tests::{Actor, TestApp};

/// How often it is tried.
const TIMES: usize = 40;

async fn entries(admin: &Actor<'_>, filter: &str) -> Vec<Value> {
    let path = format!("/api/v1/audit/events?limit=100&{filter}");
    admin.get(&path).await.assert_status(200).json()["items"].as_array().unwrap().clone()
}

/// What all of these entries tell of.
fn told(entries: &[Value]) -> i64 {
    entries.iter().map(|entry| 1 + entry["data"]["repeated"].as_i64().unwrap()).sum()
}

/// Let the minute of all that was counted end.
fn end_the_minute(app: &TestApp, service: &str) {
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db.execute_batch(&format!("UPDATE {service}_repeats SET until = 0")).unwrap();
}

/// Sweep until `times` are told; the entries.
async fn all_told(app: &TestApp, admin: &Actor<'_>, service: &str, filter: &str, times: usize) -> Vec<Value> {
    app.eventually("all are told", || async {
        end_the_minute(app, service);
        admin.post("/api/v1/events/relay", json!({})).await.assert_status(200);
        let entries = entries(admin, filter).await;
        assert!(told(&entries) <= times as i64, "{entries:?}");
        (told(&entries) == times as i64).then_some(entries)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_without_end_are_few_small_entries() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let filter = format!("type=jangteo.permission.refused.v1&actor={}", alice.id);
    let long = "x".repeat(20_000);
    let tries = (0..TIMES).map(|number| {
        let (path, alice) = (format!("/api/v1/audit/events/{number}{long}"), &alice);
        async move { alice.get(&path).await.assert_problem(403, "forbidden") }
    });
    for refused in futures::future::join_all(tries).await {
        assert!(refused.body.len() < 2_000, "the path is not told at length");
    }
    app.eventually("the first is told at once", || async { entries(&admin, &filter).await.first().cloned() })
        .await;
    let found = all_told(&app, &admin, "audit", &filter, TIMES).await;
    assert!(found.len() <= 4, "{} entries", found.len());
    for entry in &found {
        assert!(entry.to_string().len() < 2_000, "{entry}");
        assert!(entry["data"]["path"].as_str().unwrap().len() <= 200, "{entry}");
    }
    // What is refused elsewhere is told by itself.
    alice.get("/api/v1/audit/verify").await.assert_problem(403, "forbidden");
    app.eventually("another refusal is told at once", || async {
        (entries(&admin, &filter).await.len() > found.len()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_minute_tells_what_the_one_before_counted() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let filter = format!("type=jangteo.permission.refused.v1&actor={}", alice.id);
    for _ in 0..5 {
        alice.get("/api/v1/audit/verify").await.assert_problem(403, "forbidden");
    }
    app.eventually("the first is told at once", || async { entries(&admin, &filter).await.first().cloned() })
        .await;
    end_the_minute(&app, "audit");
    alice.get("/api/v1/audit/verify").await.assert_problem(403, "forbidden");
    app.eventually("the next tells of all before it", || async {
        (told(&entries(&admin, &filter).await) == 6).then_some(())
    })
    .await;
    assert!(entries(&admin, &filter).await.len() <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_without_end_are_few_entries() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    let mut wrong = 0;
    for number in 0..TIMES {
        let guess = json!({ "email": app.email(&format!("nobody{number}")), "password": "password124" });
        let answer = app.stranger().post("/api/auth/login", guess).await;
        assert!([401, 429].contains(&answer.status), "{}", answer.status);
        wrong += usize::from(answer.status == 401);
    }
    let filter = "type=jangteo.login.failed.v1&subject=login:unknown";
    let found = all_told(&app, &admin, "auth", filter, wrong).await;
    assert!(found.len() <= 4, "{} entries", found.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_without_end_are_few_entries() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    for _ in 0..10 {
        alice.get(&format!("/api/users/{}/export", alice.id)).await.assert_status(200);
    }
    let filter = format!("type=jangteo.profile.exported.v1&actor={}", alice.id);
    let found = all_told(&app, &admin, "users", &filter, 10).await;
    assert!(found.len() <= 4, "{} entries", found.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_itself_is_cut() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let body = json!({ "email": alice.email, "password": "password123" });
    let long = "x".repeat(8_000);
    let headers = [("user-agent", long.as_str()), ("x-request-id", &long), ("traceparent", &long)];
    let login = app.stranger().send(reqwest::Method::POST, "/api/auth/login", &headers, Some(body)).await;
    assert!(login.assert_status(200).header("x-request-id").unwrap().len() <= 128);
    let filter = format!("type=jangteo.session.started.v1&actor={}", alice.id);
    app.eventually("both logins are told", || async {
        let found = entries(&admin, &filter).await;
        assert!(found.iter().all(|entry| entry.to_string().len() < 2_000));
        (found.len() == 2).then_some(())
    })
    .await;
}
