//! What `seed-load` writes is as the services would have written it.

use std::process::Command;

use serde_json::json;
use tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_seeded_database_is_read_and_bought_from() {
    let Some(app) = TestApp::own().await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    // Each service makes its tables at its first request.
    for path in ["/api/products", "/api/orders"] {
        admin.get(path).await.assert_status(200);
    }
    let database = app.state_dir().unwrap().join("sqlite_db.db");
    let seeded = Command::new(env!("CARGO_BIN_EXE_seed-load")).args(["5", "40"]).arg(database).status();
    assert!(seeded.unwrap().success());
    for path in
        ["/api/products?sort=price", "/api/orders", "/api/orders?status=PAID", "/api/orders?status=CANCELLED"]
    {
        let found = admin.get(path).await.assert_status(200).json();
        let first = found["items"][0]["id"].as_str().expect(path);
        let one = format!("{}/{first}", path.split('?').next().unwrap());
        admin.get(&one).await.assert_status(200);
    }
    let product = admin.get("/api/products").await.json()["items"][0]["id"].clone();
    let order = json!({ "items": [{ "productId": product, "quantity": 1 }],
        "shippingAddress": { "street": "1 Main St", "city": "Seoul", "zipCode": "12345" } });
    alice.post("/api/orders", order).await.assert_status(201);
}
