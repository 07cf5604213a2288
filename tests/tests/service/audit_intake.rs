//! The audit log takes CloudEvents from outside, in all of the binding's modes, each event once.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, Response, TestApp};
use uuid::Uuid;

const PATH: &str = "/api/v1/audit/events";
const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";

fn event(id: &str) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "https://shop.example.com", "type": "com.example.sold",
        "subject": id, "time": "2026-11-21T14:06:07.089+09:00", "data": { "price": 1.10 }, "myextension": "kept" })
}

async fn send(who: &Actor<'_>, kind: &str, body: &str) -> Response {
    let kind = vec![("content-type", kind.to_owned())];
    who.raw(Method::POST, PATH, kind, Some(body.as_bytes().to_vec())).await
}

fn id() -> String {
    Uuid::now_v7().to_string()
}

async fn found(admin: &Actor<'_>, id: &str) -> Value {
    admin.get(&format!("{PATH}/{id}")).await.assert_status(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_structured_event_is_kept_as_it_came() {
    let app = TestApp::start().await;
    let (admin, id) = (app.admin().await, id());
    let sent = send(&admin, STRUCTURED, &event(&id).to_string()).await.assert_status(202).json();
    assert_eq!(sent, json!({ "accepted": 1, "duplicates": 0 }));
    let found = found(&admin, &id).await;
    assert_eq!(found["myextension"], "kept");
    assert_eq!(found["data"].to_string(), "{\"price\":1.1}");
    assert_eq!(found["time"], "2026-11-21T14:06:07.089+09:00");
    let by_time =
        admin.get(&format!("{PATH}?subject={id}&from=2026-11-21T05:06:07Z&to=2026-11-21T05:06:08Z")).await;
    assert_eq!(by_time.json()["items"][0]["id"], json!(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_in_binary_mode_has_its_attributes_in_headers() {
    let app = TestApp::start().await;
    let (admin, id) = (app.admin().await, id());
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", id.as_str()),
        ("ce-source", "/outside"),
        ("ce-type", "com.example.sold"),
        ("ce-subject", "Euro%20%E2%82%AC"),
        ("content-type", "text/plain"),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
    let body = Some(b"three cups".to_vec());
    admin.raw(Method::POST, PATH, headers, body).await.assert_status(202);
    let found = found(&admin, &id).await;
    assert_eq!((&found["subject"], &found["data"]), (&json!("Euro €"), &json!("three cups")));
    assert_eq!(found["datacontenttype"], "text/plain");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_twice_is_there_once() {
    let app = TestApp::start().await;
    let (admin, one, two) = (app.admin().await, id(), id());
    let batch = json!([event(&one), event(&two), event(&one)]).to_string();
    let sent = send(&admin, BATCHED, &batch).await.assert_status(202).json();
    assert_eq!(sent, json!({ "accepted": 2, "duplicates": 1 }));
    let three = id();
    let again = json!([event(&two), event(&three)]).to_string();
    let sent = send(&admin, BATCHED, &again).await.assert_status(202).json();
    assert_eq!(sent, json!({ "accepted": 1, "duplicates": 1 }));
    let mut other = event(&one);
    other["source"] = json!("https://other.example.com");
    let sent = send(&admin, STRUCTURED, &other.to_string()).await.assert_status(202).json();
    assert_eq!(sent, json!({ "accepted": 1, "duplicates": 0 }), "the id is unique within its source only");
    let sent = send(&admin, BATCHED, "[]").await.assert_status(202).json();
    assert_eq!(sent, json!({ "accepted": 0, "duplicates": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_come_at_once_do_not_fork_the_chain() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let batch = || json!((0..20).map(|_| event(&id())).collect::<Vec<_>>()).to_string();
    let all =
        futures::future::join_all((0..24).map(|_| async { send(&admin, BATCHED, &batch()).await })).await;
    for answer in all {
        assert_eq!(answer.assert_status(202).json()["accepted"], 20);
    }
    let verified = admin.get("/api/v1/audit/verify").await.json();
    assert_eq!(verified["valid"], true, "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_cloud_event_is_refused_with_its_whole_batch() {
    let app = TestApp::start().await;
    let (admin, good) = (app.admin().await, id());
    for kind in ["application/json", "application/cloudevents+avro", "text/plain", ""] {
        send(&admin, kind, "{}").await.assert_problem(415, "unsupported_media_type");
    }
    for (kind, body) in [(STRUCTURED, "{"), (STRUCTURED, "[]"), (BATCHED, "{}"), (STRUCTURED, "{}")] {
        send(&admin, kind, body).await.assert_problem(400, "malformed_request");
    }
    let mut bad = event(&id());
    bad["specversion"] = json!("0.3");
    let refused = send(&admin, BATCHED, &json!([event(&good), bad]).to_string()).await;
    let refused = refused.assert_problem(400, "malformed_request").json();
    assert_eq!((&refused["index"], &refused["attribute"]), (&json!(1), &json!("specversion")));
    admin.get(&format!("{PATH}/{good}")).await.assert_problem(404, "not_found");
    let large = json!([event(&"x".repeat(1024 * 1024))]).to_string();
    send(&admin, BATCHED, &large).await.assert_problem(413, "payload_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_catches_up_from_where_it_was() {
    let app = TestApp::start().await;
    let (admin, ids) = (app.admin().await, [id(), id(), id()]);
    let batch = json!(ids.iter().map(|id| event(id)).collect::<Vec<_>>()).to_string();
    send(&admin, BATCHED, &batch).await.assert_status(202);
    let first = found(&admin, &ids[0]).await["sequence"].as_i64().unwrap();
    let path = format!("/api/v1/events?after={first}&source=https://shop.example.com&limit=1");
    let page = admin.get(&path).await.assert_status(200).json();
    assert_eq!(page["items"][0]["id"], json!(ids[1]));
    assert!(page["nextCursor"].is_string());
    let next = format!(
        "/api/v1/events?cursor={}&source=https://shop.example.com&limit=1",
        page["nextCursor"].as_str().unwrap()
    );
    assert_eq!(admin.get(&next).await.json()["items"][0]["sequence"], json!(first + 2));
    admin.get("/api/v1/events?after=x").await.assert_problem(422, "validation_failed");
    app.buyer("alice").await.get("/api/v1/events").await.assert_problem(403, "forbidden");
}
