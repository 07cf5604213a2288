//! Users as administrators, owners and sellers deal with them.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, address, order_for, pay};

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

async fn login(app: &TestApp, email: &str, password: &str) -> tests::Response {
    app.stranger().post("/api/auth/login", json!({ "email": email, "password": password })).await
}

/// A problem's body without what differs between any two.
fn told(problem: tests::Response) -> Value {
    let mut body = problem.json();
    body.as_object_mut().unwrap().remove("requestId");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_lists_people_and_finds_them_by_email_id_words_and_role() {
    let app = TestApp::start().await;
    let (admin, alice, kim) = (app.admin().await, app.buyer("alice").await, app.seller("kim").await);
    // Words of this story alone, whatever else the instance holds.
    let (first, last) = (format!("Ada{}", &alice.id[24..]), format!("Lovelace{}", &alice.id[24..]));
    let name = json!({ "name": format!("{first}  {last}, (Dr.)") });
    alice.put(&format!("/api/users/{}", alice.id), name).await.assert_status(200);
    let find = |query: String| {
        let admin = &admin;
        async move { admin.get(&format!("/api/users?{query}")).await.assert_status(200).json() }
    };
    // One person a page, newest first; on an instance that is in use, others sign up meanwhile.
    let (mut seen, mut next) = (Vec::new(), String::new());
    while !seen.contains(&alice.id) && seen.len() < 100 {
        let page = find(format!("limit=1{next}")).await;
        seen.extend(ids(&page).iter().map(|id| id.to_string()));
        next = format!("&cursor={}", page["nextCursor"].as_str().unwrap());
    }
    if app.state_dir().is_none() {
        seen.retain(|id| [&kim.id, &alice.id].contains(&id));
    }
    assert_eq!(seen, [kim.id.as_str(), alice.id.as_str()]);
    let email = alice.email.clone().unwrap().to_uppercase();
    for q in
        [email, alice.id.clone(), first.to_lowercase(), format!("{last}%20{first}"), format!("DR%20{last}")]
    {
        let found = find(format!("q={q}")).await;
        assert_eq!(ids(&found), [alice.id.as_str()], "{q}");
        assert_eq!(found["items"][0]["email"], alice.email.clone().unwrap());
    }
    for q in [format!("{first}%20kim"), first[..5].to_owned() + "%20x", app.email("nobody")] {
        assert!(ids(&find(format!("q={q}")).await).is_empty(), "{q}");
    }
    assert!(ids(&find("role=SELLER".to_owned()).await).contains(&kim.id.as_str()));
    assert!(ids(&find(format!("role=SELLER&q={first}")).await).is_empty());
    let roles = json!({ "roles": ["BUYER", "SELLER"] });
    admin.put(&format!("/api/auth/users/{}/roles", alice.id), roles).await.assert_status(200);
    app.eventually("the new role is seen", || async {
        let found = find(format!("role=SELLER&q={first}")).await;
        (ids(&found) == [alice.id.as_str()]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_an_account_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let body =
        json!({ "email": app.email("new"), "password": "password123", "name": "New One", "role": "SELLER" });
    let key = app.email("key");
    let made = admin.post_keyed("/api/users", &key, body.clone()).await.assert_status(201);
    let profile = made.json();
    assert_eq!((&profile["roles"], &profile["name"]), (&json!(["SELLER"]), &json!("New One")));
    assert_eq!(
        made.header("location"),
        Some(format!("/api/users/{}", profile["id"].as_str().unwrap()).as_str())
    );
    let again = admin.post_keyed("/users", &key, body.clone()).await.assert_status(201);
    assert_eq!((again.json(), again.header("idempotent-replayed")), (profile.clone(), Some("true")));
    let mut other = body.clone();
    other["name"] = json!("Other");
    let mismatch = admin.post_keyed("/api/users", &key, other).await;
    mismatch.assert_problem(422, "idempotency_mismatch");
    admin.post("/api/users", body.clone()).await.assert_problem(409, "email_taken");
    assert_eq!(app.log_in(&app.email("new")).await.id, profile["id"].as_str().unwrap());
    for (member, value) in [("password", json!("short")), ("role", json!("NOBODY")), ("email", json!("x"))] {
        let mut wrong = body.clone();
        wrong["email"] = json!(app.email("wrong"));
        wrong[member] = value;
        let problem = admin.post("/api/users", wrong).await.assert_problem(422, "validation_failed").json();
        let field = if member == "role" { "roles" } else { member };
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_deal_with_users_reaches_nobody_who_may_more() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, helper) = (app.admin().await, app.buyer("helper").await);
    let support = json!({ "name": "SUPPORT", "permissions": ["users:any", "roles:write"] });
    admin.post("/api/auth/roles", support).await.assert_status(201);
    let roles = format!("/api/auth/users/{}/roles", helper.id);
    admin.put(&roles, json!({ "roles": ["SUPPORT"] })).await.assert_status(200);
    let helper = app.log_in(helper.email.as_deref().unwrap()).await;
    let admin_path = format!("/api/users/{}", admin.id);
    helper.delete(&admin_path).await.assert_problem(403, "forbidden");
    helper.get(&format!("{admin_path}/export")).await.assert_problem(403, "forbidden");
    let disabled = json!({ "disabled": true });
    helper.put(&format!("{admin_path}/status"), disabled.clone()).await.assert_problem(403, "forbidden");
    let body = json!({ "email": app.email("x"), "password": "password123", "name": "X", "roles": ["ADMIN"] });
    helper.post("/api/users", body).await.assert_problem(403, "forbidden");
    let refused = format!("/api/v1/audit/events?type=jangteo.permission.refused.v1&actor={}", helper.id);
    app.eventually("the refusals are in the audit log", || async {
        let events = admin.get(&refused).await.assert_status(200).json();
        (events["items"].as_array().unwrap().len() == 4).then_some(())
    })
    .await;
    let customer = app.buyer("customer").await;
    helper.put(&format!("/api/users/{}/status", customer.id), disabled).await.assert_status(204);
    helper.delete(&format!("/api/users/{}", customer.id)).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_changes_the_email_and_other_sessions_end() {
    let app = TestApp::start().await;
    let (phone, bob) = (app.buyer("alice").await, app.buyer("bob").await);
    let (old, new) = (phone.email.clone().unwrap(), app.email("Alice.New"));
    let laptop = app.log_in(&old).await;
    let path = format!("/api/users/{}/email", phone.id);
    let change = |email: &str, password: &str| json!({ "email": email, "currentPassword": password });
    let field = |answer: tests::Response| {
        answer.assert_problem(422, "validation_failed").json()["errors"][0]["field"].clone()
    };
    assert_eq!(field(laptop.put(&path, change(&new, "password124")).await), "currentPassword");
    assert_eq!(field(laptop.put(&path, change("nonsense", "password123")).await), "email");
    let taken = laptop.put(&path, change(bob.email.as_deref().unwrap(), "password123")).await;
    taken.assert_problem(409, "email_taken");
    laptop.put(&path, change(&new, "password123")).await.assert_status(204);

    assert_eq!(laptop.get("/api/auth/me").await.assert_status(200).text("email"), new);
    let profile = laptop.get(&format!("/api/users/{}", phone.id)).await.assert_status(200);
    assert_eq!(profile.text("email"), new);
    phone.get("/api/auth/me").await.assert_problem(401, "unauthenticated");
    phone.put(&path, change(&old, "password123")).await.assert_problem(401, "unauthenticated");
    login(&app, &old, "password123").await.assert_problem(401, "invalid_credentials");
    login(&app, &new.to_lowercase(), "password123").await.assert_status(200);
    let again = json!({ "email": old, "password": "password123", "name": "Other" });
    app.stranger().post("/api/auth/signup", again).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_ends_its_sessions_and_looks_as_if_the_password_were_wrong() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let (email, path) = (alice.email.clone().unwrap(), format!("/api/users/{}/status", alice.id));
    let wrong = told(login(&app, &email, "password124").await.assert_status(401));
    for _ in 0..2 {
        admin.put(&path, json!({ "disabled": true })).await.assert_status(204);
    }
    assert_eq!(admin.get(&format!("/api/users/{}", alice.id)).await.json()["disabled"], true);
    alice.get("/api/auth/me").await.assert_problem(401, "unauthenticated");
    let refresh = json!({ "refreshToken": alice.refresh });
    app.stranger().post("/api/auth/refresh", refresh).await.assert_problem(401, "unauthenticated");
    assert_eq!(told(login(&app, &email, "password123").await.assert_status(401)), wrong);
    let check = json!({ "permission": "orders:create", "userId": alice.id });
    let verdict = admin.post("/api/auth/check-permission", check).await.assert_status(200).json();
    assert_eq!(verdict["allowed"], false);
    admin.put(&path, json!({ "disabled": false })).await.assert_status(204);
    login(&app, &email, "password123").await.assert_status(200);
    let nobody = "/api/users/019aa4c5-0001-7000-8000-000000000001/status";
    admin.put(nobody, json!({ "disabled": true })).await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_is_neither_disabled_nor_erased() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, second) = (app.admin().await, app.buyer("second").await);
    let path = |actor: &Actor<'_>| format!("/api/users/{}", actor.id);
    let disabled = json!({ "disabled": true });
    admin.put(&format!("{}/status", path(&admin)), disabled.clone()).await.assert_problem(409, "conflict");
    let password = "correct horse battery staple";
    admin.erases_themselves(password).await.assert_problem(409, "conflict");
    let roles = json!({ "roles": ["ADMIN"] });
    admin.put(&format!("/api/auth/users/{}/roles", second.id), roles).await.assert_status(200);
    // One who cannot log in does not count.
    admin.put(&format!("{}/status", path(&second)), disabled).await.assert_status(204);
    admin.erases_themselves(password).await.assert_problem(409, "conflict");
    admin.put(&format!("{}/status", path(&second)), json!({ "disabled": false })).await.assert_status(204);
    admin.erases_themselves(password).await.assert_status(204);
    let second = app.log_in(second.email.as_deref().unwrap()).await;
    second.get("/api/users").await.assert_status(200);
    second.erases_themselves("password123").await.assert_problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_sees_of_a_buyer_what_a_parcel_needs_once_they_paid() {
    let app = TestApp::start().await;
    let (kim, lee, alice) = (app.seller("kim").await, app.seller("lee").await, app.buyer("alice").await);
    let path = format!("/api/users/{}", alice.id);
    let home = json!({ "name": "Alice", "phone": "112",
        "addresses": [{ "street": "1 Home", "city": "X", "zipCode": "1" }] });
    alice.put(&path, home).await.assert_status(200);
    let product = kim.sells("5.00", 9).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    kim.get(&path).await.assert_problem(404, "not_found");
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    let seen = kim.get(&path).await.assert_status(200).json();
    assert_eq!(seen, json!({ "id": alice.id, "name": "Alice", "shippingAddresses": [address()] }));
    lee.get(&path).await.assert_problem(404, "not_found");
    kim.put(&path, json!({ "name": "Kim" })).await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_takes_home_all_that_is_held() {
    let app = TestApp::start().await;
    let (admin, kim, alice) = (app.admin().await, app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 9).await;
    let order = alice.post("/api/orders", order_for(&product, 1)).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    let path = format!("/api/users/{}/export", alice.id);
    let answer = alice.get(&path).await.assert_status(200);
    let file = format!("attachment; filename=\"jangteo-{}.json\"", alice.id);
    assert_eq!(answer.header("content-disposition"), Some(file.as_str()));
    let held = answer.json();
    let profile = &held["profile"];
    assert_eq!((&profile["id"], &profile["email"]), (&json!(alice.id), &json!(alice.email)));
    assert_eq!(held["orders"][0]["id"], order["id"]);
    assert_eq!(held["orders"][0]["shippingAddress"], address());
    assert_eq!(held["payments"][0]["id"], payment);
    assert_eq!(held["sessions"].as_array().unwrap().len(), 1);
    assert!(!answer.json().to_string().contains("argon2"));
    let events = format!("/api/v1/audit/events?type=jangteo.profile.exported.v1&actor={}", alice.id);
    app.eventually("the export is in the audit log", || async {
        let events = admin.get(&events).await.assert_status(200).json();
        events["items"].as_array().unwrap().first().map(|_| ())
    })
    .await;
    alice.delete("/api/auth/sessions").await.assert_status(204);
    alice.get(&path).await.assert_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_key_that_is_not_fit_is_named_and_not_shown() {
    let Some(app) = TestApp::with_variables(&[("data_key", "too-short-to-be-a-key")]).await else { return };
    let health = app.stranger().send(Method::GET, "/health", &[], None).await.assert_status(503);
    let text = String::from_utf8_lossy(&health.body).into_owned();
    let auth = &health.json()["services"]["auth"];
    assert!(auth["reason"].as_str().unwrap().contains("data_key"), "{text}");
    let signup = json!({ "email": app.email("a"), "password": "password123", "name": "A" });
    let problem = app.stranger().post("/api/auth/signup", signup).await.assert_problem(503, "misconfigured");
    for shown in [text.as_str(), &String::from_utf8_lossy(&problem.body)] {
        assert!(!shown.contains("too-short-to-be-a-key"), "{shown}");
    }
}
