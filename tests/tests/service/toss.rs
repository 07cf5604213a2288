//! Payments by way of `provider-toss`, against a server that answers as Toss Payments' documentation says, and one
//! that has every fault a provider can have.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, Asked, Peer, Response, Said, TestApp, pay};

/// How the server takes the next charges.
#[derive(Clone, Copy, Default, PartialEq)]
enum Mode {
    #[default]
    Well,
    /// Declines with a code of Toss's.
    Declines(&'static str),
    /// Books it, and does not answer.
    SilentAfter,
    /// Does not book it, and does not answer.
    SilentBefore,
    /// Books it, and answers 500.
    Fails,
    /// Books it, and answers something else than JSON.
    Garbage,
    /// Books ten won more.
    TooMuch,
    /// Holds the money.
    Holds,
}

/// Toss's books: the Payment objects by `orderId`.
#[derive(Default)]
struct Books {
    mode: Mode,
    payments: Vec<Value>,
}

struct Toss {
    peer: Peer,
    books: Arc<Mutex<Books>>,
}

impl Toss {
    async fn start() -> Self {
        let books = Arc::new(Mutex::new(Books::default()));
        let own = books.clone();
        let peer = Peer::start(move |asked| answer(&mut own.lock().unwrap(), asked)).await;
        Self { peer, books }
    }

    fn set(&self, mode: Mode) {
        self.books.lock().unwrap().mode = mode;
    }

    /// What was taken and not given back, in won.
    fn balance(&self) -> i64 {
        let books = self.books.lock().unwrap();
        books
            .payments
            .iter()
            .filter(|p| p["status"] != "IN_PROGRESS")
            .filter_map(|p| p["balanceAmount"].as_i64())
            .sum()
    }
}

fn answer(books: &mut Books, asked: &Asked) -> Said {
    // `test_sk_toss:` in base64.
    if !asked.headers.contains(&"authorization: Basic dGVzdF9za190b3NzOg==".to_owned()) {
        return error(401, "UNAUTHORIZED_KEY");
    }
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let parts: Vec<_> = asked.line.split('/').collect();
    match (asked.line.split(' ').next(), parts.as_slice()) {
        (Some("POST"), [.., "key-in"]) => charge(books, &body),
        (Some("POST"), [.., "confirm"]) => {
            let id = body["orderId"].clone();
            on(books, |p| p["orderId"] == id, |p| p["status"] = json!("DONE"))
        }
        (Some("GET"), [.., "orders", id]) => on(books, |p| p["orderId"] == *id, |_| {}),
        (Some("GET"), [.., key]) => on(books, |p| p["paymentKey"] == *key, |_| {}),
        (Some("POST"), [.., key, "cancel"]) => on(books, |p| p["paymentKey"] == *key, |p| cancel(p, &body)),
        _ => error(404, "NOT_FOUND"),
    }
}

fn charge(books: &mut Books, body: &Value) -> Said {
    let mode = books.mode;
    if let Mode::Declines(code) = mode {
        return error(403, code);
    }
    if mode == Mode::SilentBefore {
        return Said::Nothing(Duration::from_secs(20));
    }
    let amount = body["amount"].as_i64().unwrap() + if mode == Mode::TooMuch { 10 } else { 0 };
    let payment = json!({
        "paymentKey": format!("tk_{}", body["orderId"].as_str().unwrap()),
        "orderId": body["orderId"],
        "status": if mode == Mode::Holds { "IN_PROGRESS" } else { "DONE" },
        "totalAmount": amount,
        "balanceAmount": amount,
        "currency": "KRW",
        "cancels": null,
    });
    books.payments.push(payment.clone());
    match mode {
        Mode::SilentAfter => Said::Nothing(Duration::from_secs(20)),
        Mode::Fails => error(500, "FAILED_INTERNAL_SYSTEM_PROCESSING"),
        Mode::Garbage => Said::Answer(200, "<html>maintenance</html>".to_owned()),
        _ => Said::Answer(200, payment.to_string()),
    }
}

fn cancel(payment: &mut Value, body: &Value) {
    let balance = payment["balanceAmount"].as_i64().unwrap();
    let amount = body["cancelAmount"].as_i64().unwrap_or(balance);
    let number = payment["cancels"].as_array().map_or(0, Vec::len);
    let cancel = json!({
        "cancelReason": body["cancelReason"],
        "cancelAmount": amount,
        "transactionKey": format!("tx_{number}"),
    });
    match payment["cancels"].as_array_mut() {
        Some(cancels) => cancels.push(cancel),
        None => payment["cancels"] = json!([cancel]),
    }
    payment["balanceAmount"] = json!(balance - amount);
    payment["status"] = json!(if balance == amount { "CANCELED" } else { "PARTIAL_CANCELED" });
}

fn on(books: &mut Books, which: impl Fn(&Value) -> bool, change: impl Fn(&mut Value)) -> Said {
    match books.payments.iter_mut().find(|payment| which(payment)) {
        Some(payment) => {
            change(payment);
            Said::Answer(200, payment.to_string())
        }
        None => error(404, "NOT_FOUND_PAYMENT"),
    }
}

fn error(status: u16, code: &str) -> Said {
    Said::Answer(status, json!({ "code": code, "message": "…" }).to_string())
}

async fn shop(toss: &Toss) -> Option<TestApp> {
    TestApp::with_variables(&[
        ("payment_providers", "toss"),
        ("toss_url", &toss.peer.url),
        ("toss_secret_key", "test_sk_toss"),
    ])
    .await
}

/// Alice pays 30,000 won for something of Kim's.
async fn pays(kim: &Actor<'_>, alice: &Actor<'_>) -> Response {
    let body = json!({ "name": "Tea", "category": "tea", "price": 30000, "currency": "KRW", "stock": 1 });
    let product = kim.post("/api/products", body).await.assert_status(201).text("id");
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await
}

/// The status that a payment comes to.
async fn comes_to(app: &TestApp, alice: &Actor<'_>, id: &str, expected: &str) {
    let path = format!("/api/payments/{id}");
    app.eventually(&format!("{id} is {expected}"), || async {
        let status = alice.get(&path).await.assert_status(200).text("status");
        (status == expected).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn toss_takes_a_payment_and_gives_it_back() {
    let toss = Toss::start().await;
    let Some(app) = shop(&toss).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let payment = pays(&kim, &alice).await.assert_status(201).json();
    let id = payment["id"].as_str().unwrap();
    let asked = toss.peer.asked();
    let charge: Value = serde_json::from_str(&asked[0].body).unwrap();
    assert_eq!(asked[0].line, "POST /v1/payments/key-in");
    assert!(asked[0].headers.contains(&format!("idempotency-key: {id}")));
    let expected = json!({
        "amount": 30000, "orderId": id, "orderName": format!("Order {}", payment["orderId"].as_str().unwrap()),
        "cardNumber": APPROVED_CARD, "cardExpirationYear": "49", "cardExpirationMonth": "12",
    });
    assert_eq!(charge, expected);
    let path = format!("/api/payments/{id}/refunds");
    kim.post(&path, json!({ "amount": 10000, "reason": "x" })).await.assert_status(201);
    assert_eq!(toss.balance(), 20000);
    kim.post(&path, json!({ "reason": "x" })).await.assert_status(201);
    assert_eq!(toss.balance(), 0);
    comes_to(&app, &alice, id, "REFUNDED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn toss_declines_and_money_that_is_held_is_taken() {
    let toss = Toss::start().await;
    let Some(app) = shop(&toss).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    toss.set(Mode::Declines("REJECT_CARD_PAYMENT"));
    let refused = pays(&kim, &alice).await.assert_problem(402, "card_declined").json();
    assert_eq!(
        (&refused["declineCode"], &refused["retryable"]),
        (&json!("insufficient_funds"), &json!(true))
    );
    toss.set(Mode::Holds);
    let payment = pays(&kim, &alice).await.assert_status(201).json();
    assert_eq!((payment["status"].as_str(), toss.balance()), (Some("CAPTURED"), 30000));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_toss_answers_the_books_agree_in_the_end() {
    let toss = Toss::start().await;
    let Some(app) = shop(&toss).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let mut expected = Vec::new();
    for (mode, status) in [
        (Mode::SilentAfter, "CAPTURED"),
        (Mode::SilentBefore, "FAILED"),
        (Mode::Fails, "CAPTURED"),
        (Mode::Garbage, "CAPTURED"),
        (Mode::TooMuch, "CONFLICT"),
    ] {
        toss.set(mode);
        let answer = pays(&kim, &alice).await.assert_status(202).json();
        expected.push((answer["id"].as_str().unwrap().to_owned(), status));
    }
    toss.set(Mode::Well);
    for (id, status) in &expected {
        comes_to(&app, &alice, id, status).await;
    }
    assert_eq!(toss.balance(), 3 * 30000 + 30010);
    let history = alice.get("/api/payments/history?status=CAPTURED").await.json();
    assert_eq!(history["totals"][0]["net"], 90000);
    // The one that was given up was booked after all: a webhook tells, and the money pays the order.
    let (late, _) = &expected[1];
    let order = alice.get(&format!("/api/payments/{late}")).await.text("orderId");
    let booked = json!({ "paymentKey": "tk_late", "orderId": late, "status": "DONE", "totalAmount": 30000,
        "balanceAmount": 30000, "currency": "KRW", "cancels": null });
    toss.books.lock().unwrap().payments.push(booked);
    let notice = json!({ "eventType": "PAYMENT_STATUS_CHANGED", "data": { "orderId": late } });
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("tosspayments-webhook-transmission-id", "t1".to_owned()),
    ];
    let path = "/api/payments/webhooks/toss";
    let body = Some(notice.to_string().into_bytes());
    app.stranger().raw(reqwest::Method::POST, path, headers, body).await.assert_status(204);
    comes_to(&app, &alice, late, "CAPTURED").await;
    assert_eq!(alice.get(&format!("/api/orders/{order}")).await.text("status"), "PAID");
}
