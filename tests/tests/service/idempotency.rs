//! `Idempotency-Key` on every POST that changes something: the same request again has the same answer, and one effect.

use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, order_of, path_of, pay};

/// Each route once, under its own name.
const DOCUMENT: &str = include_str!("../../../shared/openapi/openapi.json");
/// POSTs without a key, and why.
const WITHOUT: [(&str, &str); 12] = [
    ("/api/auth/password/forgot", "mails another token"),
    ("/api/auth/password/reset", "the token is good once"),
    ("/api/users/{id}/password-reset", "answers secrets"),
    ("/api/auth/login", "answers secrets"),
    ("/api/auth/refresh", "answers secrets"),
    ("/api/v1/auth/check-permission", "changes nothing"),
    ("/api/payments/sandbox/3ds/{id}", "a page's form; what is confirmed stays as it is"),
    ("/api/payments/webhooks/{provider}", "the provider's own ids decide"),
    ("/api/v1/audit/events", "the events' own ids decide"),
    ("/discovery/heartbeat/{id}", "each one is another sign of life"),
    ("/discovery/cleanup", "does what is due; doing it again does nothing twice"),
    ("/api/admin/sweep", "does what is due; doing it again does nothing twice"),
];
/// Need an event that is parked, keys that are no setting, a conflict, a refund that failed, and a server for
/// registered services: see `relay`, `keys`, `ways_out` and `discovery`.
const ELSEWHERE: [&str; 5] = [
    "/discovery/register",
    "/api/v1/events/parked/redrive",
    "/api/auth/keys/rotate",
    "/api/payments/{id}/resolve",
    "/api/payments/{id}/refunds/{refundId}/retry",
];

struct People<'a> {
    app: &'a TestApp,
    seller: Actor<'a>,
    buyer: Actor<'a>,
    admin: Actor<'a>,
}

/// A request to `operation` that succeeds: who sends it, where, and what; then another body, if it can have one.
async fn request<'a>(people: &'a People<'a>, operation: &str) -> (Actor<'a>, String, Value, Option<Value>) {
    let People { app, seller, buyer, admin } = people;
    let again = |actor: &Actor<'a>| actor.with_token(actor.token.as_deref().unwrap());
    let account =
        |name: &str| json!({ "email": app.email(name), "password": "a good password", "name": "A" });
    let stock = |delta: i64| json!({ "delta": delta, "reason": "delivery" });
    match operation {
        "/api/auth/signup" => {
            let mut other = account("idem");
            other["name"] = json!("B");
            (app.stranger(), operation.to_owned(), account("idem"), Some(other))
        }
        "/api/users" => (again(admin), operation.to_owned(), account("made"), Some(account("other"))),
        "/api/auth/logout" => {
            let leaver = app.buyer("leaver").await;
            (app.stranger(), operation.to_owned(), json!({ "refreshToken": leaver.refresh }), None)
        }
        "/api/auth/password" => {
            let body = |new: &str| json!({ "currentPassword": "password123", "newPassword": new });
            let changer = app.buyer("changer").await;
            (changer, operation.to_owned(), body("another good one"), Some(body("a third good one")))
        }
        "/api/v1/audit/checkpoints" | "/api/v1/events/relay" => {
            (again(admin), operation.to_owned(), json!({}), None)
        }
        "/api/auth/roles" => {
            let role = |name: &str| json!({ "name": name, "permissions": ["orders:read"] });
            (again(admin), operation.to_owned(), role("IDEM_A"), Some(role("IDEM_B")))
        }
        "/api/products" => {
            let tea = |stock: i64| json!({ "name": "T", "category": "tea", "price": 1, "stock": stock });
            (again(seller), operation.to_owned(), tea(1), Some(tea(2)))
        }
        "/api/products/{id}/stock" => {
            let path = operation.replace("{id}", &seller.sells("1.00", 1).await);
            (again(seller), path, stock(1), Some(stock(2)))
        }
        "/api/orders" => {
            let (one, two) = (seller.sells("1.00", 9).await, seller.sells("1.00", 9).await);
            (again(buyer), operation.to_owned(), order_of(&[&one]), Some(order_of(&[&two])))
        }
        "/api/orders/{id}/ship" => {
            let path = format!("{}/ship", path_of(&buyer.buys(&[&seller.sells("1.00", 9).await]).await));
            (again(seller), path, json!({ "carrier": "Post" }), Some(json!({ "carrier": "Bike" })))
        }
        "/api/orders/{id}/deliver" => {
            let order = path_of(&buyer.buys(&[&seller.sells("1.00", 9).await]).await);
            seller.post(&format!("{order}/ship"), json!({})).await.assert_status(200);
            (again(seller), format!("{order}/deliver"), json!({}), None)
        }
        "/api/payments" => {
            let tea = seller.sells("1.00", 9).await;
            let [one, two] = [&tea, &tea].map(|tea| buyer.orders(tea, 1));
            let [one, two] = [one.await.assert_status(201).json(), two.await.assert_status(201).json()];
            let other = pay(&two, APPROVED_CARD);
            (again(buyer), operation.to_owned(), pay(&one, APPROVED_CARD), Some(other))
        }
        "/api/payments/{id}/refunds" => {
            buyer.buys(&[&seller.sells("9.00", 9).await]).await;
            let payment = buyer.get("/api/payments?limit=1").await.json()["items"][0]["id"].clone();
            let path = operation.replace("{id}", payment.as_str().unwrap());
            let part = |amount: i64| json!({ "amount": amount, "reason": "late" });
            (again(seller), path, part(1), Some(part(2)))
        }
        other => panic!("{other} has no request here: say whether it honours Idempotency-Key"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_that_changes_something_is_done_once() {
    let app = TestApp::start().await;
    let people = People {
        app: &app,
        seller: app.seller("kim").await,
        buyer: app.buyer("alice").await,
        admin: app.admin().await,
    };
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let posts: Vec<_> =
        paths.iter().filter(|(_, item)| item["post"].is_object()).map(|(path, _)| path).collect();
    assert!(posts.len() > 15);
    // Who signs up shares the space of keys with all others.
    let key = &app.email("one-key");
    for operation in posts {
        let parameters = document["paths"][operation]["post"]["parameters"].to_string();
        let is_documented = parameters.contains("IdempotencyKey");
        if WITHOUT.iter().any(|(path, _)| path == operation) {
            assert!(!is_documented, "{operation}");
            continue;
        }
        assert!(is_documented, "{operation} does not document Idempotency-Key");
        if ELSEWHERE.contains(&operation.as_str()) {
            continue;
        }
        let (actor, path, body, other) = request(&people, operation).await;
        let first = actor.post_keyed(&path, key, body.clone()).await;
        assert!((200..300).contains(&first.status), "{operation}: {}", first.status);
        let again = actor.post_keyed(&path, key, body).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{operation}");
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{operation}");
        assert_eq!(again.header("location"), first.header("location"), "{operation}");
        // Who sells a part of an order reads on with the order's own ETag.
        if !operation.starts_with("/api/orders/{id}") {
            assert_eq!(again.header("etag"), first.header("etag"), "{operation}");
        }
        if let Some(other) = other {
            let refused = actor.post_keyed(&path, key, other).await;
            assert_eq!(refused.status, 422, "{operation}");
            refused.assert_problem(422, "idempotency_mismatch");
        }
        // A key is one's own.
        if actor.token.is_some() && operation == "/api/products" {
            let (_, _, body, _) = request(&people, operation).await;
            let other = people.admin.post_keyed(&path, key, body).await;
            assert_eq!(other.assert_status(201).header("idempotent-replayed"), None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_with_one_key_have_one_effect() {
    let app = TestApp::start().await;
    let (kim, admin) = (app.seller("kim").await, app.admin().await);
    let product = kim.sells("5.00", 5).await;
    let stock = format!("/api/products/{product}/stock");
    let all = (0..8).map(|_| kim.post_keyed(&stock, "twin", json!({ "delta": 10, "reason": "delivery" })));
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer.assert_status(200).json()["onHand"], 15);
    }
    assert_eq!(kim.get(&format!("/api/products/{product}")).await.json()["onHand"], 15);
    let movements = kim.get(&stock).await.assert_status(200).json();
    // Its stock when it was new, and the one change.
    assert_eq!(movements["items"].as_array().unwrap().len(), 2);

    let role = || json!({ "name": "TWIN", "permissions": ["orders:read"] });
    let all = (0..6).map(|_| admin.post_keyed("/api/auth/roles", "twin", role()));
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer.assert_status(201).json()["name"], "TWIN");
    }
    let all = (0..6).map(|_| admin.post_keyed("/api/v1/audit/checkpoints", "twin", json!({})));
    let made: Vec<_> = futures::future::join_all(all).await.iter().map(|answer| answer.json()).collect();
    assert!(made.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_one_account_whoever_sends_it() {
    let app = TestApp::start().await;
    let (stranger, key) = (app.stranger(), app.email("key"));
    let account =
        |name: &str| json!({ "email": app.email(name), "password": "a good password", "name": name });
    let login = |name: &str| json!({ "email": app.email(name), "password": "a good password" });
    let made = stranger.post_keyed("/api/auth/signup", &key, account("first")).await.assert_status(201);
    // Another e-mail, a guess of the password, a name: the key is used, and nothing is told of by whom.
    let mut guess = account("first");
    guess["password"] = json!("another password");
    for path in ["/api/auth/signup", "/auth/signup", "/api/users/register"] {
        for other in [account("second"), guess.clone()] {
            let refused = stranger.post_keyed(path, &key, other).await;
            let refused = refused.assert_problem(422, "idempotency_mismatch");
            assert!(!String::from_utf8_lossy(&refused.body).contains(&made.text("id")));
            assert_eq!((refused.header("location"), refused.header("idempotent-replayed")), (None, None));
        }
        let again = stranger.post_keyed(path, &key, account("first")).await.assert_status(201);
        assert_eq!((&again.body, again.header("idempotent-replayed")), (&made.body, Some("true")));
    }
    stranger.post("/api/auth/login", login("second")).await.assert_problem(401, "invalid_credentials");
    // Another key for the same e-mail is another request.
    let other = stranger.post_keyed("/api/auth/signup", &app.email("other"), account("first")).await;
    other.assert_problem(409, "email_taken");

    // At once: the same request is one account, and of different ones a key lets one through.
    let twin = app.email("twin-key");
    let twins = (0..4).map(|_| stranger.post_keyed("/api/auth/signup", &twin, account("twin")));
    let twins: Vec<_> =
        futures::future::join_all(twins).await.into_iter().map(|t| t.assert_status(201)).collect();
    assert!(twins.windows(2).all(|pair| pair[0].body == pair[1].body));
    let key = app.email("race");
    let names: Vec<_> = (0..6).map(|n| format!("racer{n}")).collect();
    let racers = names.iter().map(|name| stranger.post_keyed("/api/auth/signup", &key, account(name)));
    let mut statuses: Vec<_> = futures::future::join_all(racers).await.iter().map(|r| r.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422, 422, 422, 422]);
    let mut there = 0;
    for name in &names {
        there += usize::from(stranger.post("/api/auth/login", login(name)).await.status == 200);
    }
    assert_eq!(there, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_for_two_payments_is_two_keys() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let tea = kim.sells("5.00", 9).await;
    for _ in 0..2 {
        alice.buys(&[&tea]).await;
    }
    let payments = alice.get("/api/payments").await.json();
    for payment in payments["items"].as_array().unwrap() {
        let path = format!("/api/payments/{}/refunds", payment["id"].as_str().unwrap());
        let answer = kim.post_keyed(&path, "k", json!({ "amount": 1, "reason": "late" })).await;
        assert_eq!(answer.assert_status(201).header("idempotent-replayed"), None);
    }
}
