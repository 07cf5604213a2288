//! The examples of the API's description: each is sent as it stands, and answered as it says.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, Response, TestApp, document, operations, pay};
use uuid::Uuid;

/// What the examples call the things that are made here.
const BUYER: &str = "019aa4c5-0001-7000-8000-000000000001";
const PRODUCT: &str = "019aa4c5-0003-7000-8000-000000000003";
const ORDER: &str = "019aa4c5-0004-7000-8000-000000000004";
const PAYMENT: &str = "019aa4c5-0005-7000-8000-000000000005";
const AUDIT_EVENT: &str = "019aa4c5-0007-7000-8000-000000000007";
/// Members by which an answer names what it made.
const NAMES: [&str; 3] = ["id", "refreshToken", "token"];
/// Members that are others each time.
const NEW: [&str; 14] = [
    "accessToken",
    "checked",
    "hash",
    "kid",
    "latencyMs",
    "nextCursor",
    "prevHash",
    "refreshToken",
    "sequence",
    "sourcesequence",
    "to",
    "token",
    "version",
    "x",
];
/// The card that is charged a cent too much.
const TOO_MUCH: &str = "4000000000000242";
/// Keys that can be rotated, and shown; a server that a service may run on.
const SETTINGS: [(&str, &str); 3] =
    [("jwt_algorithm", "EdDSA"), ("jwt_secret", ""), ("upstream_1", "http://10.0.0.7:8080")];

/// An operation with an example.
struct Example {
    method: Method,
    path: String,
    /// Media type and body.
    request: Option<(String, Value)>,
    /// The first status that an answer is shown of, or that is described.
    status: u16,
    answer: Option<Value>,
}

/// All examples, by `operationId`.
fn examples() -> BTreeMap<String, Example> {
    let all = operations().iter().filter_map(|known| {
        let described = &document()["paths"][&known.path][known.method.as_str().to_lowercase()];
        let id = described["operationId"].as_str().unwrap().to_owned();
        let request = shown(&described["requestBody"]);
        let answers = described["responses"].as_object().unwrap();
        let (status, answer) =
            answers.iter().find(|(_, answer)| shown(answer).is_some()).or(answers.iter().next())?;
        let (status, answer) = (status.parse().unwrap(), shown(answer).map(|(_, answer)| answer));
        let is_example = described["deprecated"].is_null() && (request.is_some() || answer.is_some());
        let (method, path) = (known.method.clone(), known.path.clone());
        is_example.then_some((id, Example { method, path, request, status, answer }))
    });
    all.collect()
}

/// The example of a request's body or an answer, with its media type.
fn shown(part: &Value) -> Option<(String, Value)> {
    let (kind, content) =
        part["content"].as_object()?.iter().find(|(_, content)| !content["example"].is_null())?;
    Some((kind.clone(), content["example"].clone()))
}

/// The examples that are still to be sent, and what they name.
struct Story {
    left: BTreeMap<String, Example>,
    real: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Story {
    /// From now on an example's `name` stands for `real`.
    fn name(&mut self, name: &str, real: &str) {
        self.real.insert(name.to_owned(), real.to_owned());
    }

    /// The text with what the examples call things exchanged for what they are called here.
    fn real(&self, text: &str) -> String {
        self.real.iter().fold(text.to_owned(), |text, (name, real)| text.replace(name, real))
    }

    /// The other way round.
    fn named(&self, text: &str) -> String {
        self.real.iter().fold(text.to_owned(), |text, (name, real)| text.replace(real, name))
    }

    /// Send the example of the operation `id`, of a path whose parameter is `of`. The answer is as the example's.
    async fn send(&mut self, who: &Actor<'_>, id: &str, of: &str) -> Value {
        let example = self.left.remove(id).unwrap_or_else(|| panic!("{id} has an example, and is sent once"));
        let path = example.path.split('/').map(|part| if part.starts_with('{') { of } else { part });
        let path = self.real(&path.collect::<Vec<_>>().join("/"));
        let mut headers = vec![("user-agent", "curl/8".to_owned())];
        let body = example.request.map(|(kind, body)| {
            headers.push(("content-type", kind));
            self.real(&body.to_string()).into_bytes()
        });
        let answer = who.raw(example.method, &path, headers, body).await.assert_status(example.status);
        self.judge(id, example.answer, &answer)
    }

    async fn send_all(&mut self, who: &Actor<'_>, all: &[(&str, &str)]) {
        for (id, of) in all {
            self.send(who, id, of).await;
        }
    }

    fn judge(&mut self, id: &str, example: Option<Value>, answer: &Response) -> Value {
        let Some(example) = example else { return Value::Null };
        let answer = answer.json();
        for member in NAMES {
            if let (Some(name), Some(real)) = (example[member].as_str(), answer[member].as_str()) {
                self.name(name, real);
            }
        }
        let named = serde_json::from_str(&self.named(&answer.to_string())).unwrap();
        self.faults.extend(unlike(&example, &named).map(|fault| format!("{id}{fault}\n{named}")));
        answer
    }
}

/// Where an answer is not as its example: but for ids, times and what is [`NEW`], and what a list has besides.
fn unlike(example: &Value, answer: &Value) -> Option<String> {
    match (example, answer) {
        (Value::Object(example), Value::Object(answer)) => {
            let (shown, told): (BTreeSet<_>, BTreeSet<_>) =
                (example.keys().collect(), answer.keys().collect());
            let others: Vec<_> = shown.symmetric_difference(&told).collect();
            if !others.is_empty() {
                return Some(format!(": either only has {others:?}"));
            }
            let mut known = example.iter().filter(|(name, _)| !NEW.contains(&name.as_str()));
            known
                .find_map(|(name, value)| unlike(value, &answer[name]).map(|fault| format!(".{name}{fault}")))
        }
        (Value::Array(example), Value::Array(answer)) => example.iter().find_map(|item| {
            let faults: Vec<_> = answer.iter().map(|other| unlike(item, other)).collect();
            let is_there = faults.iter().any(Option::is_none);
            (!is_there).then(|| format!("[]{}", faults.into_iter().flatten().next().unwrap_or_default()))
        }),
        (Value::String(example), Value::String(answer)) if are_new(example, answer) => None,
        _ => (example != answer).then(|| format!(": {answer}, not {example}")),
    }
}

/// Whether both are ids, or both times.
fn are_new(example: &str, answer: &str) -> bool {
    let is_id = |text: &str| Uuid::parse_str(text).is_ok();
    let is_time = |text: &str| text.len() == 24 && text.ends_with('Z');
    (is_id(example) && is_id(answer)) || (is_time(example) && is_time(answer))
}

/// A dispute of the payment, and an event that the audit log refused: others' doing, which nobody here can ask for.
fn dispute_and_park(app: &TestApp, payment: &str) {
    let database = crate::forgery::database(app);
    database.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let at = "2026-11-21T05:07:08.090Z";
    let parked =
        json!({ "target": "audit", "sequence": 7, "eventId": AUDIT_EVENT, "eventType": "x", "reason": "x" });
    let sql = format!(
        "INSERT INTO payments_disputes \
           VALUES ('dp_1', '{payment}', 5998, 'USD', 'fraudulent', 'needs_response', 'sandbox', 1, 1, '{at}', '{at}'); \
         INSERT INTO orders_events (id, stream, version, type, data, actor, time) \
           VALUES ('{}', 'delivery:audit:7', 1, 'delivery.parked', '{parked}', 'service:orders', '{at}')",
        Uuid::now_v7()
    );
    database.execute_batch(&sql).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_can_be_sent_and_is_answered_as_it_says() {
    let Some(app) = TestApp::with_variables(&SETTINGS).await else { return };
    let mut story = Story { left: examples(), real: BTreeMap::new(), faults: Vec::new() };
    let (nobody, admin) = (app.stranger(), app.admin().await);
    let open = [("getIndex", ""), ("getHealth", ""), ("getServiceHealth", "orders"), ("getKeySet", "")];
    story.send_all(&nobody, &open).await;
    let buyer = signs_up(&app, &mut story).await;
    story.send(&admin, "createUser", "").await;
    let seller = app.log_in("seller@example.com").await;
    sells(&app, &mut story, &seller).await;
    orders_and_pays(&mut story, &buyer).await;
    is_audited(&app, &mut story, &admin).await;
    story.send_all(&seller, &[("shipOrder", ORDER), ("refundPayment", PAYMENT)]).await;
    story.send(&buyer, "listPaymentHistory", "").await;
    story.send(&admin, "registerInstance", "").await;
    story.send(&nobody, "listInstances", "").await;
    goes_wrong(&app, &mut story, &admin).await;
    let roles = [("createRole", ""), ("listRoles", ""), ("getRole", "SUPPORT"), ("changeRole", "SUPPORT")];
    story.send_all(&admin, &roles).await;
    comes_to_an_end(&app, &mut story, &admin).await;
    assert!(story.left.is_empty(), "not sent: {:?}", story.left.keys());
    assert!(story.faults.is_empty(), "\n{}", story.faults.join("\n"));
}

async fn signs_up<'a>(app: &'a TestApp, story: &mut Story) -> Actor<'a> {
    let nobody = app.stranger();
    story.send(&nobody, "signup", "").await;
    let tokens = story.send(&nobody, "login", "").await;
    story.send(&nobody, "refreshTokens", "").await;
    let buyer = nobody.with_token(tokens["accessToken"].as_str().unwrap());
    story.send_all(&buyer, &[("getMe", ""), ("listSessions", ""), ("checkPermission", "")]).await;
    story.send_all(&buyer, &[("getUserInfo", BUYER), ("updateUser", BUYER), ("getUser", BUYER)]).await;
    buyer
}

async fn sells(app: &TestApp, story: &mut Story, seller: &Actor<'_>) {
    story.send(seller, "createProduct", "").await;
    let open = [("listProducts", ""), ("listProductsOfCategory", "tea"), ("getProduct", PRODUCT)];
    story.send_all(&app.stranger(), &open).await;
    let own = [("changeProduct", PRODUCT), ("adjustStock", PRODUCT), ("listStockChanges", PRODUCT)];
    story.send_all(seller, &own).await;
}

async fn orders_and_pays(story: &mut Story, buyer: &Actor<'_>) {
    let orders = [("placeOrder", ""), ("listOrders", ""), ("getOrder", ORDER), ("cancelOrder", ORDER)];
    story.send_all(buyer, &orders).await;
    let product = story.real(PRODUCT);
    let other = buyer.orders(&product, 2).await.text("id");
    story.send(buyer, "changeOrder", &other).await;
    story.name(ORDER, &buyer.orders(&product, 2).await.text("id"));
    let paid = [("payOrder", ""), ("getPayment", PAYMENT), ("listPayments", ""), ("listOrderEvents", ORDER)];
    story.send_all(buyer, &paid).await;
}

async fn is_audited(app: &TestApp, story: &mut Story, admin: &Actor<'_>) {
    app.settled().await;
    let log = story.send(admin, "listAuditEvents", "").await;
    let paid = log["items"].as_array().unwrap().iter().find(|event| event["type"] == "jangteo.order.paid.v1");
    story.name(AUDIT_EVENT, paid.unwrap()["id"].as_str().unwrap());
    story.send_all(admin, &[("getAuditEvent", AUDIT_EVENT), ("recordAuditEvents", "")]).await;
    admin.post("/api/v1/audit/checkpoints", json!({})).await.assert_status(201);
    story.send(admin, "verifyAuditLog", "").await;
}

async fn goes_wrong(app: &TestApp, story: &mut Story, admin: &Actor<'_>) {
    let bob = app.buyer("bob").await;
    let order = bob.orders(&story.real(PRODUCT), 1).await.json();
    let conflict = bob.post("/api/payments", pay(&order, TOO_MUCH)).await.text("id");
    story.send(admin, "resolvePayment", &conflict).await;
    dispute_and_park(app, &story.real(PAYMENT));
    story.send_all(admin, &[("listDisputes", PAYMENT), ("redriveParkedEvent", "")]).await;
}

/// What ends a session or an account does so to others than those above.
async fn comes_to_an_end(app: &TestApp, story: &mut Story, admin: &Actor<'_>) {
    let (nobody, carol) = (app.stranger(), app.buyer("carol").await);
    story.send(admin, "assignRoles", &carol.id).await;
    story.send_all(&carol, &[("changeEmail", &carol.id), ("changePassword", "")]).await;
    story.send(&nobody, "forgotPassword", "").await;
    story.send(admin, "issuePasswordReset", &carol.id).await;
    story.send(&nobody, "resetPassword", "").await;
    story.send(admin, "setUserStatus", &carol.id).await;
    let dave = app.buyer("dave").await;
    story.send(&dave, "eraseUser", &dave.id).await;
    story.send(&nobody, "logout", "").await;
    story.send(admin, "rotateKeys", "").await;
}
