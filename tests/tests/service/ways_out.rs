//! Money that is not where it should be has a way out: conflicts are resolved, refused refunds are asked for again.

use rusqlite::Connection;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, Response, TestApp, pay};

/// The sandbox's cards that are charged a cent too much, and whose refunds are declined.
const TOO_MUCH: &str = "4000000000000242";
const REFUNDS_DECLINED: &str = "4000000000005126";

/// Kim sells, Alice orders two for 59.98 and tries to pay.
struct Sale<'a> {
    kim: Actor<'a>,
    alice: Actor<'a>,
    order: Value,
    payment: String,
}

async fn sale<'a>(app: &'a TestApp, card: &str) -> Sale<'a> {
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("29.99", 10).await;
    let order = alice.orders(&product, 2).await.assert_status(201).json();
    let answer = alice.post("/api/payments", pay(&order, card)).await;
    let payment = answer.json()["id"].as_str().unwrap().to_owned();
    Sale { kim, alice, order, payment }
}

impl Sale<'_> {
    fn path(&self, rest: &str) -> String {
        format!("/api/payments/{}{rest}", self.payment)
    }

    async fn payment(&self) -> Value {
        self.alice.get(&self.path("")).await.assert_status(200).json()
    }

    async fn order(&self) -> Value {
        self.alice.get(&tests::path_of(&self.order)).await.assert_status(200).json()
    }

    /// Kim, who sold it, gives back so much.
    async fn refund(&self, amount: f64) -> Response {
        let body = json!({ "amount": amount, "reason": "One cup was broken" });
        self.kim.post(&self.path("/refunds"), body).await
    }

    /// As [`refund`](Self::refund), where the provider refuses: where it is asked for again.
    async fn refused(&self, amount: f64) -> String {
        let refused = self.refund(amount).await.assert_problem(409, "refund_declined");
        self.path(&format!("/refunds/{}/retry", refused.text("refundId")))
    }

    async fn refunds(&self) -> Vec<Value> {
        self.kim.get(&self.path("/refunds")).await.assert_status(200).json()["items"]
            .as_array()
            .unwrap()
            .clone()
    }
}

fn resolve(action: &str) -> Value {
    json!({ "action": action, "reason": "Looked at the provider's books" })
}

/// The database of the shop and its provider.
fn database(app: &TestApp) -> Connection {
    let database = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    database
}

/// The provider gives back what it refused to give back until now.
fn relent(database: &Connection) {
    database.execute("UPDATE provider_sandbox_payments SET refunds = 'good'", []).unwrap();
}

/// The provider gives back a cent more than it is asked for.
fn err_by_a_cent(database: &Connection) {
    let sql = "CREATE TRIGGER err AFTER INSERT ON provider_sandbox_givebacks BEGIN
        UPDATE provider_sandbox_givebacks SET minor_units = minor_units + 1 WHERE refund_id = NEW.refund_id; END";
    database.execute_batch(sql).unwrap();
}

fn err_no_more(database: &Connection) {
    database.execute_batch("DROP TRIGGER err").unwrap();
}

/// Somebody gives money back in the provider's dashboard.
fn dashboard(database: &Connection, payment: &str, amount: i64) {
    let sql = "INSERT INTO provider_sandbox_givebacks VALUES ('dashboard_1', ?1, ?2, 'USD')";
    database.execute(sql, rusqlite::params![payment, amount]).unwrap();
}

/// What the provider gave back of a payment, in cents.
fn given_back(database: &Connection, payment: &str) -> i64 {
    let sql = "SELECT coalesce(sum(minor_units), 0) FROM provider_sandbox_givebacks WHERE payment_id = ?1";
    database.query_row(sql, [payment], |row| row.get(0)).unwrap()
}

/// As if the pause after a refusal were over.
fn make_due(database: &Connection) {
    database
        .execute(
            "UPDATE payments_refunds SET retry_at = '2026-01-01T00:00:00.000Z' WHERE retry_at IS NOT NULL",
            [],
        )
        .unwrap();
}

async fn sweep(app: &TestApp) {
    app.admin().await.post("/api/admin/sweep", json!({})).await.assert_status(200);
}

async fn metric(app: &TestApp, name: &str) -> i64 {
    let text = String::from_utf8(app.stranger().get("/metrics").await.assert_status(200).body).unwrap();
    let line = format!("{name}{{provider=\"sandbox\"}} ");
    text.lines().find_map(|found| found.strip_prefix(&line)).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_is_accepted_pays_the_order_with_what_was_booked() {
    let Some(app) = TestApp::own().await else { return };
    let sale = sale(&app, TOO_MUCH).await;
    let conflict = sale.payment().await;
    assert_eq!((&conflict["status"], conflict["amount"].to_string()), (&json!("CONFLICT"), "59.98".into()));
    assert_eq!(conflict["booked"]["amount"].to_string(), "59.99");
    assert_eq!(metric(&app, "jangteo_provider_conflicts").await, 1);
    let admin = app.admin().await;
    let path = sale.path("/resolve");
    for (wrong, field) in [
        (json!({ "action": "accept", "reason": " " }), "reason"),
        (json!({ "action": "accept", "reason": null }), "reason"),
        (json!({ "action": "keep", "reason": "x" }), "action"),
    ] {
        let refused = admin.post(&path, wrong).await.assert_problem(422, "validation_failed").json();
        assert_eq!(refused["errors"][0]["field"], field);
    }
    let stale =
        admin.send(reqwest::Method::POST, &path, &[("if-match", "\"1\"")], Some(resolve("accept"))).await;
    stale.assert_problem(412, "precondition_failed");
    let accepted = admin.post_keyed(&path, "k", resolve("accept")).await.assert_status(200);
    assert_eq!(accepted.json()["status"], "CAPTURED");
    assert_eq!(accepted.json()["amount"].to_string(), "59.99");
    assert_eq!(accepted.json().get("booked"), None);
    assert_eq!(sale.order().await["status"], "PAID");
    let again = admin.post_keyed(&path, "k", resolve("accept")).await.assert_status(200);
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), accepted.json()));
    admin.post_keyed(&path, "k", resolve("refund")).await.assert_problem(422, "idempotency_mismatch");
    admin.post(&path, resolve("refund")).await.assert_problem(409, "invalid_transition");
    assert_eq!(metric(&app, "jangteo_provider_conflicts").await, 0);
    // It is a payment as any other from here on.
    sale.kim.post(&sale.path("/refunds"), json!({ "reason": "x" })).await.assert_status(201);
    assert_eq!(sale.payment().await["refunded"].to_string(), "59.99");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_is_refunded_gives_all_back_and_the_order_can_be_paid_anew() {
    let app = TestApp::start().await;
    let sale = sale(&app, TOO_MUCH).await;
    sale.alice
        .post("/api/payments", pay(&sale.order, APPROVED_CARD))
        .await
        .assert_problem(409, "already_paid");
    let resolved = app.admin().await.post(&sale.path("/resolve"), resolve("refund")).await.assert_status(200);
    assert_eq!(resolved.json()["status"], "REFUNDED");
    assert_eq!(resolved.json()["refunded"].to_string(), "59.99");
    let refunds = sale.refunds().await;
    assert_eq!((refunds.len(), &refunds[0]["status"]), (1, &json!("SUCCEEDED")));
    let order = sale.order().await;
    assert_eq!(order["status"], "ORDERED");
    assert!(order["allowedActions"].as_array().unwrap().contains(&json!("pay")), "{order}");
    sale.alice.post("/api/payments", pay(&sale.order, APPROVED_CARD)).await.assert_status(201);
    assert_eq!(sale.order().await["status"], "PAID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_is_accepted_too_late_gives_the_money_back() {
    let app = TestApp::start().await;
    let sale = sale(&app, TOO_MUCH).await;
    sale.alice.delete(&tests::path_of(&sale.order)).await.assert_status(200);
    app.admin().await.post(&sale.path("/resolve"), resolve("accept")).await.assert_status(200);
    app.eventually("the money went back", || async {
        (sale.payment().await["status"] == "REFUNDED").then_some(())
    })
    .await;
    assert_eq!(sale.order().await["status"], "CANCELLED");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_admins_who_resolve_at_once_one_does() {
    let app = TestApp::start().await;
    let sale = sale(&app, TOO_MUCH).await;
    let (admin, path) = (app.admin().await, sale.path("/resolve"));
    let all = (0..8).map(|n| admin.post(&path, resolve(if n % 2 == 0 { "accept" } else { "refund" })));
    let mut statuses: Vec<_> = futures::future::join_all(all).await.iter().map(|a| a.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 1].as_slice(), &[409; 7]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_was_booked_otherwise_is_resolved_as_it_was_booked() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, APPROVED_CARD).await;
    err_by_a_cent(&database);
    let refund = sale.refund(10.0).await.assert_status(202).json();
    assert_eq!((&refund["status"], refund["booked"].to_string()), (&json!("CONFLICT"), "10.01".into()));
    assert_eq!(sale.payment().await["status"], "CONFLICT");
    err_no_more(&database);
    let resolved = app.admin().await.post(&sale.path("/resolve"), resolve("accept")).await.assert_status(200);
    assert_eq!(resolved.json()["status"], "PARTIALLY_REFUNDED");
    assert_eq!(resolved.json()["refunded"].to_string(), "10.01");
    let refunds = sale.refunds().await;
    assert_eq!(
        (&refunds[0]["status"], refunds[0]["amount"].to_string()),
        (&json!("SUCCEEDED"), "10.01".into())
    );
    sale.kim.post(&sale.path("/refunds"), json!({ "reason": "x" })).await.assert_status(201);
    assert_eq!(sale.payment().await["refunded"].to_string(), "59.98");
    assert_eq!(sale.order().await["status"], "REFUNDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_resolves_the_conflict_of_a_purchase_of_their_own() {
    let app = TestApp::start().await;
    let sale = sale(&app, TOO_MUCH).await;
    let roles = format!("/api/auth/users/{}/roles", sale.alice.id);
    app.admin().await.put(&roles, json!({ "roles": ["BUYER", "ADMIN"] })).await.assert_status(200);
    let alice = app.log_in(&app.email("alice")).await;
    alice.post(&sale.path("/resolve"), resolve("accept")).await.assert_problem(403, "forbidden");
    sale.kim.post(&sale.path("/resolve"), resolve("accept")).await.assert_problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refund_is_asked_for_again_by_its_seller() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, REFUNDS_DECLINED).await;
    let retry = sale.refused(10.0).await;
    let failed = sale.refunds().await;
    assert_eq!(failed[0]["status"], "FAILED");
    assert!(failed[0]["retryAt"].as_str() > failed[0]["updatedAt"].as_str(), "{failed:?}");
    sale.alice.post(&retry, json!({})).await.assert_problem(403, "forbidden");
    app.seller("lee").await.post(&retry, json!({})).await.assert_problem(404, "not_found");
    sale.kim.post(&retry, json!({})).await.assert_problem(409, "refund_declined");
    relent(&database);
    let good = sale.kim.post_keyed(&retry, "k", json!({})).await.assert_status(201);
    assert_eq!(good.json()["status"], "SUCCEEDED");
    let again = sale.kim.post_keyed(&retry, "k", json!({})).await.assert_status(201);
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), good.json()));
    sale.kim.post(&retry, json!({})).await.assert_problem(409, "invalid_transition");
    assert_eq!(sale.payment().await["refunded"].to_string(), "10.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_failed_after_a_cancel_is_asked_for_again_until_the_money_is_back() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, REFUNDS_DECLINED).await;
    sale.alice.delete(&tests::path_of(&sale.order)).await.assert_status(200);
    app.eventually("the refund failed", || async {
        (metric(&app, "jangteo_provider_owed_refunds").await == 1).then_some(())
    })
    .await;
    // Not before its time, and again after another refusal.
    let tries = |database: &Connection| -> i64 {
        database.query_row("SELECT retries FROM payments_refunds", [], |row| row.get(0)).unwrap()
    };
    sweep(&app).await;
    assert_eq!(tries(&database), 0);
    make_due(&database);
    sweep(&app).await;
    assert_eq!((tries(&database), metric(&app, "jangteo_provider_owed_refunds").await), (1, 1));
    relent(&database);
    make_due(&database);
    sweep(&app).await;
    let payment = sale.payment().await;
    assert_eq!((&payment["status"], payment["refunded"].to_string()), (&json!("REFUNDED"), "59.98".into()));
    assert_eq!((tries(&database), metric(&app, "jangteo_provider_owed_refunds").await), (2, 0));
    app.eventually("the order is told", || async {
        (sale.order().await["status"] == "REFUNDED").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_another_refund_is_not_given_the_first_one_too() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, REFUNDS_DECLINED).await;
    sale.refused(10.0).await;
    relent(&database);
    sale.refund(10.0).await.assert_status(201);
    assert_eq!(metric(&app, "jangteo_provider_owed_refunds").await, 0);
    make_due(&database);
    sweep(&app).await;
    assert_eq!(sale.payment().await["refunded"].to_string(), "10.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_back_by_another_hand_is_not_asked_for_again() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, REFUNDS_DECLINED).await;
    sale.refused(10.0).await;
    // Somebody does it in the provider's dashboard.
    database
        .execute(
            "INSERT INTO provider_sandbox_givebacks VALUES ('dashboard_1', ?1, 1000, 'USD')",
            [&sale.payment],
        )
        .unwrap();
    relent(&database);
    make_due(&database);
    sweep(&app).await;
    sweep(&app).await;
    assert_eq!(sale.payment().await["refunded"].to_string(), "10.00");
    assert_eq!(metric(&app, "jangteo_provider_owed_refunds").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_pays_only_the_order_that_was_to_be_paid() {
    let app = TestApp::start().await;
    let sale = sale(&app, TOO_MUCH).await;
    let more = json!({ "items": [{ "productId": sale.order["items"][0]["productId"], "quantity": 9 }] });
    sale.alice.put(&tests::path_of(&sale.order), more).await.assert_status(200);
    app.admin().await.post(&sale.path("/resolve"), resolve("accept")).await.assert_status(200);
    app.eventually("the money went back", || async {
        (sale.payment().await["status"] == "REFUNDED").then_some(())
    })
    .await;
    assert_eq!(sale.order().await["status"], "ORDERED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_gave_back_unheard_counts_when_a_conflict_is_resolved() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, TOO_MUCH).await;
    dashboard(&database, &sale.payment, 5999);
    let (admin, path) = (app.admin().await, sale.path("/resolve"));
    admin.post(&path, resolve("accept")).await.assert_problem(409, "conflict");
    assert_eq!(admin.post(&path, resolve("refund")).await.assert_status(200).json()["status"], "REFUNDED");
    assert_eq!(sale.order().await["status"], "ORDERED");
    assert_eq!(given_back(&database, &sale.payment), 5999);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_excess_went_back_ships() {
    let app = TestApp::start().await;
    let sale = sale(&app, TOO_MUCH).await;
    app.admin().await.post(&sale.path("/resolve"), resolve("accept")).await.assert_status(200);
    // More than the cent: what is left of what was taken is less than the total, but something.
    let excess = json!({ "amount": 59.98, "reason": "All but a cent" });
    sale.kim.post(&sale.path("/refunds"), excess).await.assert_status(201);
    sale.kim.post(&format!("{}/ship", tests::path_of(&sale.order)), json!({})).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_money_of_an_order_that_ended_in_conflict_goes_back_when_that_is_resolved() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, APPROVED_CARD).await;
    err_by_a_cent(&database);
    sale.refund(10.0).await.assert_status(202);
    err_no_more(&database);
    sale.alice.delete(&tests::path_of(&sale.order)).await.assert_status(200);
    app.settled().await;
    app.admin().await.post(&sale.path("/resolve"), resolve("accept")).await.assert_status(200);
    assert_eq!(sale.payment().await["status"], "REFUNDED");
    assert_eq!(given_back(&database, &sale.payment), 5998);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refund_of_a_seller_stops_the_one_that_a_cancelled_order_is_owed() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, REFUNDS_DECLINED).await;
    let old = sale.refused(3.0).await;
    sale.alice.delete(&tests::path_of(&sale.order)).await.assert_status(200);
    app.settled().await;
    // Neither by one more, nor by an old one that was followed by another.
    sale.refused(0.01).await;
    sale.kim.post(&old, json!({})).await.assert_problem(409, "invalid_transition");
    relent(&database);
    for _ in 0..3 {
        make_due(&database);
        sweep(&app).await;
    }
    assert_eq!(sale.payment().await["status"], "REFUNDED");
    assert_eq!(given_back(&database, &sale.payment), 5998);
    assert_eq!(metric(&app, "jangteo_provider_owed_refunds").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gives_nothing_back_that_was_given_back_after_all() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, REFUNDS_DECLINED).await;
    let retry = sale.refused(10.0).await;
    let id = sale.refunds().await[0]["id"].as_str().unwrap().to_owned();
    // The provider refused it, and did it all the same.
    database
        .execute("INSERT INTO provider_sandbox_givebacks VALUES (?1, ?2, 1000, 'USD')", [&id, &sale.payment])
        .unwrap();
    relent(&database);
    for answer in futures::future::join_all((0..6).map(|_| sale.kim.post(&retry, json!({})))).await {
        answer.assert_problem(409, "invalid_transition");
    }
    assert_eq!(given_back(&database, &sale.payment), 1000);
    assert_eq!(sale.payment().await["refunded"].to_string(), "10.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_at_once_give_back_once() {
    let Some(app) = TestApp::own().await else { return };
    let database = database(&app);
    let sale = sale(&app, REFUNDS_DECLINED).await;
    let retry = sale.refused(10.0).await;
    relent(&database);
    let all = futures::future::join_all((0..8).map(|_| sale.kim.post(&retry, json!({})))).await;
    let mut statuses: Vec<_> = all.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 1].as_slice(), &[409; 7]].concat());
    assert_eq!(given_back(&database, &sale.payment), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_for_an_order_of_a_stopped_seller_goes_back() {
    let app = TestApp::start().await;
    let sale = sale(&app, "4000002500003155").await;
    let status = format!("/api/users/{}/status", sale.kim.id);
    app.admin().await.put(&status, json!({ "disabled": true })).await.assert_status(204);
    let form = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
    let page = format!("/api/payments/sandbox/3ds/{}", sale.payment);
    sale.alice
        .raw(reqwest::Method::POST, &page, form, Some(b"result=approve".to_vec()))
        .await
        .assert_status(303);
    app.eventually("the money went back", || async {
        (sale.payment().await["status"] == "REFUNDED").then_some(())
    })
    .await;
    assert_eq!(sale.order().await["status"], "ORDERED");
}
