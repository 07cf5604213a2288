//! An independent reader, the CloudEvents SDK for Python, understands every event, its schema and its hash.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::{APPROVED_CARD, TestApp, pay, python, root};

async fn things_happen(app: &TestApp) {
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 10).await;
    let paid = alice.orders(&product, 2).await.assert_status(201).json();
    alice.post("/api/payments", pay(&paid, APPROVED_CARD)).await.assert_status(201);
    let cancelled = alice.orders(&product, 1).await.assert_status(201).text("id");
    alice.delete(&format!("/api/orders/{cancelled}")).await.assert_status(200);
    let wrong = json!({ "email": alice.email, "password": "wrong password" });
    app.stranger().post("/api/auth/login", wrong).await.assert_status(401);
    alice.get("/api/v1/audit/events").await.assert_status(403);
    let admin = app.admin().await;
    let role = json!({ "name": "SUPPORT", "permissions": ["orders:read"] });
    admin.post("/api/auth/roles", role).await.assert_status(201);
    alice.delete("/api/auth/sessions").await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_reader_understands_every_event() {
    let Some(app) = TestApp::own().await else { return };
    things_happen(&app).await;
    let admin = app.admin().await;
    app.eventually("all events are in the audit log", || async {
        app.lags(&admin).await?.iter().all(|lag| lag["pending"] == 0).then_some(())
    })
    .await;
    let export = admin.get("/api/v1/audit/export").await.assert_status(200).body;
    let mut schemas = BTreeMap::new();
    for line in String::from_utf8_lossy(&export).lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let Some(kind) = entry["event"]["type"].as_str().filter(|kind| !schemas.contains_key(*kind)) else {
            continue;
        };
        let schema = app.stranger().get(&format!("/schemas/{kind}.json")).await.assert_status(200).json();
        schemas.insert(kind.to_owned(), schema);
    }
    assert!(schemas.len() >= 12, "{:?}", schemas.keys());
    let file = app.state_dir().unwrap().join("schemas.json");
    std::fs::write(&file, json!(schemas).to_string()).unwrap();
    let mut reader = Command::new(python())
        .arg(root().join("tests/python/cloudevents_reader.py"))
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(&export).unwrap();
    let said = reader.wait_with_output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}
