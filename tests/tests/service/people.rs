//! Who is disabled or erased does nothing more, whatever is left of their token's time; and news of people are taken in
//! the order in which they happened, whatever order they arrive in.

use futures::future::join_all;
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, order_for, path_of, pay};

fn profile(of: &Actor<'_>) -> String {
    format!("/api/users/{}", of.id)
}

async fn switch(admin: &Actor<'_>, of: &Actor<'_>, disabled: bool) {
    let body = json!({ "disabled": disabled });
    admin.put(&format!("{}/status", profile(of)), body).await.assert_status(204);
}

/// Whether the catalogue lists a product, and shows it as on sale.
async fn on_sale(anyone: &Actor<'_>, product: &str, seller: &Actor<'_>) -> (bool, bool) {
    let list = anyone.get(&format!("/api/products?seller={}", seller.id)).await.assert_status(200).json();
    let listed = list["items"].as_array().unwrap().iter().any(|item| item["id"] == product);
    let shown = anyone.get(&format!("/api/products/{product}")).await.assert_status(200).json();
    (listed, shown["active"] == true)
}

/// What a seller does with what they sell.
async fn sells_on(seller: &Actor<'_>, product: &str, order: &str) -> Vec<u16> {
    let path = format!("/api/products/{product}");
    let tea = json!({ "name": "Tea", "price": 5 });
    vec![
        seller.post("/api/products", tea.clone()).await.status,
        seller.put(&path, tea).await.status,
        seller.post(&format!("{path}/stock"), json!({ "delta": 1, "reason": "count" })).await.status,
        seller.post(&format!("{order}/ship"), json!({})).await.status,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_seller_sells_nothing_until_they_are_back() {
    let app = TestApp::start().await;
    let (admin, kim, alice) = (app.admin().await, app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 9).await;
    let paid = alice.buys(&[&product]).await;
    let open = alice.orders(&product, 1).await.assert_status(201).json();
    assert_eq!(on_sale(&alice, &product, &kim).await, (true, true));

    switch(&admin, &kim, true).await;
    assert_eq!(on_sale(&alice, &product, &kim).await, (false, false));
    alice.orders(&product, 1).await.assert_problem(422, "validation_failed");
    alice.post("/api/payments", pay(&open, APPROVED_CARD)).await.assert_problem(409, "conflict");
    assert_eq!(sells_on(&kim, &product, &path_of(&paid)).await, [401; 4]);
    let payment = alice.get(&path_of(&paid)).await.json()["paymentId"].as_str().unwrap().to_owned();
    let refunds = format!("/api/payments/{payment}/refunds");
    kim.post(&refunds, json!({ "reason": "x" })).await.assert_problem(401, "unauthenticated");
    kim.put(&profile(&kim), json!({ "name": "Kim" })).await.assert_problem(401, "unauthenticated");

    // An ADMIN may change what is theirs, and it is on sale again when they are.
    let path = format!("/api/products/{product}");
    let changed = json!({ "name": "Black tea", "price": 5 });
    assert_eq!(admin.put(&path, changed).await.assert_status(200).json()["active"], false);
    switch(&admin, &kim, false).await;
    assert_eq!(on_sale(&alice, &product, &kim).await, (true, true));
    let back = app.log_in(kim.email.as_deref().unwrap()).await;
    assert_eq!(sells_on(&back, &product, &path_of(&paid)).await, [201, 200, 200, 200]);
    alice.orders(&product, 1).await.assert_status(201);
    alice.post("/api/payments", pay(&open, APPROVED_CARD)).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_off_sale_stays_so_when_its_seller_is_back() {
    let app = TestApp::start().await;
    let (admin, kim) = (app.admin().await, app.seller("kim").await);
    let (kept, withdrawn, later) =
        (kim.sells("5.00", 9).await, kim.sells("5.00", 9).await, kim.sells("5.00", 9).await);
    kim.delete(&format!("/api/products/{withdrawn}")).await.assert_status(204);
    switch(&admin, &kim, true).await;
    admin.delete(&format!("/api/products/{later}")).await.assert_status(204);
    switch(&admin, &kim, false).await;
    let anyone = app.stranger();
    assert_eq!(on_sale(&anyone, &kept, &kim).await, (true, true));
    assert_eq!(on_sale(&anyone, &withdrawn, &kim).await, (false, false));
    assert_eq!(on_sale(&anyone, &later, &kim).await, (false, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_buyer_buys_nothing_until_they_are_back() {
    let app = TestApp::start().await;
    let (admin, kim, alice) = (app.admin().await, app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 2).await;
    let open = alice.orders(&product, 1).await.assert_status(201).json();
    switch(&admin, &alice, true).await;
    alice.orders(&product, 1).await.assert_problem(401, "unauthenticated");
    alice.post("/api/payments", pay(&open, APPROVED_CARD)).await.assert_problem(401, "unauthenticated");
    alice.delete(&path_of(&open)).await.assert_problem(401, "unauthenticated");
    switch(&admin, &alice, false).await;
    // What was held for the order that did not come about is free again.
    let back = app.log_in(alice.email.as_deref().unwrap()).await;
    app.eventually("the stock is free", || async {
        (back.post("/api/orders", order_for(&product, 1)).await.status == 201).then_some(())
    })
    .await;
    alice.post("/api/payments", pay(&open, APPROVED_CARD)).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_seller_is_out_for_good() {
    let app = TestApp::start().await;
    let (kim, lee, alice) = (app.seller("kim").await, app.seller("lee").await, app.buyer("alice").await);
    let (product, other) = (kim.sells("5.00", 9).await, lee.sells("5.00", 9).await);
    let open = alice.orders(&product, 1).await.assert_status(201).json();
    let paid = alice.buys(&[&product]).await;
    kim.erases_themselves("password123").await.assert_status(204);
    assert_eq!(on_sale(&alice, &product, &kim).await, (false, false));
    alice.orders(&product, 1).await.assert_problem(422, "validation_failed");
    let both = tests::order_of(&[&product, &other]);
    alice.post("/api/orders", both).await.assert_problem(422, "validation_failed");
    alice.post("/api/payments", pay(&open, APPROVED_CARD)).await.assert_problem(409, "conflict");
    assert_eq!(sells_on(&kim, &product, &path_of(&paid)).await, [401; 4]);
    alice.orders(&other, 1).await.assert_status(201);
    alice.delete(&path_of(&open)).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_at_once_the_profile_is_as_the_account() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    for round in 0..4 {
        let name = format!("alice{round}");
        let (alice, kim) = (app.buyer(&name).await, app.seller(&format!("kim{round}")).await);
        let product = kim.sells("5.00", 9).await;
        let emails = (0..4).map(|at| {
            let body =
                json!({ "email": app.email(&format!("{name}{at}")), "currentPassword": "password123" });
            let alice = &alice;
            async move { alice.put(&format!("{}/email", profile(alice)), body).await.assert_status(204) }
        });
        join_all(emails).await;
        let shown = alice.get(&profile(&alice)).await.assert_status(200).text("email");
        assert_eq!(shown, alice.get("/api/auth/me").await.assert_status(200).text("email"));

        let status = format!("{}/status", profile(&kim));
        let switches = (0..6).map(|at| admin.put(&status, json!({ "disabled": at % 2 == 0 })));
        join_all(switches).await;
        let check = json!({ "permission": "products:write", "userId": kim.id });
        let verdict = admin.post("/api/auth/check-permission", check).await.assert_status(200).json();
        let (enabled, shown) = (verdict["allowed"] == true, admin.get(&profile(&kim)).await.json());
        assert_eq!(shown["disabled"], !enabled, "{verdict}");
        assert_eq!(on_sale(&admin, &product, &kim).await, (enabled, enabled));
        let ordered = alice.orders(&product, 1).await.status;
        assert_eq!(ordered, if enabled { 201 } else { 422 });
    }
}

/// An event of auth's about somebody, at a place of its log that is far ahead.
fn news(of: &Actor<'_>, kind: &str, place: u64, data: Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("019aa4c5-0004-7000-8000-{:012}-{}", place, of.id),
        "source": "/jangteo/auth",
        "type": format!("jangteo.{kind}.v1"),
        "subject": of.id,
        "sequence": (1_000_000 + place).to_string(),
        "data": data,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_come_late_change_nothing() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let auth = app.service("auth").await;
    let (admin, kim, alice) = (app.admin().await, app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 9).await;
    let tell = |service: &'static str, batch: Value| {
        let auth = &auth;
        async move { auth.post(&format!("/internal/{service}/events"), batch).await.assert_status(204) }
    };
    for who in [&kim, &alice] {
        let newest = news(who, "user.enabled", 9, json!({}));
        let late = news(who, "user.disabled", 8, json!({}));
        for service in ["users", "products", "orders", "payments"] {
            tell(service, json!([newest])).await;
            tell(service, json!([late])).await;
            tell(service, json!([late, newest])).await;
        }
    }
    let roles = |place, roles: Value| news(&alice, "user.roles_changed", place, json!({ "roles": roles }));
    tell("users", json!([roles(7, json!(["BUYER", "CLERK"])), roles(6, json!(["BUYER"]))])).await;
    let removed = |place| {
        let mut event = news(&alice, "role.removed", place, json!({ "role": "CLERK", "permissions": [] }));
        event["subject"] = json!("role:CLERK");
        event
    };
    tell("users", json!([removed(5)])).await;
    let shown = admin.get(&profile(&alice)).await.assert_status(200).json();
    assert_eq!((&shown["disabled"], &shown["roles"]), (&json!(false), &json!(["BUYER", "CLERK"])));
    tell("users", json!([removed(11), roles(10, json!(["SELLER", "CLERK"]))])).await;
    let shown = admin.get(&profile(&alice)).await.assert_status(200).json();
    assert_eq!(shown["roles"], json!(["SELLER"]));

    assert_eq!(on_sale(&alice, &product, &kim).await, (true, true));
    alice.buys(&[&product]).await;
    kim.sells("5.00", 1).await;
}

/// The tables of `users`, without anything in them.
fn users() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON").unwrap();
    db.execute_batch(&tests::script("users").unwrap()).unwrap();
    db
}

/// A life as auth tells it, each with its place in auth's log.
fn life() -> Vec<(i64, &'static str, Value, Value)> {
    let email = |text: &str| json!({ "email": text, "emailHash": format!("hash of {text}") });
    let mut first = email("first");
    first["name"] = json!("Alice");
    first["words"] = json!(["alice"]);
    vec![
        (1, "profile.created", json!({ "roles": ["BUYER"] }), first),
        (2, "profile.roles_changed", json!({ "roles": ["BUYER", "CLERK"] }), Value::Null),
        (3, "profile.disabled", json!({}), Value::Null),
        (4, "profile.email_changed", json!({}), email("second")),
        (5, "profiles.role_removed", json!({ "role": "CLERK", "permissions": [] }), Value::Null),
        (6, "profile.enabled", json!({}), Value::Null),
        (7, "profile.roles_changed", json!({ "roles": ["SELLER", "CLERK"] }), Value::Null),
        (8, "profile.email_changed", json!({}), email("third")),
        (9, "profile.disabled", json!({}), Value::Null),
        (10, "profile.enabled", json!({}), Value::Null),
    ]
}

/// Append these as they arrive; a profile that was erased takes no more that is personal.
fn arrive(db: &Connection, events: &[(i64, &'static str, Value, Value)]) {
    for (place, kind, data, private) in events {
        let mut data = data.clone();
        data["sequence"] = json!(place);
        let stream = if *kind == "profiles.role_removed" { "role:CLERK" } else { "alice" };
        let private = (!private.is_null()).then(|| private.to_string());
        let sql = "INSERT INTO users_events (id, stream, version, type, data, private, actor, time) VALUES (?1, ?2, \
                   (SELECT coalesce(max(version), 0) + 1 FROM users_events WHERE stream = ?2), \
                   ?3, ?4, ?5, 'service:auth', 't')";
        let appended =
            db.execute(sql, (place.to_string(), stream, *kind, data.to_string(), private.as_deref()));
        if let Err(error) = appended {
            assert!(error.to_string().contains("no_such_profile"), "{kind}: {error}");
        }
    }
}

fn seen(db: &Connection) -> Vec<String> {
    let sql = "SELECT email || ' ' || email_hash || ' ' || name || ' ' || disabled || ' ' || \
               (SELECT group_concat(role) FROM (SELECT role FROM users_roles WHERE user_id = id ORDER BY role)) \
               || ' ' || (SELECT group_concat(word) FROM users_words WHERE user_id = id) FROM users_profiles";
    let mut all = db.prepare(sql).unwrap();
    all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

proptest! {
    #[test]
    fn a_life_told_in_any_order_makes_the_same_profile(order in Just(life()).prop_shuffle()) {
        let db = users();
        arrive(&db, &order);
        prop_assert_eq!(seen(&db), ["third hash of third Alice 0 CLERK,SELLER alice"]);
    }

    #[test]
    fn who_was_erased_is_gone_in_whatever_order_it_is_told(
        order in Just([life(), vec![(11, "profile.erased", json!({}), Value::Null)]].concat()).prop_shuffle()
    ) {
        let db = users();
        arrive(&db, &order);
        prop_assert_eq!(seen(&db), [""; 0]);
        let left = "SELECT count(*) FROM users_events WHERE private IS NOT NULL";
        let told = "SELECT count(*) FROM users_told WHERE email IS NOT NULL OR email_hash IS NOT NULL";
        for sql in [left, told] {
            prop_assert_eq!(db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "{}", sql);
        }
    }
}
