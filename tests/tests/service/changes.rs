//! Orders that are changed: their address, and their items with the stock that is held for them.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Response, TestApp, path_of, pay};

fn items(lines: &[(&str, i64)]) -> Value {
    let items: Vec<_> = lines.iter().map(|(id, n)| json!({ "productId": id, "quantity": n })).collect();
    json!({ "items": items })
}

fn elsewhere() -> Value {
    json!({ "shippingAddress": { "street": "2 Side St", "city": "Busan", "zipCode": "54321" } })
}

/// On hand, and not promised.
async fn stock(app: &TestApp, product: &str) -> (i64, i64) {
    let shown = app.stranger().get(&format!("/api/products/{product}")).await.json();
    (shown["onHand"].as_i64().unwrap(), shown["available"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn other_items_hold_other_stock_and_cost_another_total() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (tea, cup) = (kim.sells("5.00", 10).await, kim.sells("2.00", 3).await);
    let order = alice.orders(&tea, 8).await.assert_status(201).json();
    let path = path_of(&order);
    let changed = alice.put(&path, items(&[(&tea, 2), (&cup, 3)])).await.assert_status(200);
    let now = changed.json();
    assert_eq!((now["total"].to_string(), &now["status"]), ("16.00".to_owned(), &json!("ORDERED")));
    assert_eq!(alice.get(&path).await.json(), now);
    assert_eq!((stock(&app, &tea).await, stock(&app, &cup).await), ((10, 8), (3, 0)));

    let short = alice.put(&path, items(&[(&tea, 11), (&cup, 1)])).await.assert_problem(409, "out_of_stock");
    assert_eq!(short.json()["lines"], json!([{ "productId": tea, "requested": 11, "available": 10 }]));
    assert_eq!(alice.get(&path).await.json(), now, "refused, so it is as it was");
    assert_eq!((stock(&app, &tea).await, stock(&app, &cup).await), ((10, 8), (3, 0)));

    let mut dearer = items(&[(&tea, 3)]);
    dearer["items"][0]["price"] = json!(4);
    alice.put(&path, dearer).await.assert_problem(409, "price_changed");
    alice.put(&path, items(&[])).await.assert_problem(422, "validation_failed");
    alice.put(&path, json!({})).await.assert_problem(422, "validation_failed");

    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_problem(409, "amount_mismatch");
    alice.post("/api/payments", pay(&now, APPROVED_CARD)).await.assert_status(201);
    alice.put(&path, items(&[(&tea, 1)])).await.assert_problem(409, "invalid_transition");
    app.eventually("what was ordered in the end has left", || async {
        let now = (stock(&app, &tea).await, stock(&app, &cup).await);
        (now == ((8, 8), (0, 0))).then_some(())
    })
    .await;
    let history = alice.get(&format!("{path}/events")).await.json();
    assert_eq!(history["items"][1]["type"], "order.changed");
    assert_eq!(history["items"][1]["data"]["total"].to_string(), "16.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_can_be_changed_until_all_is_shipped() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let tea = kim.sells("5.00", 10).await;
    let order = alice.orders(&tea, 1).await.assert_status(201).json();
    let path = path_of(&order);
    let moved = alice.put(&path, elsewhere()).await.assert_status(200).json();
    assert_eq!(moved["shippingAddress"], elsewhere()["shippingAddress"]);
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    // The whole order with another address: the items are what they are.
    let mut whole = items(&[(&tea, 1)]);
    whole["shippingAddress"] = order["shippingAddress"].clone();
    let back = alice.put(&path, whole).await.assert_status(200).json();
    assert_eq!(back["shippingAddress"], order["shippingAddress"]);
    kim.put(&path, elsewhere()).await.assert_problem(403, "forbidden");
    let stale = alice.send(Method::PUT, &path, &[("if-match", "\"1\"")], Some(elsewhere())).await;
    stale.assert_problem(412, "precondition_failed");
    kim.post(&format!("{path}/ship"), json!({})).await.assert_status(200);
    alice.put(&path, elsewhere()).await.assert_problem(409, "invalid_transition");
    let mut wrong = elsewhere();
    wrong["shippingAddress"]["city"] = json!("");
    alice.put(&path, wrong).await.assert_problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_and_a_payment_among_them_leave_the_stock_of_one_order() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    for round in 0..5 {
        let (tea, cup) = (kim.sells("5.00", 10).await, kim.sells("5.00", 10).await);
        let order = alice.orders(&tea, 3).await.assert_status(201).json();
        let path = path_of(&order);
        let put = |lines| alice.put(&path, lines);
        let (a, b, c, d, paid) = tokio::join!(
            put(items(&[(&tea, 9)])),
            put(items(&[(&cup, 3)])),
            put(items(&[(&tea, 1), (&cup, 2)])),
            put(items(&[(&cup, 9)])),
            alice.post("/api/payments", pay(&order, APPROVED_CARD)),
        );
        let ok = |answer: &Response| [200, 409].contains(&answer.status);
        assert!([a, b, c, d].iter().all(ok) && [201, 409].contains(&paid.status), "round {round}");
        let order = alice.get(&path).await.json();
        if order["status"] == "ORDERED" {
            // Money that was taken for another total goes back first.
            app.eventually("it can be paid", || async {
                let paid = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
                (paid.status == 201).then_some(())
            })
            .await;
        }
        let sold = |product: &str| {
            let lines = order["items"].as_array().unwrap().iter();
            lines
                .filter(|line| line["productId"] == product)
                .map(|line| line["quantity"].as_i64().unwrap())
                .sum::<i64>()
        };
        let expected = [10 - sold(&tea), 10 - sold(&cup)].map(|left| (left, left));
        app.eventually("what was sold has left, and no more is held", || async {
            ([stock(&app, &tea).await, stock(&app, &cup).await] == expected).then_some(())
        })
        .await;
    }
}
