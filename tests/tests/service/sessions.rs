//! One's own sessions: seen, ended one by one, ended together.

use reqwest::Method;
use serde_json::json;
use tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_sees_and_ends_sessions() {
    let app = TestApp::start().await;
    let phone = app.buyer("alice").await;
    let laptop = app.log_in(phone.email.as_deref().unwrap()).await;
    let list = laptop.get("/api/auth/sessions").await.assert_status(200).json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let current: Vec<_> = items.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1);
    let other = items.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());

    app.buyer("eve").await.delete(&path).await.assert_problem(404, "not_found");
    laptop.delete(&path).await.assert_status(204);
    laptop.delete(&path).await.assert_status(204);
    let refresh = json!({ "refreshToken": phone.refresh });
    app.stranger().post("/api/auth/refresh", refresh).await.assert_problem(401, "unauthenticated");
    // At once, whatever is left of the access token's time.
    phone.get("/api/auth/sessions").await.assert_problem(401, "unauthenticated");
    phone.get("/api/auth/me").await.assert_problem(401, "unauthenticated");
    let left = laptop.get("/api/auth/sessions").await.assert_status(200).json();
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sessions_end_together() {
    let app = TestApp::start().await;
    let phone = app.buyer("alice").await;
    let laptop = app.log_in(phone.email.as_deref().unwrap()).await;
    laptop.delete("/api/auth/sessions").await.assert_status(204);
    for device in [&phone, &laptop] {
        let refresh = json!({ "refreshToken": device.refresh });
        app.stranger().post("/api/auth/refresh", refresh).await.assert_problem(401, "unauthenticated");
        device.send(Method::GET, "/api/auth/me", &[], None).await.assert_problem(401, "unauthenticated");
    }
    app.log_in(phone.email.as_deref().unwrap()).await;
}

/// Elsewhere a token that was issued works on for its five minutes: a look into auth's database per request of every
/// service would cost more than it saves.
#[tokio::test(flavor = "multi_thread")]
async fn a_logout_stops_the_access_token_at_once_where_it_matters() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let logout = json!({ "refreshToken": admin.refresh });
    app.stranger().post("/api/auth/logout", logout).await.assert_status(204);
    let password = json!({ "currentPassword": "password123", "newPassword": "a better password" });
    let role = json!({ "name": "NOBODY", "permissions": ["orders:read"] });
    let (permissions, roles) = (json!({ "permissions": ["orders:read"] }), json!({ "roles": ["BUYER"] }));
    let (user, roles_of) =
        (format!("/auth/user/{}", admin.id), format!("/api/auth/users/{}/roles", admin.id));
    let profile = format!("/api/users/{}", admin.id);
    let [email_of, status_of, export_of] =
        ["email", "status", "export"].map(|part| format!("{profile}/{part}"));
    let email = json!({ "email": app.email("new"), "currentPassword": "password123" });
    let other = json!({ "email": app.email("x"), "password": "password123", "name": "X" });
    for (method, path, body) in [
        (Method::GET, "/api/auth/me", None),
        (Method::GET, "/api/auth/sessions", None),
        (Method::DELETE, "/api/auth/sessions", None),
        (Method::DELETE, "/api/auth/sessions/019aa4c5-0001-7000-8000-000000000001", None),
        (Method::POST, "/api/auth/password", Some(password)),
        (Method::POST, "/api/auth/keys/rotate", None),
        (Method::POST, "/api/auth/roles", Some(role)),
        (Method::PUT, "/api/auth/roles/NOBODY", Some(permissions)),
        (Method::DELETE, "/api/auth/roles/NOBODY", None),
        (Method::PUT, &roles_of, Some(roles)),
        (Method::GET, &user, None),
        (Method::PUT, &email_of, Some(email)),
        (Method::PUT, &status_of, Some(json!({ "disabled": true }))),
        (Method::GET, &export_of, None),
        (Method::POST, "/api/users", Some(other)),
        (Method::DELETE, &profile, None),
    ] {
        let answer = admin.send(method, path, &[], body).await.assert_problem(401, "unauthenticated");
        assert!(answer.text("detail").contains("session has ended"), "{path}");
    }
    for path in ["/api/auth/roles", "/api/orders", "/api/v1/audit/events"] {
        admin.get(path).await.assert_status(200);
    }
}
