//! The catalogue and its stock.

use serde_json::json;
use tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_shown_as_it_was_made() {
    let app = TestApp::start().await;
    let seller = app.seller("kim").await;
    let body = json!({ "name": "Tea", "price": 29.90, "currency": "USD", "stock": 3, "category": "tea" });
    let made = seller.post("/api/products", body).await.assert_status(201);
    let path = made.header("location").unwrap().to_owned();
    let read = app.stranger().get(&path).await.assert_status(200);
    assert_eq!(read.json(), made.json());
    assert_eq!(read.header("etag"), made.header("etag"));
    let product = read.json();
    assert_eq!((&product["available"], &product["sellerId"]), (&json!(3), &json!(seller.id)));
    assert!(String::from_utf8_lossy(&read.body).contains("\"price\":29.90"), "money is exact");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_continues_where_the_page_ended() {
    let app = TestApp::start().await;
    let seller = app.seller("kim").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, seller.sells("1.00", 1).await);
    }
    let mut seen = Vec::new();
    let mut path = "/api/products?limit=2".to_owned();
    while seen.len() < made.len() {
        let page = app.stranger().get(&path).await.assert_status(200).json();
        let ids = page["items"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap().to_owned());
        seen.extend(ids.filter(|id| made.contains(id)));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/api/products?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, made, "newest first, each once");
    for bad in ["limit=0", "limit=101", "limit=x", "cursor=%21"] {
        let answer = app.stranger().get(&format!("/api/products?{bad}")).await;
        answer.assert_problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_adjusted_by_its_seller_and_never_below_zero() {
    let app = TestApp::start().await;
    let (kim, lee) = (app.seller("kim").await, app.seller("lee").await);
    let product = kim.sells("5.00", 2).await;
    let path = format!("/api/products/{product}/stock");
    let more = kim.post(&path, json!({ "delta": 3, "reason": "delivery" })).await.assert_status(200);
    assert_eq!(more.json()["onHand"], 5);
    let short = kim.post(&path, json!({ "delta": -6, "reason": "count" })).await;
    let short = short.assert_problem(409, "out_of_stock").json();
    assert_eq!(short["lines"][0]["available"], 5);
    lee.post(&path, json!({ "delta": 1, "reason": "x" })).await.assert_problem(404, "not_found");
    app.admin().await.post(&path, json!({ "delta": 1, "reason": "x" })).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_makes_one_product() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    let body = json!({ "name": "Tea", "price": 1 });
    let first = kim.post_keyed("/api/products", "k1", body.clone()).await.assert_status(201);
    let again = kim.post_keyed("/products", "k1", body).await.assert_status(201);
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = kim.post_keyed("/api/products", "k1", json!({ "name": "Tea", "price": 2 })).await;
    other.assert_problem(422, "idempotency_mismatch");
}
