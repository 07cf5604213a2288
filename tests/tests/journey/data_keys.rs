//! The key of personal data is replaced by the one who runs the deployment.

use serde_json::json;
use tests::HostProcess;

/// A key, as `openssl rand -hex 32` prints one.
const NEW_KEY: &str = "3f1c0de5a9b84d27c6e1f0a2b3948576d0c1e2f3a4b5968778695a4b3c2d1e0f";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_data_key_leaves_what_is_there_readable_and_findable() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let database = || rusqlite::Connection::open(state.path().join("sqlite_db.db")).unwrap();
    let host = HostProcess::start(state.path());
    let app = host.app();
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let order = alice.orders(&kim.sells("5.00", 1).await, 1).await.assert_status(201).text("id");
    let (email, path) = (alice.email.clone().unwrap(), format!("/api/users/{}", alice.id));
    host.kill();

    // As README says: in front of the key that was made at first start.
    let made: String =
        database().query_row("SELECT hex(key) FROM identity_data_key", [], |row| row.get(0)).unwrap();
    let host = HostProcess::with_variables(state.path(), &[("data_key", &format!("{NEW_KEY},{made}"))]);
    let app = host.app();
    let alice = app.log_in(&email).await;
    assert_eq!(alice.get(&path).await.assert_status(200).text("name"), "alice");
    let read = alice.get(&format!("/api/orders/{order}")).await.assert_status(200).json();
    assert_eq!(read["shippingAddress"], tests::address());
    let name = |db: &rusqlite::Connection| {
        let sql = "SELECT name FROM users_profiles WHERE id = ?1";
        db.query_row(sql, [&alice.id], |row| row.get::<_, String>(0)).unwrap()
    };
    let old = name(&database());
    alice.put(&path, json!({ "name": "Alice B" })).await.assert_status(200);
    let new = name(&database());
    let key = |ciphertext: &str| ciphertext.split('.').nth(1).unwrap().to_owned();
    assert_ne!(key(&old), key(&new), "what is written is of the new key");
    assert_eq!(alice.get(&path).await.assert_status(200).text("name"), "Alice B");
}
