//! A card that has to be confirmed is, at the sandbox's own page.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, Response, TestApp, pay};

/// The sandbox's card that has to be confirmed.
const TO_CONFIRM: &str = "4000002500003155";

async fn waiting<'a>(app: &'a TestApp) -> (Actor<'a>, Value, Value) {
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let order = alice.orders(&kim.sells("29.99", 10).await, 2).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, TO_CONFIRM)).await.assert_status(202).json();
    (alice, order, payment)
}

/// What a browser does at the page; it follows to where it is sent.
async fn choose(app: &TestApp, payment: &Value, form: &str) -> Response {
    let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
    let page = payment["actionUrl"].as_str().unwrap();
    let answer = app.stranger().raw(Method::POST, page, headers, Some(form.as_bytes().to_vec())).await;
    if answer.status != 303 {
        return answer;
    }
    app.stranger().get(answer.header("location").unwrap()).await
}

fn text(page: &Response) -> String {
    String::from_utf8(page.body.clone()).unwrap()
}

async fn read(alice: &Actor<'_>, payment: &Value) -> Value {
    alice.get(&format!("/api/payments/{}", payment["id"].as_str().unwrap())).await.assert_status(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_who_approves_has_paid() {
    let app = TestApp::start().await;
    let (alice, order, payment) = waiting(&app).await;
    let page = app.stranger().get(payment["actionUrl"].as_str().unwrap()).await.assert_status(200);
    assert!(text(&page).contains("Pay 59.98 USD?"), "{}", text(&page));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    choose(&app, &payment, "result=maybe").await.assert_problem(422, "validation_failed");
    choose(&app, &payment, "").await.assert_problem(422, "validation_failed");
    let after = choose(&app, &payment, "result=approve").await.assert_status(200);
    assert!(text(&after).contains("59.98 USD is CAPTURED"), "{}", text(&after));
    assert_eq!(read(&alice, &payment).await["status"], "CAPTURED");
    assert_eq!(alice.get(&tests::path_of(&order)).await.json()["status"], "PAID");
    // What is decided stays so.
    choose(&app, &payment, "result=refuse").await.assert_status(200);
    assert_eq!(read(&alice, &payment).await["status"], "CAPTURED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_who_refuses_is_declined_and_may_try_again() {
    let app = TestApp::start().await;
    let (alice, order, payment) = waiting(&app).await;
    choose(&app, &payment, "result=refuse").await.assert_status(200);
    let declined = read(&alice, &payment).await;
    assert_eq!(declined["status"], "DECLINED");
    assert_eq!(declined["failure"], json!({ "code": "authentication_required", "retryable": true }));
    alice.post("/api/payments", pay(&order, tests::APPROVED_CARD)).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_at_once_take_the_money_once() {
    let app = TestApp::start().await;
    let (alice, _, payment) = waiting(&app).await;
    let all =
        (0..8).map(|n| choose(&app, &payment, if n % 2 == 0 { "result=approve" } else { "result=refuse" }));
    for answer in futures::future::join_all(all).await {
        answer.assert_status(200);
    }
    let decided = read(&alice, &payment).await;
    assert!(
        ["CAPTURED", "DECLINED", "CANCELLED"].contains(&decided["status"].as_str().unwrap()),
        "{decided}"
    );
}
