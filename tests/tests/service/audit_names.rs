//! Nobody writes into the audit log in another's name, and who wrote is recorded.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, Response, TestApp};
use uuid::Uuid;

const PATH: &str = "/api/v1/audit/events";

fn event() -> Value {
    json!({ "specversion": "1.0", "id": Uuid::now_v7().to_string(), "source": "https://shop.example.com",
        "type": "com.example.sold", "data": { "price": 1.5 } })
}

fn with(name: &str, value: Value) -> Value {
    let mut event = event();
    event[name] = value;
    event
}

async fn send(who: &Actor<'_>, body: &str) -> Response {
    let kind = vec![("content-type", "application/cloudevents+json".to_owned())];
    who.raw(Method::POST, PATH, kind, Some(body.as_bytes().to_vec())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_in_anothers_name() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin().await, app.buyer("bob").await);
    let forged = [
        ("source", json!("/jangteo/orders")),
        ("source", json!("/./jangteo/orders")),
        ("source", json!("//JANGTEO/orders")),
        ("source", json!("/x/%2e%2e/%6Aangteo/orders")),
        ("source", json!("https://shop.example.com/jangteo/orders")),
        ("source", json!("urn:jangteo:orders")),
        ("type", json!("jangteo.payment.refunded.v1")),
        ("type", json!("Jangteo.payment.refunded.v1")),
        ("type", json!("jang\u{200b}teo.payment.refunded.v1")),
        ("actor", json!(bob.id)),
        ("actor", json!(bob.id.to_uppercase())),
        ("actor", json!(bob.id.replace('-', ""))),
        ("actor", json!("service:payments")),
        ("actor", json!("Service:payments")),
        ("submittedby", json!(bob.id)),
    ];
    for (name, value) in forged {
        let refused = send(&admin, &with(name, value.clone()).to_string()).await;
        let refused = refused.assert_problem(403, "forbidden").json();
        assert_eq!(refused["attribute"], name, "{value}");
    }
    for (name, value) in [("actor", json!(admin.id)), ("actor", json!("clerk-7")), ("subject", json!(bob.id))]
    {
        let event = with(name, value);
        send(&admin, &event.to_string()).await.assert_status(202);
        let path = format!("{PATH}/{}", event["id"].as_str().unwrap());
        assert_eq!(admin.get(&path).await.assert_status(200).json()["submittedby"], json!(admin.id));
    }
    assert_eq!(admin.get("/api/v1/audit/verify").await.json()["valid"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_writes_in_its_own_name_only() {
    let Some(app) = TestApp::with_internal_routes(&[]).await else { return };
    let (admin, orders) = (app.admin().await, app.service("orders").await);
    let own = with("source", json!("/jangteo/orders"));
    orders.post("/internal/audit/events", json!([own])).await.assert_status(202);
    for source in ["/jangteo/payments", "/jangteo/./orders", "https://shop.example.com"] {
        let other = with("source", json!(source));
        let refused = orders.post("/internal/audit/events", json!([other])).await;
        assert_eq!(refused.assert_problem(403, "forbidden").json()["attribute"], "source");
    }
    let own = with("source", json!("/jangteo/orders"));
    send(&orders, &own.to_string()).await.assert_status(202);
    let found = admin.get(&format!("{PATH}/{}", own["id"].as_str().unwrap())).await.json();
    assert_eq!(found["submittedby"], "service:orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_readers_may_read_differently_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let text = event().to_string();
    let twice = |member: &str| format!("{}{member}}}", text.strip_suffix('}').unwrap());
    for body in [twice(r#","id":"x""#), twice(r#","\u0069d":"x""#), twice(r#","x":1,"x":1"#)] {
        send(&admin, &body).await.assert_problem(400, "malformed_request");
    }
    let nested = text.replace("1.5", r#"1.5,"a":[{"b":1,"b":2}]"#);
    send(&admin, &nested).await.assert_problem(400, "malformed_request");
    let values = [
        ("extension", json!({})),
        ("extension", json!([])),
        ("extension", json!(1.5)),
        ("extension", json!(4_294_967_296_i64)),
        ("Extension", json!("x")),
        ("my-extension", json!("x")),
        ("source", json!("/a b")),
        ("dataschema", json!("relative")),
    ];
    for (name, value) in values {
        let refused = send(&admin, &with(name, value).to_string()).await;
        assert_eq!(refused.assert_problem(400, "malformed_request").json()["attribute"], name);
    }
    for data in ["***", "aGk", "a-_=", "aGk=\n"] {
        let mut event = event();
        event.as_object_mut().unwrap().remove("data");
        event["data_base64"] = json!(data);
        let refused = send(&admin, &event.to_string()).await;
        assert_eq!(refused.assert_problem(400, "malformed_request").json()["attribute"], "data_base64");
    }
    for value in [json!("text"), json!(true), json!(7), json!(-7), Value::Null] {
        send(&admin, &with("extension", value).to_string()).await.assert_status(202);
    }
}
