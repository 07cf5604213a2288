//! People and things, what may be sent about them, and which lists there are.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, address, order_for, path_of, pay};

/// A request that is accepted as it stands.
pub struct Request<'a> {
    pub who: &'a Actor<'a>,
    pub method: Method,
    pub path: String,
    pub body: Value,
}

/// People and things to ask about.
pub struct World<'a> {
    pub stranger: Actor<'a>,
    pub kim: Actor<'a>,
    pub alice: Actor<'a>,
    pub admin: Actor<'a>,
    pub product: String,
    /// Not paid.
    pub order: Value,
    /// Of another order.
    pub payment: String,
}

impl<'a> World<'a> {
    pub async fn new(app: &'a TestApp) -> Self {
        let (kim, alice, admin) = (app.seller("kim").await, app.buyer("alice").await, app.admin().await);
        let product = kim.sells("5.00", 1000).await;
        let paid = alice.orders(&product, 2).await.assert_status(201).json();
        let payment =
            alice.post("/api/payments", pay(&paid, APPROVED_CARD)).await.assert_status(201).text("id");
        let order = alice.orders(&product, 1).await.assert_status(201).json();
        Self { stranger: app.stranger(), kim, alice, admin, product, order, payment }
    }

    /// Every public request with a JSON body that changes something or answers by it, with all of its members.
    pub fn requests(&self) -> Vec<Request<'_>> {
        let Self { stranger, kim, alice, admin, product, order, payment } = self;
        let (post, put, delete) = (Method::POST, Method::PUT, Method::DELETE);
        let mut wanted = order_for(product, 1);
        wanted["items"][0]["price"] = json!(5.00);
        let mut home = address();
        home["label"] = json!("home");
        let signup =
            json!({ "email": "n@example.com", "password": "password123", "name": "N", "role": "BUYER" });
        let made =
            json!({ "email": "m@example.com", "password": "password123", "name": "M", "role": "BUYER" });
        let login = json!({ "email": alice.email, "password": "password123" });
        let refresh = json!({ "refreshToken": "x" });
        let sale = json!({ "name": "Tea", "description": "Green", "category": "tea", "price": 1,
            "currency": "USD", "stock": 1 });
        let change = json!({ "name": "Tea", "description": "Green", "category": "tea", "price": 5,
            "currency": "USD", "active": true });
        let profile = json!({ "name": "A", "phone": "112", "addresses": [home] });
        let check = json!({ "permission": "orders:read", "userId": alice.id });
        let redrive = json!({ "source": "orders", "target": "audit", "sequence": 1 });
        let (of_alice, of_product) = (format!("/api/users/{}", alice.id), format!("/api/products/{product}"));
        let request = |who, method: &Method, path: &str, body| Request {
            who,
            method: method.clone(),
            path: path.to_owned(),
            body,
        };
        vec![
            request(stranger, &post, "/api/auth/signup", signup),
            request(stranger, &post, "/api/auth/login", login),
            request(stranger, &post, "/api/auth/refresh", refresh.clone()),
            request(stranger, &post, "/api/auth/logout", refresh),
            request(
                alice,
                &post,
                "/api/auth/password",
                json!({ "currentPassword": "password123", "newPassword": "password1234" }),
            ),
            request(admin, &post, "/api/auth/check-permission", check),
            request(
                admin,
                &post,
                "/api/auth/roles",
                json!({ "name": "SUPPORT", "permissions": ["orders:read"] }),
            ),
            request(admin, &put, "/api/auth/roles/SUPPORT", json!({ "permissions": ["orders:read"] })),
            request(
                admin,
                &put,
                &format!("/api/auth/users/{}/roles", alice.id),
                json!({ "roles": ["BUYER"] }),
            ),
            request(admin, &post, "/api/users", made),
            request(alice, &put, &of_alice, profile),
            request(
                alice,
                &put,
                &format!("{of_alice}/email"),
                json!({ "email": "b@example.com", "currentPassword": "password123" }),
            ),
            request(admin, &put, &format!("{of_alice}/status"), json!({ "disabled": true })),
            request(kim, &post, "/api/products", sale),
            request(kim, &put, &of_product, change),
            request(kim, &post, &format!("{of_product}/stock"), json!({ "delta": 1, "reason": "x" })),
            request(alice, &post, "/api/orders", wanted.clone()),
            request(alice, &put, &path_of(order), wanted),
            request(
                kim,
                &post,
                &format!("{}/ship", path_of(order)),
                json!({ "carrier": "Post", "trackingNumber": "1" }),
            ),
            request(alice, &post, "/api/payments", pay(order, APPROVED_CARD)),
            request(
                kim,
                &post,
                &format!("/api/payments/{payment}/refunds"),
                json!({ "amount": 1, "reason": "x", "restock": true }),
            ),
            request(admin, &post, "/api/v1/events/parked/redrive", redrive),
            request(alice, &delete, &of_alice, json!({ "currentPassword": "password123" })),
        ]
    }

    /// What all services hold, as an ADMIN sees it.
    pub async fn held(&self) -> Vec<Value> {
        let mut held = Vec::new();
        for list in ["/api/users", "/api/auth/roles", "/api/orders", "/api/payments/history", "/api/products"]
        {
            held.push(self.admin.get(&format!("{list}?limit=100")).await.assert_status(200).json());
        }
        held
    }

    /// Every list, with who may see it and what would narrow it further.
    pub fn lists(&self) -> Vec<(&Actor<'_>, String, Option<&'static str>)> {
        let Self { stranger, kim, alice, admin, product, order, payment } = self;
        let (order, of_alice) = (path_of(order), format!("/api/orders/user/{}", alice.id));
        let events = "/api/v1/audit/events?source=/jangteo/orders";
        vec![
            (stranger, format!("/api/products?seller={}", kim.id), Some("q=tea")),
            (stranger, "/api/products/category/tea?sort=name".to_owned(), Some("maxPrice=99")),
            (kim, format!("/api/products/{product}/stock?"), None),
            (alice, "/api/orders?".to_owned(), Some("status=PAID")),
            (kim, "/api/orders?from=2026-01-01".to_owned(), Some("to=2126-01-01")),
            (admin, format!("{of_alice}?"), Some("from=2026-01-01")),
            (alice, format!("{order}/events?"), None),
            (alice, "/api/payments?".to_owned(), None),
            (admin, "/api/payments/history?from=2026-01-01".to_owned(), Some("status=CAPTURED")),
            (alice, format!("/api/payments/{payment}/refunds?"), None),
            (admin, format!("/api/payments/{payment}/disputes?"), None),
            (admin, "/api/users?role=BUYER".to_owned(), Some("q=alice")),
            (alice, "/api/auth/sessions?".to_owned(), None),
            (admin, "/api/auth/roles?".to_owned(), None),
            (admin, events.to_owned(), Some("from=2026-01-01")),
            (admin, "/api/v1/audit/checkpoints?".to_owned(), None),
            (admin, "/api/v1/events/parked?".to_owned(), None),
            (admin, "/api/v1/events?".to_owned(), Some("source=/jangteo/orders")),
        ]
    }
}
