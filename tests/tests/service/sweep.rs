//! The chores: what is overdue ends, whoever asks for it and however often.

use std::process::Command;

use serde_json::{Value, json};
use tests::{Actor, TestApp, path_of, root};

/// Order all units of a new product, one by one.
async fn buy_out(kim: &Actor<'_>, alice: &Actor<'_>, units: i64) -> (String, Vec<String>) {
    let tea = kim.sells("5.00", units).await;
    let mut paths = Vec::new();
    for _ in 0..units {
        paths.push(path_of(&alice.orders(&tea, 1).await.assert_status(201).json()));
    }
    (tea, paths)
}

#[tokio::test(flavor = "multi_thread")]
async fn unpaid_orders_expire_once_however_many_sweep_at_once() {
    let Some(app) = TestApp::with_internal_routes(&[("order_expiry_seconds", "1")]).await else { return };
    let (kim, alice, gateway) =
        (app.seller("kim").await, app.buyer("alice").await, app.service("gateway").await);
    let (tea, paths) = buy_out(&kim, &alice, 5).await;
    let ended = std::sync::atomic::AtomicU64::new(0);
    app.eventually("all have expired", || async {
        let sweep = || gateway.post("/internal/orders/sweep", json!({}));
        let (one, other) = tokio::join!(sweep(), sweep());
        for swept in [one, other] {
            let now = swept.assert_status(200).json()["expired"].as_u64().unwrap();
            ended.fetch_add(now, std::sync::atomic::Ordering::Relaxed);
        }
        (ended.load(std::sync::atomic::Ordering::Relaxed) >= 5).then_some(())
    })
    .await;
    assert_eq!(ended.into_inner(), 5, "each once");
    for path in &paths {
        let history = alice.get(&format!("{path}/events")).await.assert_status(200).json();
        let kinds: Vec<_> = history["items"].as_array().unwrap().iter().map(|e| e["type"].clone()).collect();
        assert_eq!(json!(kinds), json!(["order.placed", "order.expired"]));
        assert_eq!(history["items"][1]["actor"], "service:orders");
    }
    app.eventually("the stock is free", || async {
        let left = app.stranger().get(&format!("/api/products/{tea}")).await.json();
        (left["available"] == 5).then_some(())
    })
    .await;
    assert_eq!(alice.get("/api/orders?status=EXPIRED").await.json()["items"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_sweeps_a_running_instance() {
    let Some(app) = TestApp::with_variables(&[("order_expiry_seconds", "1")]).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (tea, _) = buy_out(&kim, &alice, 1).await;
    let sweep = |password: &str| {
        Command::new(root().join("scripts/sweep"))
            .env("JANGTEO_URL", app.base())
            .env("JANGTEO_EMAIL", "admin@jangteo.test")
            .env("JANGTEO_PASSWORD", password)
            .output()
            .expect("scripts/sweep")
    };
    app.eventually("the stock is free", || async {
        let done = tokio::task::block_in_place(|| sweep("correct horse battery staple"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let swept: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(swept["failed"], json!([]));
        assert!(
            swept["done"]["orders"]["expired"].is_u64() && swept["done"]["products"].is_object(),
            "{swept}"
        );
        let left = app.stranger().get(&format!("/api/products/{tea}")).await.json();
        (left["available"] == 1).then_some(())
    })
    .await;
    assert!(!tokio::task::block_in_place(|| sweep("wrong")).status.success());
}
