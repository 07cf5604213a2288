//! Erasing a person: what is gone, what stays, and that the log still makes the same tables.

use std::path::Path;

use rusqlite::{Connection, types::Value as Cell};
use serde_json::json;
use tests::{APPROVED_CARD, TestApp, order_for, pay};

/// Every ciphertext begins so: the version of the vault's format.
const CIPHERTEXT: &str = "v1.";

fn open(state: &Path) -> Connection {
    Connection::open(state.join("sqlite_db.db")).unwrap()
}

fn texts(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
    rows.map(|row| row.unwrap().unwrap_or_default()).collect()
}

/// The ciphertexts that the database holds, wherever.
fn ciphertexts(db: &Connection) -> Vec<String> {
    let mut found = Vec::new();
    for table in texts(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    {
        for row in rows(db, &table) {
            let cells =
                row.iter().filter_map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None });
            let parts = cells.flat_map(|text| text.split('"')).filter(|part| part.starts_with(CIPHERTEXT));
            found.extend(parts.map(str::to_owned));
        }
    }
    found
}

fn rows(db: &Connection, table: &str) -> Vec<Vec<Cell>> {
    let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at)).collect();
    let mut rows: Vec<Vec<Cell>> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_the_password_to_erase_is_slowed_down_and_says_for_how_long() {
    let app = TestApp::start().await;
    let alice = app.buyer("alice").await;
    for _ in 0..30 {
        let answer = alice.erases_themselves("not the password").await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
            return;
        }
        answer.assert_problem(422, "validation_failed");
    }
    panic!("thirty guesses are never slowed down");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_left_and_business_goes_on() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, kim) = (app.admin().await, app.seller("kim").await);
    let before = ciphertexts(&open(app.state_dir().unwrap()));
    let alice = app.buyer("alice").await;
    let (email, path) = (alice.email.clone().unwrap(), format!("/api/users/{}", alice.id));
    let home = json!({ "name": "Alice B", "phone": "+82 10 1234 5678", "addresses": [tests::address()] });
    alice.put(&path, home).await.assert_status(200);
    let product = kim.sells("5.00", 9).await;
    let order = alice.post_keyed("/api/orders", "k", order_for(&product, 1)).await.assert_status(201).json();
    let payment = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201).text("id");
    let mut personal = ciphertexts(&open(app.state_dir().unwrap()));
    personal.retain(|text| !before.contains(text));
    assert!(personal.len() >= 8, "e-mail, name, phone, addresses and copies: {personal:?}");

    alice.erases_themselves("password123").await.assert_status(204);

    let order_path = format!("/api/orders/{}", order["id"].as_str().unwrap());
    let order = app
        .eventually("the address is gone", || async {
            let order = admin.get(&order_path).await.assert_status(200).json();
            order["shippingAddress"].is_null().then_some(order)
        })
        .await;
    assert_eq!((&order["status"], &order["buyerId"]), (&json!("PAID"), &json!(alice.id)));
    admin.get(&format!("/api/payments/{payment}")).await.assert_status(200);
    admin.get(&path).await.assert_problem(404, "not_found");
    kim.get(&path).await.assert_problem(404, "not_found");
    kim.get(&format!("/auth/user/{}", alice.id)).await.assert_problem(404, "not_found");
    for q in [&email, &alice.id, "alice"] {
        let found = admin.get(&format!("/api/users?q={q}")).await.assert_status(200).json();
        assert!(found["items"].as_array().unwrap().is_empty(), "{q}: {found}");
    }
    let events = format!("/api/v1/audit/events?subject={}&type=jangteo.user.erased.v1", alice.id);
    app.eventually("the erasure is in the audit log", || async {
        let events = admin.get(&events).await.assert_status(200).json();
        events["items"].as_array().unwrap().first().map(|_| ())
    })
    .await;
    let verified = admin.get("/api/v1/audit/verify").await.assert_status(200).json();
    assert_eq!(verified["valid"], true, "{verified}");

    let db = open(app.state_dir().unwrap());
    let left = ciphertexts(&db);
    assert!(personal.iter().all(|text| !left.contains(text)));
    let own = format!(
        "SELECT private FROM auth_events WHERE private IS NOT NULL AND (stream = '{0}' OR data LIKE '%{0}%') \
         UNION ALL SELECT private FROM users_events WHERE private IS NOT NULL AND stream = '{0}' \
         UNION ALL SELECT private FROM orders_events WHERE private IS NOT NULL AND data LIKE '%{0}%'",
        alice.id
    );
    assert_eq!(texts(&db, &own), [""; 0]);
    // Not in the pages that were freed either, nor in the write-ahead log.
    app.eventually("it is gone from the disk", || async {
        let on_disk: Vec<u8> = ["sqlite_db.db", "sqlite_db.db-wal"]
            .iter()
            .flat_map(|file| std::fs::read(app.state_dir().unwrap().join(file)).unwrap_or_default())
            .collect();
        let is_there = |text: &String| on_disk.windows(text.len()).any(|window| window == text.as_bytes());
        (!personal.iter().any(is_there)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_is_out_and_the_email_is_free() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (email, path) = (alice.email.clone().unwrap(), format!("/api/users/{}", alice.id));
    let product = kim.sells("5.00", 9).await;
    let first = alice.orders(&product, 1).await.assert_status(201).json();
    alice.erases_themselves("password123").await.assert_status(204);
    alice.erases_themselves("password123").await.assert_problem(404, "not_found");
    alice.get("/api/auth/me").await.assert_problem(401, "unauthenticated");
    alice.put(&path, json!({ "name": "Alice" })).await.assert_problem(404, "not_found");
    let refresh = json!({ "refreshToken": alice.refresh });
    app.stranger().post("/api/auth/refresh", refresh).await.assert_problem(401, "unauthenticated");
    let login = json!({ "email": email, "password": "password123" });
    app.stranger().post("/api/auth/login", login).await.assert_problem(401, "invalid_credentials");
    // The access token is good for some minutes more, but leaves nothing personal behind.
    app.eventually("orders knows", || async {
        let order = alice.get(&format!("/api/orders/{}", first["id"].as_str().unwrap())).await.json();
        order["shippingAddress"].is_null().then_some(())
    })
    .await;
    alice.orders(&product, 1).await.assert_problem(401, "unauthenticated");
    let again = json!({ "email": email, "password": "password123", "name": "Alice" });
    let again = app.stranger().post("/api/auth/signup", again).await.assert_status(201);
    assert_ne!(again.text("id"), alice.id);
    app.log_in(&email).await;
}

/// The events of a service, inserted in their order into empty tables, make the same tables.
fn assert_replays(state: &Path, service: &str) {
    let replayed = Connection::open_in_memory().unwrap();
    replayed.execute("ATTACH ?1 AS live", [state.join("sqlite_db.db").to_str().unwrap()]).unwrap();
    let made = format!(
        "SELECT sql FROM live.sqlite_master WHERE tbl_name LIKE '{service}\\_%' ESCAPE '\\' AND sql IS NOT NULL \
         ORDER BY type = 'trigger', type = 'view', type = 'index', rowid"
    );
    for statement in texts(&replayed, &made) {
        replayed.execute_batch(&statement).unwrap();
    }
    let events =
        format!("INSERT INTO main.{service}_events SELECT * FROM live.{service}_events ORDER BY seq");
    replayed.execute_batch(&events).unwrap();
    let tables = format!(
        "SELECT name FROM live.sqlite_master WHERE type = 'table' AND name LIKE '{service}\\_%' ESCAPE '\\' \
         AND name NOT LIKE '%\\_schema' ESCAPE '\\' AND name NOT LIKE '%\\_cursors' ESCAPE '\\' \
         AND name NOT IN ('auth_throttle', 'orders_transitions')"
    );
    let tables = texts(&replayed, &tables);
    assert!(tables.len() > 2, "{tables:?}");
    for table in tables {
        assert_eq!(
            rows(&replayed, &format!("main.{table}")),
            rows(&replayed, &format!("live.{table}")),
            "{table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_makes_the_same_tables_after_an_erasure() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, kim, bob) = (app.admin().await, app.seller("kim").await, app.buyer("bob").await);
    let product = kim.sells("5.00", 9).await;
    for buyer in [&bob, &app.buyer("alice").await] {
        let path = format!("/api/users/{}", buyer.id);
        buyer.put(&path, json!({ "name": "B", "phone": "112" })).await.assert_status(200);
        buyer.orders(&product, 1).await.assert_status(201);
        let change = json!({ "currentPassword": "password123", "newPassword": "a better password" });
        buyer.post("/api/auth/password", change).await.assert_status(204);
        let email = json!({ "email": app.email(&buyer.id[24..]), "currentPassword": "a better password" });
        buyer.put(&format!("{path}/email"), email).await.assert_status(204);
        // Roles and state depend on who else is ADMIN, also while an account is replayed that is erased later.
        let (roles, state) = (format!("/api/auth/users/{}/roles", buyer.id), format!("{path}/status"));
        admin.put(&roles, json!({ "roles": ["ADMIN"] })).await.assert_status(200);
        admin.put(&state, json!({ "disabled": true })).await.assert_status(204);
        admin.put(&state, json!({ "disabled": false })).await.assert_status(204);
    }
    let alice = admin.get("/api/users?limit=1").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    admin.delete(&format!("/api/users/{alice}")).await.assert_status(204);
    let state = app.state_dir().unwrap();
    app.eventually("orders has erased, too", || async {
        let erased = texts(&open(state), "SELECT buyer_id FROM orders_erased");
        (erased == [alice.clone()]).then_some(())
    })
    .await;
    for service in ["auth", "users", "orders"] {
        assert_replays(state, service);
    }
}
