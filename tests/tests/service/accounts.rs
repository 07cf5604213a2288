//! Sign up, log in, refresh, log out.

use serde_json::json;
use tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_can_log_in_and_see_itself() {
    let app = TestApp::start().await;
    let body = json!({ "email": app.email("user"), "password": "password123", "name": "John Doe" });
    let made = app.stranger().post("/api/users/register", body).await.assert_status(201).json();
    assert_eq!((&made["name"], &made["role"]), (&json!("John Doe"), &json!("BUYER")));
    let login = json!({ "email": app.email("user").to_uppercase(), "password": "password123" });
    let tokens = app.stranger().post("/auth/login", login).await.assert_status(200).json();
    assert_eq!((&tokens["tokenType"], &tokens["expiresIn"]), (&json!("Bearer"), &json!(300)));
    let me = app.stranger().with_token(tokens["accessToken"].as_str().unwrap());
    let me = me.get("/api/auth/me").await.assert_status(200).json();
    assert_eq!((&me["id"], &me["roles"]), (&made["id"], &json!(["BUYER"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_taken_once_whatever_its_case() {
    let app = TestApp::start().await;
    app.buyer("alice").await;
    let again = json!({ "email": app.email("ALICE"), "password": "password123", "name": "A" });
    app.stranger().post("/api/auth/signup", again).await.assert_problem(409, "email_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_signups_at_once_make_one_account() {
    let app = TestApp::start().await;
    let body = json!({ "email": app.email("twin"), "password": "password123", "name": "Twin" });
    let stranger = app.stranger();
    let (a, b) = tokio::join!(
        stranger.post("/api/auth/signup", body.clone()),
        stranger.post("/api/auth/signup", body.clone())
    );
    let mut statuses = [a.status, b.status];
    statuses.sort();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_themselves_an_admin() {
    let app = TestApp::start().await;
    for role in ["ADMIN", "SERVICE", "buyer", ""] {
        let body = json!({ "email": app.email("eve"), "password": "password123", "name": "E", "role": role });
        let answer = app.stranger().post("/api/auth/signup", body).await;
        answer.assert_problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_and_a_wrong_password_look_the_same() {
    let app = TestApp::start().await;
    app.buyer("alice").await;
    let login = |email, password: &str| json!({ "email": email, "password": password });
    let stranger = app.stranger();
    let wrong = stranger.post("/api/auth/login", login(app.email("alice"), "password124")).await;
    let unknown = stranger.post("/api/auth/login", login(app.email("nobody"), "password124")).await;
    let strip = |mut body: serde_json::Value| {
        body.as_object_mut().unwrap().remove("requestId");
        body
    };
    let wrong = wrong.assert_problem(401, "invalid_credentials");
    let unknown = unknown.assert_problem(401, "invalid_credentials");
    assert_eq!(strip(wrong.json()), strip(unknown.json()));
}

#[tokio::test(flavor = "multi_thread")]
async fn weak_passwords_are_refused() {
    let app = TestApp::start().await;
    let email = app.email("weak");
    let long = "x".repeat(129);
    for password in ["short77", email.as_str(), long.as_str()] {
        let body = json!({ "email": email, "password": password, "name": "W" });
        let problem = app.stranger().post("/api/auth/signup", body).await;
        let problem = problem.assert_problem(422, "validation_failed");
        assert_eq!(problem.json()["errors"][0]["field"], "password");
        assert!(!String::from_utf8_lossy(&problem.body).contains(password), "the password is echoed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_rotates_and_the_predecessor_gets_the_same_successor_within_the_grace() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let first = alice.refresh.clone().unwrap();
    let refresh = |token: &str| app_refresh(&app, token.to_owned());
    let second = refresh(&first).await.assert_status(200).text("refreshToken");
    assert_ne!(first, second);
    let again = refresh(&first).await.assert_status(200).text("refreshToken");
    assert_eq!(second, again, "a lost response must not log out");
    let third = refresh(&second).await.assert_status(200).text("refreshToken");
    refresh(&first).await.assert_problem(400, "token_reused");
    refresh(&third).await.assert_problem(401, "unauthenticated");
    let session = first.split('.').next().unwrap();
    let path = format!("/api/v1/audit/events?type=jangteo.session.revoked.v1&subject={session}");
    let reason = app
        .eventually("the theft is in the audit log", || async {
            let events = admin.get(&path).await.assert_status(200).json();
            events["items"][0]["data"]["reason"].as_str().map(str::to_owned)
        })
        .await;
    assert_eq!(reason, "token_reused");
    alice.get("/api/auth/me").await.assert_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_refreshes_at_once_make_one_successor() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let token = alice.refresh.clone().unwrap();
    let all = (0..200).map(|_| app_refresh(&app, token.clone()));
    let mut successors = Vec::new();
    for answer in futures_join(all).await {
        successors.push(answer.assert_status(200).text("refreshToken"));
    }
    successors.dedup();
    assert_eq!(successors.len(), 1, "{successors:?}");
    let session = token.split('.').next().unwrap();
    let path = format!("/api/v1/audit/events?type=jangteo.session.refreshed.v1&subject={session}");
    let members = app
        .eventually("the refresh is in the audit log", || async {
            let events = admin.get(&path).await.assert_status(200).json();
            events["items"].as_array().filter(|items| !items.is_empty()).map(Vec::len)
        })
        .await;
    assert_eq!(members, 1, "new members of the family");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_the_session_and_never_fails() {
    let app = TestApp::start().await;
    let alice = app.buyer("alice").await;
    let token = alice.refresh.clone().unwrap();
    let logout = |token: String| async move { json!({ "refreshToken": token }) };
    for _ in 0..2 {
        let body = logout(token.clone()).await;
        app.stranger().post("/api/auth/logout", body).await.assert_status(204);
    }
    let unknown = json!({ "refreshToken": "nonsense" });
    app.stranger().post("/api/auth/logout", unknown).await.assert_status(204);
    app_refresh(&app, token).await.assert_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_refresh_tokens_are_refused() {
    let app = TestApp::start().await;
    let alice = app.buyer("alice").await;
    let token = alice.refresh.clone().unwrap();
    let parts: Vec<_> = token.split('.').collect();
    let next_generation = format!("{}.{}.{}", parts[0], 2, parts[2]);
    let other_mac = format!("{}.{}.{}", parts[0], parts[1], "A".repeat(43));
    for forged in [next_generation.as_str(), other_mac.as_str(), "", "a.b.c", "...."] {
        app_refresh(&app, forged.to_owned()).await.assert_problem(401, "unauthenticated");
    }
    app_refresh(&app, token).await.assert_status(200);
}

async fn app_refresh(app: &TestApp, token: String) -> tests::Response {
    app.stranger().post("/api/auth/refresh", json!({ "refreshToken": token })).await
}

async fn futures_join<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    futures::future::join_all(all).await
}
