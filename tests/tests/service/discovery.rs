//! The registry: who may register what where, who sees it, and what becomes of instances that fall silent.

use serde_json::{Value, json};
use tests::{Actor, Response, TestApp};

/// Servers that the deployment names; nothing listens there.
const UPSTREAMS: [(&str, &str); 2] =
    [("upstream_1", "http://10.0.0.7:8080"), ("upstream_8", "https://shop.example")];
const URL: &str = "http://10.0.0.7:8080";
const MISSING: &str = "019aa4c5-0001-7000-8000-000000000001";

async fn register(actor: &Actor<'_>, name: &str, url: &str) -> Response {
    actor.post("/discovery/register", json!({ "name": name, "url": url })).await
}

/// Let the instance be silent for so many seconds.
fn silence(app: &TestApp, id: &str, seconds: i64) {
    let db = crate::forgery::database(app);
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let sql = "UPDATE gateway_heartbeats SET seen_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?2) \
               WHERE instance_id = ?1";
    assert_eq!(db.execute(sql, (id, format!("-{seconds} seconds"))).unwrap(), 1);
}

async fn status(actor: &Actor<'_>, id: &str) -> String {
    actor.get(&format!("/discovery/services/{id}")).await.assert_status(200).text("status")
}

async fn names(actor: &Actor<'_>) -> Vec<Value> {
    let list = actor.get("/discovery/services").await.assert_status(200).json();
    list["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
}

/// The kinds of events that the audit log has of an instance, oldest first, once there are `count`.
async fn told(app: &TestApp, admin: &Actor<'_>, id: &str, count: usize) -> Vec<String> {
    let path = format!("/api/v1/audit/events?source=/jangteo/gateway&subject={id}");
    app.eventually("the audit log hears of it", || async {
        let log = admin.get(&path).await.assert_status(200).json();
        let items = log["items"].as_array().unwrap();
        let kinds = items.iter().rev().map(|item| item["type"].as_str().unwrap().to_owned());
        (items.len() >= count).then(|| kinds.collect())
    })
    .await
}

/// The service `name` as `GET /services` has it.
async fn service(actor: &Actor<'_>, name: &str) -> Value {
    let all = actor.get("/services").await.assert_status(200).json();
    all["items"].as_array().unwrap().iter().find(|item| item["name"] == name).cloned().unwrap_or_default()
}

/// The service, once it has this status: what instances of the gateway know may be a second old.
async fn is(app: &TestApp, name: &str, status: &str) -> Option<Value> {
    Some(service(&app.stranger(), name).await).filter(|service| service["status"] == status)
}

async fn is_gone(app: &TestApp, name: &str) {
    app.eventually("it is gone", async || service(&app.stranger(), name).await.is_null().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_sees_names_and_status_and_only_readers_where() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let (admin, alice, nobody) = (app.admin().await, app.buyer("alice").await, app.stranger());
    let body = json!({ "name": "inventory", "url": "HTTP://10.0.0.7:8080/base/", "tags": ["seoul", "blue", "seoul"],
        "weight": 10, "healthPath": "/health" });
    let made = admin.post("/discovery/register", body).await.assert_status(201);
    let (id, path) = (made.text("id"), format!("/discovery/services/{}", made.text("id")));
    assert_eq!(made.header("location"), Some(path.as_str()));
    let url = format!("{URL}/base");
    assert_eq!(
        made.json(),
        json!({ "id": id, "name": "inventory", "url": url, "status": "UP", "ttlSeconds": 30 })
    );
    let plain = json!({ "id": id, "name": "inventory", "status": "UP" });
    for actor in [&nobody, &alice] {
        assert_eq!(actor.get(&path).await.assert_status(200).json(), plain);
        let list = actor.get("/discovery/services").await.assert_status(200).json();
        assert_eq!(list, json!({ "items": [plain], "nextCursor": null }));
        let live = json!([{ "id": id, "weight": 10 }]);
        let wanted = json!({ "name": "inventory", "builtIn": false, "status": "UP", "instances": live });
        assert_eq!(service(actor, "inventory").await, wanted);
    }
    let whole = admin.get(&path).await.assert_status(200).json();
    assert_eq!((&whole["url"], &whole["tags"]), (&json!(url), &json!(["blue", "seoul"])));
    assert_eq!((&whole["weight"], &whole["healthPath"]), (&json!(10), &json!("/health")));
    assert_eq!(service(&admin, "inventory").await["instances"][0]["url"], json!(url));
    assert_eq!(service(&nobody, "orders").await["builtIn"], true);
    let forged = nobody.with_token("x.y.z");
    forged.get("/discovery/services").await.assert_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_name_and_url_again_renew_the_instance() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let admin = app.admin().await;
    let id = register(&admin, "inventory", URL).await.assert_status(201).text("id");
    assert_eq!(
        register(&admin, "inventory", "http://10.0.0.7:8080/").await.assert_status(200).text("id"),
        id
    );
    let heavier = json!({ "name": "inventory", "url": URL, "weight": 7 });
    assert_eq!(admin.post("/discovery/register", heavier).await.assert_status(200).text("id"), id);
    let live = json!([{ "id": id, "weight": 7, "url": URL }]);
    app.eventually("it has its weight", async || {
        (service(&admin, "inventory").await["instances"] == live).then_some(())
    })
    .await;
    let other = register(&admin, "inventory", "https://shop.example").await.assert_status(201).text("id");
    assert_ne!(other, id);
    // A renewal that changes nothing is a heartbeat, which is no event.
    let kinds = told(&app, &admin, &id, 2).await;
    assert_eq!(kinds, ["jangteo.instance.registered.v1", "jangteo.instance.renewed.v1"]);
    let both = futures::future::join_all((0..8).map(|_| register(&admin, "shipping", URL))).await;
    let created = both.iter().filter(|answer| answer.status == 201).count();
    assert!(created == 1 && both.iter().all(|answer| answer.text("id") == both[0].text("id")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_registers_once() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let admin = app.admin().await;
    let body = json!({ "name": "inventory", "url": URL });
    let made = admin.post_keyed("/discovery/register", "k1", body.clone()).await.assert_status(201);
    let again = admin.post_keyed("/discovery/register", "k1", body).await.assert_status(201);
    assert_eq!((again.json(), again.header("idempotent-replayed")), (made.json(), Some("true")));
    let other = json!({ "name": "shipping", "url": URL });
    admin.post_keyed("/discovery/register", "k1", other).await.assert_problem(422, "idempotency_mismatch");
    // A renewal has its own key, and its own answer.
    let body = json!({ "name": "inventory", "url": URL });
    for key in ["k2", "k2"] {
        admin.post_keyed("/discovery/register", key, body.clone()).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_falls_silent_is_down_then_gone_and_the_audit_log_hears_of_it() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let (admin, nobody) = (app.admin().await, app.stranger());
    let id = register(&admin, "inventory", URL).await.assert_status(201).text("id");
    let heartbeat = format!("/discovery/heartbeat/{id}");
    silence(&app, &id, 29);
    assert_eq!(status(&nobody, &id).await, "UP");
    silence(&app, &id, 31);
    assert_eq!(status(&nobody, &id).await, "DOWN");
    let down = app.eventually("it is not called", || is(&app, "inventory", "DOWN")).await;
    assert_eq!(down["instances"], json!([]));
    let heard = admin.post(&heartbeat, json!({})).await.assert_status(200).json();
    assert_eq!(heard, json!({ "id": id, "status": "UP", "ttlSeconds": 30 }));
    assert_eq!(status(&nobody, &id).await, "UP");
    app.eventually("it is called again", || is(&app, "inventory", "UP")).await;
    silence(&app, &id, 91);
    admin.post(&heartbeat, json!({})).await.assert_problem(404, "not_found");
    nobody.get(&format!("/discovery/services/{id}")).await.assert_problem(404, "not_found");
    is_gone(&app, "inventory").await;
    let kinds = told(&app, &admin, &id, 4).await;
    let kinds: Vec<_> = kinds.iter().map(|kind| kind.trim_start_matches("jangteo.instance.")).collect();
    assert_eq!(kinds, ["registered.v1", "down.v1", "up.v1", "expired.v1"]);
    assert_ne!(register(&admin, "inventory", URL).await.assert_status(201).text("id"), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_up_and_the_sweep_remove_who_is_silent() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let admin = app.admin().await;
    let first = register(&admin, "inventory", URL).await.assert_status(201).text("id");
    let second = register(&admin, "shipping", URL).await.assert_status(201).text("id");
    silence(&app, &first, 91);
    silence(&app, &second, 31);
    let cleanup = || admin.post("/discovery/cleanup", json!({}));
    assert_eq!(cleanup().await.assert_status(200).json(), json!({ "down": 1, "removed": 1 }));
    assert_eq!(cleanup().await.json(), json!({ "down": 0, "removed": 0 }));
    assert_eq!(names(&admin).await, ["shipping"]);
    silence(&app, &second, 91);
    let swept = admin.post("/api/admin/sweep", json!({})).await.assert_status(200).json();
    assert_eq!(swept["done"]["gateway"], json!({ "down": 0, "removed": 1 }));
    assert_eq!(names(&admin).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_unregistered_is_gone_at_once() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let admin = app.admin().await;
    let id = register(&admin, "inventory", URL).await.assert_status(201).text("id");
    assert_eq!(service(&admin, "inventory").await["status"], "UP");
    admin.delete(&format!("/discovery/unregister/{id}")).await.assert_status(204);
    assert_eq!(names(&admin).await, [""; 0]);
    is_gone(&app, "inventory").await;
    for path in [format!("/discovery/unregister/{id}"), format!("/discovery/unregister/{MISSING}")] {
        admin.delete(&path).await.assert_problem(404, "not_found");
    }
    admin.post(&format!("/discovery/heartbeat/{id}"), json!({})).await.assert_problem(404, "not_found");
    let kinds = told(&app, &admin, &id, 2).await;
    assert_eq!(kinds[1], "jangteo.instance.unregistered.v1");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_the_gateway_call_what_the_deployment_does_not_name() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let admin = app.admin().await;
    for url in [
        "http://127.0.0.1:3000",
        "http://localhost",
        "http://2130706433",
        "http://[::1]",
        "http://169.254.169.254/latest/meta-data",
        "http://192.168.0.1",
        "http://10.0.0.7",
        "http://10.0.0.8:8080",
        "https://10.0.0.7:8080",
        "http://orders.spin.internal",
        "http://u:p@10.0.0.7:8080",
        "http://10.0.0.7:8080?x=1",
        "http://10.0.0.7:8080#x",
        "http://10.0.0.7:8080@evil.example",
        "http://10.0.0.7:8080\\@evil.example",
        "file:///etc/passwd",
        "redis://10.0.0.7:8080",
    ] {
        let refused = register(&admin, "inventory", url).await.assert_problem(422, "validation_failed");
        assert_eq!(refused.json()["errors"][0]["field"], "url", "{url}");
    }
    for name in ["users", "orders", "auth", "admin", "user-service", "order-service", "internal", "../orders"]
    {
        let refused = register(&admin, name, URL).await.assert_problem(422, "validation_failed");
        assert_eq!(refused.json()["errors"][0]["field"], "name", "{name}");
    }
    assert_eq!(names(&admin).await, [""; 0]);
    // Where nothing is named, nothing can be registered.
    let Some(app) = TestApp::own().await else { return };
    register(&app.admin().await, "inventory", URL).await.assert_problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_only_so_many_instances() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let admin = app.admin().await;
    for number in 0..256 {
        register(&admin, &format!("s{number}"), URL).await.assert_status(201);
    }
    register(&admin, "one-more", URL).await.assert_problem(409, "conflict");
    register(&admin, "s7", URL).await.assert_status(200);
    let mut path = "/discovery/services?limit=100".to_owned();
    let mut found = 0;
    loop {
        let page = admin.get(&path).await.assert_status(200).json();
        found += page["items"].as_array().unwrap().len();
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/discovery/services?limit=100&cursor={cursor}");
    }
    assert_eq!(found, 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_makes_the_same_registry_again() {
    let Some(app) = TestApp::with_variables(&UPSTREAMS).await else { return };
    let admin = app.admin().await;
    let mut ids = Vec::new();
    for name in ["inventory", "shipping", "returns"] {
        ids.push(register(&admin, name, URL).await.assert_status(201).text("id"));
    }
    admin.delete(&format!("/discovery/unregister/{}", ids[0])).await.assert_status(204);
    let heavier = json!({ "name": "shipping", "url": URL, "weight": 7, "tags": ["seoul"] });
    admin.post("/discovery/register", heavier).await.assert_status(200);
    admin.post(&format!("/discovery/heartbeat/{}", ids[2]), json!({})).await.assert_status(200);
    let database = app.state_dir().unwrap().join("sqlite_db.db");
    for compared in tests::replay(&database, "gateway").unwrap() {
        assert_eq!((compared.rows, compared.difference), (2, None), "{}", compared.table);
    }
}
