//! A server that answers as Stripe's API does, as far as `provider-stripe` asks: for what localstripe cannot do, such
//! as refusing, counting in Stripe's units and refunds that somebody makes in the dashboard.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Asked, Peer, Response, Said, TestApp};

/// What the shops of these tests sign webhooks with.
pub const STRIPE_SECRET: &str = "whsec_of_the_tests";

/// Stripe's books.
#[derive(Default)]
pub struct StripeBooks {
    /// While set, every POST is answered with it, and nothing is booked.
    pub refuses: Option<(u16, Value)>,
    /// PaymentIntents, oldest first.
    pub intents: Vec<Value>,
    /// Refunds, oldest first.
    pub refunds: Vec<Value>,
}

/// A running server.
pub struct FakeStripe {
    /// It, and what it was asked.
    pub peer: Peer,
    books: Arc<Mutex<StripeBooks>>,
}

impl FakeStripe {
    /// Start one with empty books.
    pub async fn start() -> Self {
        let books = Arc::new(Mutex::new(StripeBooks::default()));
        let own = books.clone();
        let peer = Peer::start(move |asked| answer(&mut own.lock().expect("books"), asked)).await;
        Self { peer, books }
    }

    /// The books.
    pub fn books(&self) -> MutexGuard<'_, StripeBooks> {
        self.books.lock().expect("books")
    }

    /// A shop that takes payments by it; `None` when the tests run against `JANGTEO_URL`.
    pub async fn shop(&self) -> Option<TestApp> {
        TestApp::with_variables(&[
            ("payment_providers", "stripe"),
            ("stripe_url", &self.peer.url),
            ("stripe_secret_key", "sk_test_12345"),
            ("stripe_webhook_secret", STRIPE_SECRET),
        ])
        .await
    }

    /// Give `amount` of the intent of `payment` back, as somebody does in the dashboard; the Refund.
    pub fn dashboard_refund(&self, payment: &str, amount: i64) -> Value {
        let mut books = self.books();
        let intent = books.intents.iter().find(|one| one["metadata"]["payment_id"] == *payment);
        let intent = intent.expect("the payment's intent").clone();
        refund(&mut books, &intent, amount, json!({}))
    }

    /// Have the shop hear of `object` by a signed webhook.
    pub async fn tells(&self, app: &TestApp, id: &str, kind: &str, object: Value) -> Response {
        let body = json!({ "id": id, "object": "event", "type": kind, "data": { "object": object } });
        signed(app, &body).await
    }
}

/// Post `body` to `app` as Stripe does, now and with the right secret.
pub async fn signed(app: &TestApp, body: &Value) -> Response {
    stripe_webhook(app, STRIPE_SECRET, seconds_now(), body).await
}

/// The time by which webhooks are signed, in seconds since the epoch.
pub fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs()
}

/// Post `body` to `app` as Stripe does, signed with `secret` at `time`.
pub async fn stripe_webhook(app: &TestApp, secret: &str, time: u64, body: &Value) -> Response {
    let body = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{time}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("stripe-signature", format!("t={time},v1={hex}")),
    ];
    app.stranger().raw(Method::POST, "/api/payments/webhooks/stripe", headers, Some(body.into_bytes())).await
}

fn answer(books: &mut StripeBooks, asked: &Asked) -> Said {
    let (method, path) = asked.line.split_once(' ').expect("a request line");
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let form: HashMap<String, String> = form_urlencoded::parse(asked.body.as_bytes())
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    if let (Some((status, body)), "POST") = (&books.refuses, method) {
        return Said::Answer(*status, body.to_string());
    }
    let parts: Vec<_> = path.trim_start_matches("/v1/").split('/').collect();
    match (method, parts.as_slice()) {
        ("POST", ["payment_methods"]) => said(&json!({ "id": "pm_1", "object": "payment_method" })),
        ("POST", ["payment_intents"]) => said(&charge(books, &form)),
        ("GET", ["payment_intents"]) => list(books.intents.iter().rev()),
        ("GET", ["payment_intents", id]) => match books.intents.iter().find(|one| one["id"] == *id) {
            Some(intent) => said(intent),
            None => Said::Answer(404, json!({ "error": { "code": "resource_missing" } }).to_string()),
        },
        ("GET", ["refunds"]) => {
            let of = |one: &&Value| query.contains(one["payment_intent"].as_str().expect("an id"));
            list(books.refunds.iter().rev().filter(of))
        }
        ("POST", ["refunds"]) => ask_refund(books, &form),
        _ => Said::Answer(404, json!({ "error": { "code": "unknown_route" } }).to_string()),
    }
}

fn charge(books: &mut StripeBooks, form: &HashMap<String, String>) -> Value {
    let amount: i64 = form["amount"].parse().expect("a whole number");
    let intent = json!({
        "id": format!("pi_{}", books.intents.len() + 1),
        "object": "payment_intent",
        "status": "succeeded",
        "amount": amount,
        "amount_received": amount,
        "currency": form["currency"],
        "created": 4_000_000_000u32,
        "metadata": { "payment_id": form["metadata[payment_id]"], "order_id": form["metadata[order_id]"] },
    });
    books.intents.push(intent.clone());
    intent
}

fn ask_refund(books: &mut StripeBooks, form: &HashMap<String, String>) -> Said {
    let intent =
        books.intents.iter().find(|one| one["id"] == form["payment_intent"]).expect("an intent").clone();
    let amount: i64 = form["amount"].parse().expect("a whole number");
    let of = |one: &&Value| one["payment_intent"] == intent["id"];
    let given: i64 = books.refunds.iter().filter(of).filter_map(|one| one["amount"].as_i64()).sum();
    if given + amount > intent["amount"].as_i64().expect("an amount") {
        let error = json!({ "type": "invalid_request_error", "code": "charge_already_refunded" });
        return Said::Answer(400, json!({ "error": error }).to_string());
    }
    let metadata =
        json!({ "refund_id": form["metadata[refund_id]"], "payment_id": form["metadata[payment_id]"] });
    said(&refund(books, &intent, amount, metadata))
}

fn refund(books: &mut StripeBooks, intent: &Value, amount: i64, metadata: Value) -> Value {
    let refund = json!({
        "id": format!("re_{}", books.refunds.len() + 1),
        "object": "refund",
        "status": "succeeded",
        "amount": amount,
        "currency": intent["currency"],
        "payment_intent": intent["id"],
        "metadata": metadata,
    });
    books.refunds.push(refund.clone());
    refund
}

fn list<'a>(objects: impl Iterator<Item = &'a Value>) -> Said {
    let data: Vec<_> = objects.collect();
    said(&json!({ "object": "list", "data": data, "has_more": false }))
}

fn said(body: &Value) -> Said {
    Said::Answer(200, body.to_string())
}
