//! Refunds: in full and in parts, by whom it may be, and never more than was taken.

use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, pay};

/// The sandbox's cards whose refunds are declined, and whose refunds' first answer is lost.
const REFUNDS_DECLINED: &str = "4000000000005126";
const REFUNDS_LOST: &str = "4000000000007726";

/// Kim, who sold Alice two of something for 59.98 in all, and Alice's payment of it.
async fn paid<'a>(app: &'a TestApp, card: &str) -> (Actor<'a>, Actor<'a>, String) {
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 10).await;
    let order = alice.orders(&product, 2).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, card)).await.assert_status(201).text("id");
    (kim, alice, payment)
}

fn refunds(payment: &str) -> String {
    format!("/api/payments/{payment}/refunds")
}

fn part(amount: Value) -> Value {
    json!({ "amount": amount, "reason": "One cup was broken" })
}

async fn read(alice: &Actor<'_>, payment: &str) -> (String, String) {
    let payment = alice.get(&format!("/api/payments/{payment}")).await.assert_status(200).json();
    (payment["status"].as_str().unwrap().to_owned(), payment["refunded"].to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_in_parts_until_nothing_is_left() {
    let app = TestApp::start().await;
    let (kim, alice, payment) = paid(&app, APPROVED_CARD).await;
    let first = kim.post(&refunds(&payment), part(json!(9.98))).await.assert_status(201).json();
    assert_eq!((&first["status"], &first["paymentId"]), (&json!("SUCCEEDED"), &json!(payment)));
    assert_eq!(first["amount"].to_string(), "9.98");
    assert_eq!(read(&alice, &payment).await, ("PARTIALLY_REFUNDED".to_owned(), "9.98".to_owned()));
    kim.post(&refunds(&payment), part(json!(50.01))).await.assert_problem(409, "refund_exceeds_captured");
    let rest = kim.post(&refunds(&payment), json!({ "reason": "All came back", "restock": true })).await;
    assert_eq!(rest.assert_status(201).json()["amount"].to_string(), "50.00");
    assert_eq!(read(&alice, &payment).await, ("REFUNDED".to_owned(), "59.98".to_owned()));
    kim.post(&refunds(&payment), part(json!(0.01))).await.assert_problem(409, "invalid_transition");
    let list = alice.get(&refunds(&payment)).await.assert_status(200).json();
    let amounts: Vec<_> = list["items"].as_array().unwrap().iter().map(|r| r["amount"].to_string()).collect();
    assert_eq!(amounts, ["9.98", "50.00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn raced_refunds_never_give_back_more_than_was_taken() {
    let app = TestApp::start().await;
    let (kim, alice, payment) = paid(&app, APPROVED_CARD).await;
    let path = refunds(&payment);
    let all = (0..12).map(|_| kim.post(&path, part(json!(11))));
    let mut statuses: Vec<_> = futures::future::join_all(all).await.iter().map(|a| a.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 5].as_slice(), &[409; 7]].concat());
    assert_eq!(read(&alice, &payment).await, ("PARTIALLY_REFUNDED".to_owned(), "55.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_refunds_once() {
    let app = TestApp::start().await;
    let (kim, alice, payment) = paid(&app, APPROVED_CARD).await;
    let (path, body) = (refunds(&payment), part(json!(10)));
    let first = kim.post_keyed(&path, "k", body.clone()).await.assert_status(201);
    let again = kim.post_keyed(&path, "k", body).await.assert_status(201);
    assert_eq!((first.json(), again.header("idempotent-replayed")), (again.json(), Some("true")));
    kim.post_keyed(&path, "k", part(json!(11))).await.assert_problem(422, "idempotency_mismatch");
    assert_eq!(read(&alice, &payment).await.1, "10.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_sold_all_of_an_order_and_admins_may_refund_it() {
    let app = TestApp::start().await;
    let (kim, alice, payment) = paid(&app, APPROVED_CARD).await;
    let (lee, bob) = (app.seller("lee").await, app.buyer("bob").await);
    let path = refunds(&payment);
    lee.post(&path, part(json!(1))).await.assert_problem(404, "not_found");
    bob.post(&path, part(json!(1))).await.assert_problem(404, "not_found");
    bob.get(&path).await.assert_problem(404, "not_found");
    alice.post(&path, part(json!(1))).await.assert_problem(403, "forbidden");
    app.admin().await.post(&path, part(json!(1))).await.assert_status(201);
    let (one, two) = (kim.sells("5.00", 1).await, lee.sells("5.00", 1).await);
    let lines = json!([{ "productId": one, "quantity": 1 }, { "productId": two, "quantity": 1 }]);
    let order = json!({ "items": lines, "shippingAddress": tests::address() });
    let order = alice.post("/api/orders", order).await.assert_status(201).json();
    let shared = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    kim.post(&refunds(&shared), part(json!(1))).await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_the_provider_declines_frees_its_amount() {
    let app = TestApp::start().await;
    let (kim, alice, payment) = paid(&app, REFUNDS_DECLINED).await;
    for _ in 0..2 {
        let refused = kim.post(&refunds(&payment), json!({ "reason": "x" })).await;
        assert_eq!(refused.assert_problem(409, "refund_declined").json()["declineCode"], "do_not_honor");
    }
    assert_eq!(read(&alice, &payment).await, ("CAPTURED".to_owned(), "0.00".to_owned()));
    let list = alice.get(&refunds(&payment)).await.json();
    assert_eq!(
        (&list["items"][0]["status"], &list["items"][1]["status"]),
        (&json!("FAILED"), &json!("FAILED"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_answer_is_lost_is_asked_for_again_and_made_once() {
    let app = TestApp::start().await;
    let (kim, alice, payment) = paid(&app, REFUNDS_LOST).await;
    kim.post(&refunds(&payment), part(json!(10))).await.assert_status(201);
    assert_eq!(read(&alice, &payment).await, ("PARTIALLY_REFUNDED".to_owned(), "10.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_of_nothing_and_for_no_reason_are_refused() {
    let app = TestApp::start().await;
    let (kim, _, payment) = paid(&app, APPROVED_CARD).await;
    for amount in [json!(0), json!(-1), json!(1.001)] {
        kim.post(&refunds(&payment), part(amount)).await.assert_problem(422, "validation_failed");
    }
    for reason in ["", " ", &"x".repeat(501)] {
        kim.post(&refunds(&payment), json!({ "reason": reason }))
            .await
            .assert_problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_go_on_sale_again_by_the_refund_of_the_rest_alone() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("10.00", 10).await;
    let available = async || kim.get(&format!("/api/products/{product}")).await.json()["available"].clone();
    for delivered in [true, false] {
        let order = alice.orders(&product, 2).await.assert_status(201).json();
        let payment =
            alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
        let (order, path) = (tests::path_of(&order), refunds(&payment));
        kim.post(&format!("{order}/ship"), json!({})).await.assert_status(200);
        if delivered {
            kim.post(&format!("{order}/deliver"), json!({})).await.assert_status(200);
        }
        let restocked = |amount: i64| json!({ "amount": amount, "reason": "x", "restock": true });
        let refused = kim.post(&path, restocked(5)).await.assert_problem(422, "validation_failed").json();
        assert_eq!(refused["errors"][0]["field"], "restock");
        kim.post(&path, part(json!(5))).await.assert_status(201);
        kim.post(&path, restocked(14)).await.assert_problem(422, "validation_failed");
        assert_eq!(available().await, json!(8));
        let rest = kim.post(&path, restocked(15)).await.assert_status(201).json();
        assert_eq!((&rest["restock"], &rest["status"]), (&json!(true), &json!("SUCCEEDED")));
        app.eventually("the goods are for sale again", || async {
            (available().await == json!(10)).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_of_nothing_that_is_cancelled_is_refunded() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("0", 10).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    let path = tests::path_of(&order);
    let cancelled = alice.delete(&path).await.assert_status(200).json();
    assert_eq!(cancelled["status"], "CANCELLED");
    app.eventually("the order is refunded", || async {
        let order = alice.get(&path).await.assert_status(200).json();
        (order["status"] == "REFUNDED").then_some(())
    })
    .await;
    assert_eq!(read(&alice, &payment).await.0, "REFUNDED");
    let left = alice.get(&format!("/api/products/{product}")).await.json()["available"].clone();
    assert_eq!(left, json!(10));
}

/// What a process leaves that dies after it recorded that a refund is asked for.
const LEFT: &str = "INSERT INTO payments_events (id, stream, version, type, data, private, actor, time) \
    SELECT 'left', id, version + 1, 'payment.refund_requested', json_object('paymentId', id, 'orderId', order_id, \
      'refundId', '019aa4c5-0006-7000-8000-000000000006', 'amount', 998, 'currency', currency, \
      'restock', json('false')), \
      json_object('reason', 'broken', 'askAfter', '2026-01-01T00:00:00.000Z'), ?2, '2026-01-01T00:00:00.000Z' \
    FROM payments_payments WHERE id = ?1";

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_was_left_behind_is_asked_for_when_it_is_read() {
    let Some(app) = TestApp::own().await else { return };
    let (kim, alice, payment) = paid(&app, APPROVED_CARD).await;
    let db = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    assert_eq!(db.execute(LEFT, (&payment, &kim.id)).unwrap(), 1);
    let list = alice.get(&refunds(&payment)).await.assert_status(200).json();
    assert_eq!(
        (&list["items"][0]["status"], list["items"].as_array().unwrap().len()),
        (&json!("SUCCEEDED"), 1)
    );
    assert_eq!(read(&alice, &payment).await, ("PARTIALLY_REFUNDED".to_owned(), "9.98".to_owned()));
}
