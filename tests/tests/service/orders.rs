//! Orders: placing, seeing, cancelling, and every refusal.

use serde_json::json;
use tests::{TestApp, address, order_for};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_takes_the_catalogues_price_and_holds_the_stock() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 10).await;
    let line = json!({ "productId": product, "quantity": 1, "price": 29.99 });
    let body = json!({ "items": [line, line], "shippingAddress": address() });
    let placed = alice.post("/api/orders", body).await.assert_status(201);
    let order = placed.json();
    assert_eq!(order["status"], "ORDERED");
    assert_eq!(order["items"].as_array().unwrap().len(), 1, "the same product twice is summed");
    assert_eq!(order["items"][0]["quantity"], 2);
    assert!(String::from_utf8_lossy(&placed.body).contains("\"total\":59.98"));
    assert_eq!(order["shippingAddress"], address());
    let read = alice.get(placed.header("location").unwrap()).await.assert_status(200);
    assert_eq!((read.json(), read.header("etag")), (order, placed.header("etag")));
    let product = app.stranger().get(&format!("/api/products/{product}")).await.json();
    assert_eq!((&product["onHand"], &product["available"]), (&json!(10), &json!(8)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sold_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (tea, cup) = (kim.sells("5.00", 3).await, kim.sells("2.00", 1).await);
    let lines = |lines: &[(&str, i64)]| {
        let items: Vec<_> =
            lines.iter().map(|(id, quantity)| json!({ "productId": id, "quantity": quantity })).collect();
        json!({ "items": items, "shippingAddress": address() })
    };
    let short = alice.post("/api/orders", lines(&[(&tea, 1), (&cup, 2)])).await;
    let short = short.assert_problem(409, "out_of_stock").json();
    assert_eq!(short["lines"], json!([{ "productId": cup, "requested": 2, "available": 1 }]));
    let left = app.stranger().get(&format!("/api/products/{tea}")).await.json();
    assert_eq!(left["available"], 3, "all lines or none");

    let mut cheaper = lines(&[(&tea, 1)]);
    cheaper["items"][0]["price"] = json!(4);
    alice.post("/api/orders", cheaper).await.assert_problem(409, "price_changed");
    alice.post("/api/orders", lines(&[("nothing", 1)])).await.assert_problem(422, "validation_failed");
    for quantity in [0, -1, i64::MAX] {
        let answer = alice.post("/api/orders", lines(&[(&tea, quantity)])).await;
        answer.assert_problem(422, "validation_failed");
    }
    alice.post("/api/orders", lines(&[])).await.assert_problem(422, "validation_failed");
    kim.post("/api/orders", lines(&[(&tea, 1)])).await.assert_problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_idempotency_key_is_one_order() {
    let app = TestApp::start().await;
    let (kim, alice, bob) = (app.seller("kim").await, app.buyer("alice").await, app.buyer("bob").await);
    let product = kim.sells("5.00", 10).await;
    let first = alice.post_keyed("/api/orders", "k", order_for(&product, 1)).await.assert_status(201);
    let again = alice.post_keyed("/orders", "k", order_for(&product, 1)).await.assert_status(201);
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = alice.post_keyed("/api/orders", "k", order_for(&product, 2)).await;
    other.assert_problem(422, "idempotency_mismatch");
    bob.post_keyed("/api/orders", "k", order_for(&product, 1)).await.assert_status(201);
    let orders = alice.get("/api/orders").await.assert_status(200).json();
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    let left = app.stranger().get(&format!("/api/products/{product}")).await.json();
    assert_eq!(left["available"], 8, "a replay holds no stock");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_many_times_at_once_is_one_order() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 50).await;
    let all = (0..16).map(|_| alice.post_keyed("/api/orders", "k", order_for(&product, 1)));
    let answers = futures::future::join_all(all).await;
    let mut ids: Vec<_> = answers.into_iter().map(|a| a.assert_status(201).text("id")).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let left = app
        .eventually("the losers' holds are released", || async {
            let left = app.stranger().get(&format!("/api/products/{product}")).await.json();
            (left["available"] == 49).then_some(49)
        })
        .await;
    assert_eq!(left, 49);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_frees_its_stock_and_cannot_be_cancelled_again() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 1).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    assert_eq!(order["allowedActions"], json!(["pay", "cancel", "changeItems", "changeAddress"]));
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    let cancelled = alice.delete(&path).await.assert_status(200).json();
    assert_eq!(cancelled["status"], "CANCELLED");
    assert_eq!(cancelled["allowedActions"], json!([]));
    let again = alice.delete(&path).await.assert_problem(409, "invalid_transition").json();
    assert_eq!((&again["from"], &again["to"]), (&json!("CANCELLED"), &json!("CANCELLED")));
    alice.orders(&product, 1).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions_are_honoured() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 1).await;
    let placed = alice.orders(&product, 1).await.assert_status(201);
    let (path, tag) = (placed.header("location").unwrap(), placed.header("etag").unwrap());
    let send = |method, header, tag: &str| {
        let (alice, tag) = (&alice, tag.to_owned());
        async move { alice.send(method, path, &[(header, tag.as_str())], None).await }
    };
    send(reqwest::Method::GET, "if-none-match", tag).await.assert_status(304);
    send(reqwest::Method::DELETE, "if-match", "\"99\"").await.assert_problem(412, "precondition_failed");
    send(reqwest::Method::DELETE, "if-match", tag).await.assert_status(200);
    send(reqwest::Method::GET, "if-none-match", tag).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_belongs_to_its_buyer() {
    let app = TestApp::start().await;
    let (kim, lee) = (app.seller("kim").await, app.seller("lee").await);
    let (alice, eve) = (app.buyer("alice").await, app.buyer("eve").await);
    let (tea, cup) = (kim.sells("5.00", 9).await, lee.sells("7.00", 9).await);
    let items = json!([{ "productId": tea, "quantity": 1 }, { "productId": cup, "quantity": 1 }]);
    let body = json!({ "items": items, "shippingAddress": address() });
    let order = alice.post("/api/orders", body).await.assert_status(201).json();
    let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    eve.get(&path).await.assert_problem(404, "not_found");
    eve.delete(&path).await.assert_problem(404, "not_found");
    eve.get(&format!("{path}/events")).await.assert_problem(404, "not_found");
    assert_eq!(eve.get("/api/orders").await.json()["items"], json!([]));
    kim.delete(&path).await.assert_problem(403, "forbidden");
    let sellers_view = kim.get(&path).await.assert_status(200).json();
    assert_eq!(sellers_view["items"].as_array().unwrap().len(), 1, "a seller sees own lines only");
    assert_eq!(sellers_view["items"][0]["productId"], tea);
    assert_eq!(sellers_view["total"].to_string(), "5.00");
    let admin = app.admin().await.get(&path).await.assert_status(200).json();
    assert_eq!(admin["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_who_did_what() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 9).await;
    let order = alice.orders(&product, 1).await.assert_status(201).text("id");
    alice.delete(&format!("/api/orders/{order}")).await.assert_status(200);
    let history = alice.get(&format!("/api/orders/{order}/events")).await.assert_status(200).json();
    let items = history["items"].as_array().unwrap();
    let types: Vec<_> = items.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["order.placed", "order.cancelled"]);
    assert!(items.iter().all(|event| event["actor"] == json!(alice.id) && event["time"].is_string()));
}
