//! The authorisation matrix: every operation, asked by everyone. One that the API's description has and a row has not
//! fails, and the other way round.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, address, operations, order_for, pay};

/// Who asks, in the order of a row's expectations: `both` buys and sells, and owns nothing there; the tokens of the
/// last three are older than what happened to them. Those of the last two have every permission of the built-in roles.
const WHO: [&str; 9] =
    ["nobody", "owner", "stranger", "seller", "admin", "both", "demoted", "disabled", "erased"];
/// What a row expects for each of them.
type Expected = [u16; WHO.len()];

/// A route, asked with `body`, answers each of [`WHO`] with this status.
struct Row {
    method: Method,
    routes: &'static [&'static str],
    headers: &'static [(&'static str, &'static str)],
    body: Option<Value>,
    expected: Expected,
}

fn row(method: Method, routes: &'static [&'static str], expected: Expected) -> Row {
    Row { method, routes, headers: &[], body: None, expected }
}

/// Asked with the tag of no revision, so that 412 shows that the caller might have done it.
fn stale(method: Method, routes: &'static [&'static str], expected: Expected) -> Row {
    Row { headers: &[("if-match", "\"0\"")], ..row(method, routes, expected) }
}

fn with(method: Method, routes: &'static [&'static str], body: Value, expected: Expected) -> Row {
    Row { body: Some(body), ..row(method, routes, expected) }
}

/// `{id}` stands for the owner's user, the seller's product, the owner's order or payment: see [`Things`].
fn matrix(things: &Things) -> Vec<Row> {
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let empty = json!({});
    let everyone = [200; 9];
    vec![
        // Who was ADMIN changes no privilege, account or key, and who was disabled or erased nothing at all, whatever
        // their token says. What else the token allows goes on until it ends.
        //
        // Open to anyone; an empty body shows that the caller got as far as validation.
        with(
            post.clone(),
            &["/api/auth/signup", "/auth/signup", "/api/users/register"],
            empty.clone(),
            [422; 9],
        ),
        with(post.clone(), &["/api/auth/login", "/auth/login"], empty.clone(), [422; 9]),
        with(post.clone(), &["/api/auth/refresh", "/auth/refresh"], empty.clone(), [422; 9]),
        with(post.clone(), &["/api/auth/logout", "/auth/logout"], empty.clone(), [422; 9]),
        row(get.clone(), &["/api/auth/me", "/auth/me"], [401, 200, 200, 200, 200, 200, 200, 401, 401]),
        row(get.clone(), &["/api/auth/sessions"], [401, 200, 200, 200, 200, 200, 200, 401, 401]),
        row(delete.clone(), &["/api/auth/sessions/{id}"], [401, 404, 404, 404, 404, 404, 404, 401, 401]),
        with(
            post.clone(),
            &["/api/auth/password"],
            empty.clone(),
            [401, 422, 422, 422, 422, 422, 422, 422, 422],
        ),
        with(
            post.clone(),
            &["/api/auth/password/forgot", "/api/auth/password/reset"],
            empty.clone(),
            [422; 9],
        ),
        row(post.clone(), &["/api/users/{id}/password-reset"], [401, 403, 403, 403, 201, 403, 403, 401, 401]),
        with(
            post.clone(),
            &["/api/v1/auth/check-permission", "/api/auth/check-permission"],
            json!({ "permission": "orders:read" }),
            [401, 200, 200, 200, 200, 200, 200, 200, 404],
        ),
        row(get.clone(), &["/.well-known/jwks.json"], everyone),
        row(
            post.clone(),
            &["/api/auth/keys/rotate"],
            [401, 403, 403, 403, things.rotated, 403, 403, 401, 401],
        ),
        row(get.clone(), &["/api/auth/roles"], [401, 403, 403, 403, 200, 403, 200, 200, 200]),
        with(
            post.clone(),
            &["/api/auth/roles"],
            json!({ "name": "SUPPORT", "permissions": ["orders:read"] }),
            [401, 403, 403, 403, 201, 403, 403, 401, 401],
        ),
        with(
            put.clone(),
            &["/api/auth/roles/{role}"],
            json!({ "permissions": ["orders:any"] }),
            [401, 403, 403, 403, 200, 403, 403, 401, 401],
        ),
        row(get.clone(), &["/api/auth/roles/{role}"], [401, 403, 403, 403, 200, 403, 200, 200, 200]),
        row(delete.clone(), &["/api/auth/roles/{role}"], [401, 403, 403, 403, 204, 403, 403, 401, 401]),
        with(
            put.clone(),
            &["/api/auth/users/{id}/roles"],
            json!({ "roles": ["BUYER"] }),
            [401, 403, 403, 403, 200, 403, 403, 401, 401],
        ),
        // The seller has sold to the owner.
        row(get.clone(), &["/auth/user/{userId}"], [401, 200, 404, 200, 200, 404, 200, 401, 401]),
        row(get.clone(), &["/api/users", "/users"], [401, 403, 403, 403, 200, 403, 200, 200, 200]),
        with(
            post.clone(),
            &["/api/users", "/users"],
            json!({ "email": "x", "password": "x", "name": "x" }),
            [401, 403, 403, 403, 422, 403, 403, 401, 401],
        ),
        row(get.clone(), &["/api/users/{id}", "/users/{id}"], [401, 200, 404, 200, 200, 404, 200, 200, 200]),
        with(
            put.clone(),
            &["/api/users/{id}", "/users/{id}"],
            json!({ "name": "A" }),
            [401, 200, 404, 404, 200, 404, 403, 401, 401],
        ),
        stale(
            delete.clone(),
            &["/api/users/{id}", "/users/{id}"],
            [401, 412, 404, 404, 412, 404, 403, 401, 401],
        ),
        with(
            put.clone(),
            &["/api/users/{id}/email"],
            json!({ "email": "x", "currentPassword": "x" }),
            [401, 422, 404, 404, 404, 404, 404, 404, 404],
        ),
        with(
            put.clone(),
            &["/api/users/{id}/status"],
            json!({ "disabled": false }),
            [401, 403, 403, 403, 204, 403, 403, 401, 401],
        ),
        row(get.clone(), &["/api/users/{id}/export"], [401, 200, 404, 404, 200, 404, 403, 401, 401]),
        row(get.clone(), &["/api/products", "/products", "/api/products/{id}", "/products/{id}"], everyone),
        row(get.clone(), &["/api/products/category/{category}", "/products/category/{category}"], everyone),
        with(
            post.clone(),
            &["/api/products", "/products"],
            json!({ "name": "Tea", "price": 1 }),
            [401, 403, 403, 201, 201, 201, 201, 401, 401],
        ),
        with(
            post.clone(),
            &["/api/products/{id}/stock", "/products/{id}/stock"],
            json!({ "delta": 1, "reason": "x" }),
            [401, 403, 403, 200, 200, 404, 200, 401, 401],
        ),
        row(
            get.clone(),
            &["/api/products/{id}/stock", "/products/{id}/stock"],
            [401, 403, 403, 200, 200, 404, 200, 200, 200],
        ),
        with(
            put.clone(),
            &["/api/products/{id}", "/products/{id}"],
            json!({ "name": "Tea", "price": 5 }),
            [401, 403, 403, 200, 200, 404, 200, 401, 401],
        ),
        row(get.clone(), &["/api/orders", "/orders"], [401, 200, 200, 200, 200, 200, 200, 200, 200]),
        with(
            post.clone(),
            &["/api/orders", "/orders"],
            order_for(&things.product, 1),
            [401, 201, 201, 403, 403, 201, 403, 401, 401],
        ),
        row(
            get.clone(),
            &["/api/orders/{id}", "/orders/{id}", "/api/orders/{id}/events", "/orders/{id}/events"],
            [401, 200, 404, 200, 200, 404, 200, 200, 200],
        ),
        // The seller has sold to the owner; who sells, but not to them, gets an empty list.
        row(
            get.clone(),
            &["/api/orders/user/{userId}", "/orders/user/{userId}"],
            [401, 200, 404, 200, 200, 200, 200, 200, 200],
        ),
        with(
            put.clone(),
            &["/api/orders/{id}", "/orders/{id}"],
            json!({ "shippingAddress": address() }),
            [401, 200, 404, 403, 200, 404, 200, 200, 200],
        ),
        // The order is paid. It is shipped once, and delivered once.
        row(post.clone(), &["/api/orders/{id}/ship"], [401, 403, 404, 200, 409, 404, 409, 409, 409]),
        row(post.clone(), &["/orders/{id}/ship"], [401, 403, 404, 409, 409, 404, 409, 409, 409]),
        row(post.clone(), &["/api/orders/{id}/deliver"], [401, 403, 404, 200, 409, 404, 409, 409, 409]),
        row(post.clone(), &["/orders/{id}/deliver"], [401, 403, 404, 409, 409, 404, 409, 409, 409]),
        // It is delivered: who may see it at all learns that it cannot be cancelled.
        row(
            delete.clone(),
            &["/api/orders/{id}", "/orders/{id}"],
            [401, 409, 404, 403, 409, 404, 409, 409, 409],
        ),
        row(get.clone(), &["/api/payments", "/payments"], [401, 200, 200, 200, 200, 200, 200, 200, 200]),
        row(
            get.clone(),
            &["/api/payments/{id}", "/payments/{id}"],
            [401, 200, 404, 404, 200, 404, 200, 200, 200],
        ),
        row(
            get.clone(),
            &["/api/payments/history", "/payments/history"],
            [401, 200, 200, 200, 200, 200, 200, 200, 200],
        ),
        row(
            get.clone(),
            &["/api/payments/{id}/refunds", "/payments/{id}/refunds"],
            [401, 200, 404, 200, 200, 404, 200, 200, 200],
        ),
        row(
            get.clone(),
            &["/api/payments/{id}/disputes", "/payments/{id}/disputes"],
            [401, 403, 403, 403, 200, 403, 200, 200, 200],
        ),
        // More than was paid: who may refund at all learns that it is too much.
        with(
            post.clone(),
            &["/api/payments/{id}/refunds", "/payments/{id}/refunds"],
            json!({ "amount": 999, "reason": "x" }),
            [401, 403, 404, 409, 409, 404, 409, 401, 401],
        ),
        // A bank's page asks for no token.
        row(get.clone(), &["/api/payments/sandbox/3ds/{id}"], everyone),
        with(post.clone(), &["/api/payments/sandbox/3ds/{id}"], empty.clone(), [422; 9]),
        // There is no such refund, and no conflict: who may end either at all learns that.
        row(
            post.clone(),
            &["/api/payments/{id}/refunds/{refundId}/retry", "/payments/{id}/refunds/{refundId}/retry"],
            [401, 403, 404, 404, 404, 404, 404, 404, 404],
        ),
        with(
            post.clone(),
            &["/api/payments/{id}/resolve", "/payments/{id}/resolve"],
            json!({ "action": "accept", "reason": "x" }),
            [401, 403, 403, 403, 409, 403, 409, 409, 409],
        ),
        // Nobody is asked for a token, and without a secret nobody is believed.
        with(
            post.clone(),
            &["/api/payments/webhooks/{provider}", "/payments/webhooks/{provider}"],
            empty.clone(),
            [404; 9],
        ),
        with(
            post.clone(),
            &["/api/payments", "/payments"],
            things.payment_again.clone(),
            [401, 409, 404, 403, 403, 404, 403, 404, 404],
        ),
        row(
            get.clone(),
            &["/api/v1/audit/events", "/api/audit/events"],
            [401, 403, 403, 403, 200, 403, 200, 200, 200],
        ),
        row(
            get.clone(),
            &["/api/v1/audit/events/{id}", "/api/audit/events/{id}"],
            [401, 403, 403, 403, 200, 403, 200, 200, 200],
        ),
        // Whose body is empty got as far as validation.
        with(
            post.clone(),
            &["/discovery/register"],
            empty.clone(),
            [401, 403, 403, 403, 422, 403, 422, 422, 422],
        ),
        row(post.clone(), &["/discovery/heartbeat/{id}"], [401, 403, 403, 403, 404, 403, 404, 404, 404]),
        row(delete.clone(), &["/discovery/unregister/{id}"], [401, 403, 403, 403, 404, 403, 404, 404, 404]),
        row(post.clone(), &["/discovery/cleanup"], [401, 403, 403, 403, 200, 403, 200, 200, 200]),
        row(get.clone(), &["/discovery/services/{id}"], [404; 9]),
        row(post.clone(), &["/api/admin/sweep"], [401, 403, 403, 403, 200, 403, 200, 200, 200]),
        row(
            get.clone(),
            &[
                "/api/v1/audit/verify",
                "/api/audit/verify",
                "/api/v1/audit/export",
                "/api/audit/export",
                "/api/v1/audit/checkpoints",
                "/api/audit/checkpoints",
                "/api/v1/events",
                "/api/v1/events/parked",
            ],
            [401, 403, 403, 403, 200, 403, 200, 200, 200],
        ),
        row(post.clone(), &["/api/v1/events/relay"], [401, 403, 403, 403, 200, 403, 200, 200, 200]),
        with(
            post.clone(),
            &["/api/v1/events/parked/redrive"],
            json!({ "source": "orders", "target": "audit", "sequence": 0 }),
            [401, 403, 403, 403, 404, 403, 404, 404, 404],
        ),
        row(
            post.clone(),
            &["/api/v1/audit/checkpoints", "/api/audit/checkpoints"],
            [401, 403, 403, 403, 201, 403, 201, 201, 201],
        ),
        // Without a body there is no event: the media type is what is missed.
        row(
            post.clone(),
            &["/api/v1/audit/events", "/api/audit/events"],
            [401, 403, 403, 403, 415, 403, 415, 415, 415],
        ),
        row(
            get,
            &[
                "/",
                "/health",
                "/health/{service}",
                "/health/live",
                "/health/ready",
                "/metrics",
                "/openapi.json",
                "/docs",
                "/docs/",
                "/docs/{file}",
                "/schemas/{type}",
                "/services",
                "/discovery/services",
            ],
            everyone,
        ),
        // Near the end: afterwards nobody can order it.
        row(
            delete.clone(),
            &["/api/products/{id}", "/products/{id}"],
            [401, 403, 403, 204, 204, 404, 204, 204, 204],
        ),
        // Last: afterwards the askers' sessions have ended.
        row(delete, &["/api/auth/sessions"], [401, 204, 204, 204, 204, 204, 204, 401, 401]),
    ]
}

/// What the ids in the routes stand for.
struct Things {
    user: String,
    product: String,
    order: String,
    payment: String,
    audit_event: String,
    payment_again: Value,
    /// What an admin is answered who rotates the keys: 409 where the key is a setting, as in embedded apps.
    rotated: u16,
}

impl Things {
    fn path(&self, route: &str) -> String {
        let id = match route {
            r if r.contains("/user") => &self.user,
            r if r.contains("products") => &self.product,
            r if r.contains("orders") => &self.order,
            r if r.contains("payments") => &self.payment,
            _ => &self.audit_event,
        };
        route
            .replace("{id}", id)
            .replace("{refundId}", id)
            .replace("{userId}", id)
            .replace("{category}", "tea")
            .replace("{role}", "SUPPORT")
            .replace("{service}", "orders")
            .replace("{provider}", "stripe")
            .replace("{file}", "start.js")
            .replace("{type}", "jangteo.order.placed.v1.json")
    }
}

async fn things(app: &TestApp, owner: &Actor<'_>, seller: &Actor<'_>, admin: &Actor<'_>) -> Things {
    let product = seller.sells("5.00", 1000).await;
    let order = owner.orders(&product, 1).await.assert_status(201).json();
    let paid = owner.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    let audit_event = app
        .eventually("something is in the audit log", || async {
            let events = admin.get("/api/v1/audit/events").await.assert_status(200).json();
            events["items"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
    let rotated = admin.post("/api/auth/keys/rotate", json!({})).await.status;
    assert!(rotated == 409 || app.state_dir().is_none() && rotated == 200, "{rotated}");
    Things {
        user: owner.id.clone(),
        product,
        order: order["id"].as_str().unwrap().to_owned(),
        payment: paid.text("id"),
        audit_event,
        payment_again: pay(&order, APPROVED_CARD),
        rotated,
    }
}

/// Somebody new with these roles in their token.
pub async fn with_roles<'a>(app: &'a TestApp, admin: &Actor<'_>, name: &str, roles: &[&str]) -> Actor<'a> {
    let id = app.buyer(name).await.id;
    let path = format!("/api/auth/users/{id}/roles");
    admin.put(&path, json!({ "roles": roles })).await.assert_status(200);
    app.log_in(&app.email(name)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_may_what_the_matrix_says_and_no_more() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.buyer("owner").await, app.buyer("stranger").await);
    let (seller, admin) = (app.seller("seller").await, app.admin().await);
    let things = things(&app, &owner, &seller, &admin).await;
    let all = ["BUYER", "SELLER", "ADMIN"];
    let both = with_roles(&app, &admin, "both", &["BUYER", "SELLER"]).await;
    let demoted = with_roles(&app, &admin, "demoted", &["ADMIN"]).await;
    let disabled = with_roles(&app, &admin, "disabled", &all).await;
    let erased = with_roles(&app, &admin, "erased", &all).await;
    let path = |actor: &Actor<'_>| format!("/api/users/{}", actor.id);
    let roles = format!("/api/auth/users/{}/roles", demoted.id);
    admin.put(&roles, json!({ "roles": ["BUYER"] })).await.assert_status(200);
    let status = format!("{}/status", path(&disabled));
    admin.put(&status, json!({ "disabled": true })).await.assert_status(204);
    admin.delete(&path(&erased)).await.assert_status(204);
    let nobody = app.stranger();
    let people = [&nobody, &owner, &stranger, &seller, &admin, &both, &demoted, &disabled, &erased];
    let mut wrong = Vec::new();
    for row in matrix(&things) {
        for route in row.routes {
            let open = operations().iter().any(|known| known.is(&row.method, route) && known.open);
            assert_eq!(open, row.expected[0] != 401, "{} {route}: does it need a token?", row.method);
            for ((who, actor), expected) in WHO.iter().zip(people).zip(row.expected) {
                let path = things.path(route);
                let answer = actor.send(row.method.clone(), &path, row.headers, row.body.clone()).await;
                if answer.status != expected {
                    wrong.push(format!("{} {route} as {who}: {}, not {expected}", row.method, answer.status));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let nothing = Things {
        user: String::new(),
        product: String::new(),
        order: String::new(),
        payment: String::new(),
        audit_event: String::new(),
        payment_again: Value::Null,
        rotated: 409,
    };
    let rows = matrix(&nothing);
    let of_row =
        |row: &Row| row.routes.iter().map(|route| format!("{} {route}", row.method)).collect::<Vec<_>>();
    let tested: BTreeSet<_> = rows.iter().flat_map(of_row).collect();
    let described: BTreeSet<_> =
        operations().iter().map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    let missing: Vec<_> = described.symmetric_difference(&tested).collect();
    assert!(missing.is_empty(), "in the API's description or in the matrix, but not in both: {missing:?}");
}
