//! What someone may do is judged by the roles that the database has now, whatever their token says.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, Response, TestApp, root};

const ADMIN: (&str, &str) = ("admin@jangteo.test", "correct horse battery staple");

/// Somebody new, logged in with these roles.
async fn with_roles<'a>(app: &'a TestApp, admin: &Actor<'_>, name: &str, roles: &[&str]) -> Actor<'a> {
    let id = app.buyer(name).await.id;
    let path = format!("/api/auth/users/{id}/roles");
    admin.put(&path, json!({ "roles": roles })).await.assert_status(200);
    app.log_in(&app.email(name)).await
}

fn profile(of: &Actor<'_>) -> String {
    format!("/api/users/{}", of.id)
}

fn roles(of: &Actor<'_>) -> String {
    format!("/api/auth/users/{}/roles", of.id)
}

/// Everything that changes privileges, accounts or keys, as one could do it to `other`.
fn deeds(own: &Actor<'_>, other: &Actor<'_>, email: String) -> Vec<(Method, String, Option<Value>)> {
    let account = json!({ "email": email, "password": "password123", "name": "New" });
    let mut admin = account.clone();
    admin["roles"] = json!(["ADMIN"]);
    let role = json!({ "name": "MINE", "permissions": ["orders:read"] });
    vec![
        (Method::PUT, roles(own), Some(json!({ "roles": ["ADMIN"] }))),
        (Method::PUT, roles(other), Some(json!({ "roles": ["ADMIN"] }))),
        (Method::PUT, roles(other), Some(json!({ "roles": ["BUYER"] }))),
        (Method::PUT, format!("{}/status", profile(other)), Some(json!({ "disabled": true }))),
        (Method::PUT, format!("{}/status", profile(own)), Some(json!({ "disabled": false }))),
        (Method::POST, "/api/auth/roles".to_owned(), Some(role)),
        (Method::PUT, "/api/auth/roles/CLERK".to_owned(), Some(json!({ "permissions": [] }))),
        (Method::DELETE, "/api/auth/roles/CLERK".to_owned(), None),
        (Method::POST, "/api/auth/keys/rotate".to_owned(), Some(json!({}))),
        (Method::POST, "/api/users".to_owned(), Some(account)),
        (Method::POST, "/users".to_owned(), Some(admin)),
        (Method::PUT, profile(other), Some(json!({ "name": "Somebody" }))),
        (Method::GET, format!("{}/export", profile(other)), None),
        (Method::DELETE, profile(other), None),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_admin_changes_no_privilege_account_or_key() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let clerk = json!({ "name": "CLERK", "permissions": ["orders:read"] });
    admin.post("/api/auth/roles", clerk).await.assert_status(201);
    let eve = with_roles(&app, &admin, "eve", &["ADMIN"]).await;
    admin.put(&roles(&eve), json!({ "roles": ["BUYER"] })).await.assert_status(200);
    for target in [&admin, &alice] {
        for (method, path, body) in deeds(&eve, target, app.email("new")) {
            let answer = eve.send(method, &path, &[], body).await;
            answer.assert_problem(403, "forbidden");
        }
    }
    let refused = format!("/api/v1/audit/events?type=jangteo.permission.refused.v1&actor={}", eve.id);
    app.eventually("the refusals are in the audit log", || async {
        let events = admin.get(&refused).await.assert_status(200).json();
        (!events["items"].as_array().unwrap().is_empty()).then_some(())
    })
    .await;
    assert_eq!(admin.get(&profile(&eve)).await.json()["roles"], json!(["BUYER"]));
    assert_eq!(admin.get(&profile(&alice)).await.json()["name"], "alice");
    admin.get("/api/auth/roles/MINE").await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_or_erased_changes_no_privilege_account_or_key() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let disabled = with_roles(&app, &admin, "disabled", &["ADMIN"]).await;
    let erased = with_roles(&app, &admin, "erased", &["ADMIN"]).await;
    let status = format!("{}/status", profile(&disabled));
    admin.put(&status, json!({ "disabled": true })).await.assert_status(204);
    admin.delete(&profile(&erased)).await.assert_status(204);
    for gone in [&disabled, &erased] {
        for (method, path, body) in deeds(gone, &alice, app.email("new")) {
            gone.send(method, &path, &[], body).await.assert_problem(401, "unauthenticated");
        }
    }
}

/// Takes all that `other` may do.
async fn ends(who: &Actor<'_>, other: &Actor<'_>, how: &str) -> Response {
    match how {
        "demote" => who.put(&roles(other), json!({ "roles": ["BUYER"] })).await,
        "disable" => who.put(&format!("{}/status", profile(other)), json!({ "disabled": true })).await,
        _ => who.delete(&profile(other)).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_admins_who_end_each_other_at_once_exactly_one_does() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    let ways = ["demote", "disable", "erase"];
    for (at, (one, other)) in ways.iter().flat_map(|one| ways.map(|other| (*one, other))).enumerate() {
        let x = with_roles(&app, &admin, &format!("x{at}"), &["ADMIN"]).await;
        let y = with_roles(&app, &admin, &format!("y{at}"), &["ADMIN"]).await;
        let (a, b) = tokio::join!(ends(&x, &y, one), ends(&y, &x, other));
        let done = [&a, &b].iter().filter(|answer| answer.status < 300).count();
        assert_eq!(done, 1, "{one} and {other}: {} and {}", a.status, b.status);
        for answer in [a, b] {
            assert!(
                [200, 204, 401, 403, 404].contains(&answer.status),
                "{one} and {other}: {}",
                answer.status
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_privilege_given_while_its_giver_loses_it_is_given_before_or_not_at_all() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    for at in 0..6 {
        let eve = with_roles(&app, &admin, &format!("eve{at}"), &["ADMIN"]).await;
        let role = json!({ "name": format!("R{at}"), "permissions": ["users:any"] });
        let of_alice = roles(&alice);
        let (_, given, made) = tokio::join!(
            ends(&admin, &eve, "demote"),
            eve.put(&of_alice, json!({ "roles": ["BUYER", "ADMIN"] })),
            eve.post("/api/auth/roles", role)
        );
        let has = admin.get("/api/auth/roles").await.json().to_string().contains(&format!("\"R{at}\""));
        assert_eq!(made.status == 201, has);
        let check = json!({ "permission": "users:any", "userId": alice.id });
        let verdict = admin.post("/api/auth/check-permission", check).await.assert_status(200).json();
        assert_eq!(verdict["allowed"] == true, given.status == 200, "{verdict}");
        eve.put(&roles(&eve), json!({ "roles": ["ADMIN"] })).await.assert_problem(403, "forbidden");
        admin.put(&roles(&alice), json!({ "roles": ["BUYER"] })).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_empties_changes_or_removes_a_role_that_has_more_than_they() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    for (name, permissions) in
        [("CLERK", json!(["roles:read", "roles:write"])), ("GOD", json!(["users:any", "orders:read"]))]
    {
        let role = json!({ "name": name, "permissions": permissions });
        admin.post("/api/auth/roles", role).await.assert_status(201);
    }
    let clerk = with_roles(&app, &admin, "clerk", &["CLERK"]).await;
    for permissions in [json!([]), json!(["orders:read"]), json!(["users:any"])] {
        let body = json!({ "permissions": permissions });
        clerk.put("/api/auth/roles/GOD", body).await.assert_problem(403, "forbidden");
    }
    clerk.delete("/api/auth/roles/GOD").await.assert_problem(403, "forbidden");
    clerk.put("/api/auth/roles/CLERK", json!({ "permissions": ["keys:rotate"] })).await.assert_status(403);
    let god = admin.get("/api/auth/roles/GOD").await.assert_status(200).json();
    assert_eq!(god["permissions"], json!(["orders:read", "users:any"]));
    let small = json!({ "name": "SMALL", "permissions": ["orders:read"] });
    clerk.post("/api/auth/roles", small).await.assert_status(201);
    clerk.put("/api/auth/roles/SMALL", json!({ "permissions": ["roles:read"] })).await.assert_status(200);
    clerk.delete("/api/auth/roles/SMALL").await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_deal_with_users_edits_nobody_who_may_more() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let support = json!({ "name": "SUPPORT", "permissions": ["users:any"] });
    admin.post("/api/auth/roles", support).await.assert_status(201);
    let auditor = json!({ "name": "AUDITOR", "permissions": ["audit:read"] });
    admin.post("/api/auth/roles", auditor).await.assert_status(201);
    let helper = with_roles(&app, &admin, "helper", &["SUPPORT"]).await;
    let watcher = with_roles(&app, &admin, "watcher", &["BUYER", "AUDITOR"]).await;
    let (name, disabled) = (json!({ "name": "Renamed" }), json!({ "disabled": true }));
    for higher in [&admin, &watcher] {
        helper.put(&profile(higher), name.clone()).await.assert_problem(403, "forbidden");
        let status = format!("{}/status", profile(higher));
        helper.put(&status, disabled.clone()).await.assert_problem(403, "forbidden");
        helper.delete(&profile(higher)).await.assert_problem(403, "forbidden");
    }
    assert_eq!(helper.put(&profile(&alice), name.clone()).await.assert_status(200).text("name"), "Renamed");
    helper.put(&profile(&helper), name).await.assert_status(200);
}

/// A run of an app whose state outlives it.
async fn run(state: &std::path::Path, email: &str) -> (host::Running, TestApp) {
    let mut options = host::Options::new(root().join("spin.toml"));
    options.state_dir = state.to_owned();
    options.listen = "127.0.0.1:0".parse().unwrap();
    let variables = [
        ("bootstrap_admin_email", email),
        ("bootstrap_admin_password", ADMIN.1),
        ("jwt_secret", tests::SECRET),
    ];
    options.variables =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let running = host::App::load(options).await.unwrap().serve().await.unwrap();
    let app = TestApp::at(&running.base_url());
    (running, app)
}

/// How many accounts were ever made ADMIN by the deployment's settings.
fn made(state: &std::path::Path) -> i64 {
    let database = rusqlite::Connection::open(state.join("sqlite_db.db")).unwrap();
    let sql = "SELECT count(*) FROM auth_events WHERE type = 'user.registered' AND actor = 'service:auth'";
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_admin_is_made_once_whatever_becomes_of_the_account() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    for fate in ["another e-mail", "disabled", "erased", "demoted", "another setting"] {
        let state = tempfile::tempdir().unwrap();
        let (running, app) = run(state.path(), ADMIN.0).await;
        let admin = app.admin().await;
        let second = with_roles(&app, &admin, "second", &["ADMIN"]).await;
        match fate {
            "another e-mail" => {
                let body = json!({ "email": app.email("chief"), "currentPassword": ADMIN.1 });
                admin.put(&format!("{}/email", profile(&admin)), body).await.assert_status(204);
            }
            "disabled" => _ = ends(&second, &admin, "disable").await.assert_status(204),
            "erased" => _ = admin.erases_themselves(ADMIN.1).await.assert_status(204),
            "demoted" => _ = ends(&second, &admin, "demote").await.assert_status(200),
            _ => {}
        }
        drop(running);
        let email = if fate == "another setting" { "other@jangteo.test" } else { ADMIN.0 };
        let (_running, app) = run(state.path(), email).await;
        app.buyer("somebody").await;
        let login = json!({ "email": email, "password": ADMIN.1 });
        let status = app.stranger().post("/api/auth/login", login).await.status;
        assert_eq!(status, if fate == "demoted" { 200 } else { 401 }, "{fate}");
        assert_eq!(made(state.path()), 1, "{fate}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_oneself_needs_the_password() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let field = |answer: Response| {
        answer.assert_problem(422, "validation_failed").json()["errors"][0]["field"].clone()
    };
    let path = profile(&alice);
    assert_eq!(field(alice.delete(&path).await), "currentPassword");
    let empty = alice.send(Method::DELETE, &path, &[], Some(json!({}))).await;
    assert_eq!(field(empty), "currentPassword");
    assert_eq!(field(alice.erases_themselves("password124").await), "currentPassword");
    let failed = format!("/api/v1/audit/events?type=jangteo.login.failed.v1&subject={}", alice.id);
    app.eventually("the wrong password is in the audit log", || async {
        let events = admin.get(&failed).await.assert_status(200).json();
        events["items"].as_array().unwrap().first().map(|_| ())
    })
    .await;
    alice.get("/api/auth/me").await.assert_status(200);
    alice.erases_themselves("password123").await.assert_status(204);
    alice.get("/api/auth/me").await.assert_problem(401, "unauthenticated");
    // Of somebody else an ADMIN needs none.
    let bob = app.buyer("bob").await;
    admin.delete(&profile(&bob)).await.assert_status(204);
}
