//! Two people want the same thing at the same moment.

use std::path::PathBuf;

use tests::{APPROVED_CARD, TestApp, pay, root};

/// How often the race is run: enough for both orders of arrival, and for ties.
const ROUNDS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn the_last_unit_is_sold_to_exactly_one_of_two_buyers() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    let (alice, bob) = (app.buyer("alice").await, app.buyer("bob").await);
    for round in 0..ROUNDS {
        let product = kim.sells("5.00", 1).await;
        let (a, b) = tokio::join!(alice.orders(&product, 1), bob.orders(&product, 1));
        let mut statuses = [a.status, b.status];
        statuses.sort();
        assert_eq!(statuses, [201, 409], "round {round}");
        let loser = if a.status == 409 { a } else { b };
        let problem = loser.assert_problem(409, "out_of_stock").json();
        assert_eq!(problem["lines"][0]["available"], 0, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_paid_and_cancelled_at_once_is_one_of_both_and_costs_accordingly() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 1000).await;
    for round in 0..20 {
        let order = alice.orders(&product, 1).await.assert_status(201).json();
        let path = format!("/api/orders/{}", order["id"].as_str().unwrap());
        let (paid, cancelled) =
            tokio::join!(alice.post("/api/payments", pay(&order, APPROVED_CARD)), alice.delete(&path));
        let status = alice.get(&path).await.json()["status"].as_str().unwrap().to_owned();
        match cancelled.status {
            200 => assert_eq!(status, "CANCELLED", "round {round}"),
            409 => assert_eq!((status.as_str(), paid.status), ("PAID", 201), "round {round}"),
            other => panic!("round {round}: {other}"),
        }
        if cancelled.status == 200 && paid.status < 300 {
            let id = paid.text("id");
            app.eventually("the money goes back", || async {
                let payment = alice.get(&format!("/api/payments/{id}")).await.json();
                (payment["status"] == "REFUNDED").then_some(())
            })
            .await;
        }
    }
}

/// The app's manifest with the `hello` component, which can be told to panic.
fn with_hello() -> PathBuf {
    let root = root();
    let absolute = format!("source = \"{}/target/", root.display());
    let main = std::fs::read_to_string(root.join("spin.toml")).unwrap();
    let hello = std::fs::read_to_string(root.join("infra/hello/spin.toml")).unwrap();
    let (_, hello) = hello.split_once("[[trigger.http]]").unwrap();
    let text = format!("{main}\n[[trigger.http]]{hello}")
        .replace("source = \"../../target/", &absolute)
        .replace("source = \"target/", &absolute);
    let path = root.join(format!("target/with-hello-{}.toml", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_dies_takes_nobody_along() {
    let app = TestApp::embedded(with_hello(), &[]).await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 1000).await;
    let stranger = app.stranger();
    for _ in 0..5 {
        let (dead, order) = tokio::join!(stranger.get("/hello/panic"), alice.orders(&product, 1));
        assert_eq!((dead.status, dead.body.len()), (500, 0));
        order.assert_status(201);
        stranger.get("/hello").await.assert_status(200);
    }
}
