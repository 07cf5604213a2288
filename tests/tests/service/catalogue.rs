//! The catalogue: changed and withdrawn by its sellers, listed and searched by anyone.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Actor, TestApp};
use uuid::Uuid;

/// A word that no other story's product has.
fn word() -> String {
    format!("w{}", Uuid::now_v7().simple())
}

async fn sell(seller: &Actor<'_>, name: &str, category: &str, price: &str) -> String {
    let price: Value = serde_json::from_str(price).unwrap();
    let body = json!({ "name": name, "category": category, "price": price, "stock": 5 });
    seller.post("/api/products", body).await.assert_status(201).text("id")
}

/// The names on all pages of a list, two by two.
async fn names(app: &TestApp, path: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.stranger().get(&format!("{path}limit=2{cursor}")).await.assert_status(200).json();
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextCursor"].as_str() else { return names };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_changes_a_product_and_a_stale_copy_cannot() {
    let app = TestApp::start().await;
    let (kim, lee) = (app.seller("kim").await, app.seller("lee").await);
    let path = format!("/api/products/{}", sell(&kim, "Tea", "tea", "5.00").await);
    let tag = app.stranger().get(&path).await.header("etag").unwrap().to_owned();
    let change = json!({ "name": "Oolong", "category": "fine", "price": 7.5 });
    let put = |actor, tag| {
        let (path, change): (&str, _) = (&path, change.clone());
        let send = async move |actor: &Actor<'_>, tag: String| {
            actor.send(Method::PUT, path, &[("if-match", &tag)], Some(change)).await
        };
        send(actor, tag)
    };
    let changed = put(&kim, tag.clone()).await.assert_status(200);
    let shown = app.stranger().get(&path).await.assert_status(200);
    assert_eq!((changed.json(), changed.header("etag")), (shown.json(), shown.header("etag")));
    let product = shown.json();
    assert_eq!((&product["name"], &product["onHand"]), (&json!("Oolong"), &json!(5)), "stock stays");
    assert!(String::from_utf8_lossy(&shown.body).contains("\"price\":7.50"));
    put(&kim, tag.clone()).await.assert_problem(412, "precondition_failed");
    put(&lee, "*".to_owned()).await.assert_problem(404, "not_found");
    let fresh = [("if-none-match", shown.header("etag").unwrap())];
    app.stranger().send(Method::GET, &path, &fresh, None).await.assert_status(304);
    let won = json!({ "name": "Oolong", "price": 7, "currency": "KRW" });
    let problem = kim.put(&path, won).await.assert_problem(422, "validation_failed").json();
    assert_eq!(problem["errors"][0]["field"], "currency");
    app.admin().await.put(&path, change).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_one_copy_one_counts() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    let path = format!("/api/products/{}", sell(&kim, "Tea", "tea", "5.00").await);
    for round in 0..20 {
        let tag = kim.get(&path).await.header("etag").unwrap().to_owned();
        let put = |price: i64| {
            let (kim, path, tag) = (&kim, &path, &tag);
            let change = json!({ "name": "Tea", "price": price });
            async move { kim.send(Method::PUT, path, &[("if-match", tag)], Some(change)).await.status }
        };
        let (a, b) = tokio::join!(put(1), put(2));
        let mut statuses = [a, b];
        statuses.sort();
        assert_eq!(statuses, [200, 412], "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_product_is_not_sold_but_still_shown_to_those_who_have_it() {
    let app = TestApp::start().await;
    let (kim, lee, alice) = (app.seller("kim").await, app.seller("lee").await, app.buyer("alice").await);
    let word = word();
    let product = sell(&kim, &word, &word, "5.00").await;
    let path = format!("/api/products/{product}");
    let order = alice.orders(&product, 1).await.assert_status(201).text("id");
    let stale = [("if-match", "\"1\"")];
    kim.send(Method::DELETE, &path, &stale, None).await.assert_problem(412, "precondition_failed");
    lee.delete(&path).await.assert_problem(404, "not_found");
    kim.delete(&path).await.assert_status(204);
    kim.delete(&path).await.assert_status(204);
    alice.orders(&product, 1).await.assert_problem(422, "validation_failed");
    for list in [format!("category/{word}?"), format!("?q={word}&"), format!("?seller={}&", kim.id)] {
        let path = format!("/api/products/{list}").replace("products/?", "products?");
        assert_eq!(names(&app, &path).await, [""; 0], "{path}");
    }
    let shown = app.stranger().get(&path).await.assert_status(200).json();
    assert_eq!((&shown["active"], &shown["name"]), (&json!(false), &json!(word)));
    let order = alice.get(&format!("/api/orders/{order}")).await.assert_status(200).json();
    assert_eq!(order["items"][0]["name"], json!(word));
    kim.put(&path, json!({ "name": word, "price": 5, "active": true })).await.assert_status(200);
    alice.orders(&product, 1).await.assert_status(201);
    assert_eq!(names(&app, &format!("/api/products?q={word}&")).await, [word]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_and_sorted_page_by_page() {
    let app = TestApp::start().await;
    let (kim, lee) = (app.seller("kim").await, app.seller("lee").await);
    let tea = word();
    for (seller, name, price) in
        [(&kim, "Cup", "8.00"), (&lee, "apple", "1.50"), (&kim, "Bowl", "8.00"), (&kim, "dish", "12")]
    {
        sell(seller, name, &tea, price).await;
    }
    sell(&kim, "Elsewhere", &word(), "1").await;
    let kim = &kim.id;
    let questions: [(String, &[&str]); 9] = [
        (format!("?category={tea}&"), &["dish", "Bowl", "apple", "Cup"]),
        (format!("/category/{tea}?"), &["dish", "Bowl", "apple", "Cup"]),
        (format!("/category/{tea}?sort=price&"), &["apple", "Cup", "Bowl", "dish"]),
        (format!("?category={tea}&sort=-price&"), &["dish", "Bowl", "Cup", "apple"]),
        (format!("?category={tea}&sort=name&"), &["apple", "Bowl", "Cup", "dish"]),
        (format!("?category={tea}&seller={kim}&sort=price&"), &["Cup", "Bowl", "dish"]),
        (format!("?category={tea}&minPrice=2&maxPrice=8&"), &["Bowl", "Cup"]),
        (format!("?category={tea}&minPrice=1.5&maxPrice=8&sort=-price&"), &["Bowl", "Cup", "apple"]),
        (format!("?category={tea}&currency=KRW&"), &[]),
    ];
    for (query, expected) in questions {
        assert_eq!(names(&app, &format!("/api/products{query}")).await, expected, "{query}");
        assert_eq!(names(&app, &format!("/products{query}")).await, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_list_is_refused_and_so_is_nonsense() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    let tea = word();
    for price in ["1", "2", "3"] {
        sell(&kim, "Tea", &tea, price).await;
    }
    let page = app.stranger().get(&format!("/api/products?category={tea}&sort=price&limit=1")).await.json();
    let cursor = page["nextCursor"].as_str().unwrap();
    let wrong = [
        (format!("category={tea}&sort=name&cursor={cursor}"), "cursor"),
        (format!("category=other&sort=price&cursor={cursor}"), "cursor"),
        (format!("category={tea}&sort=price&maxPrice=2&cursor={cursor}"), "cursor"),
        ("sort=colour".to_owned(), "sort"),
        ("minPrice=cheap".to_owned(), "minPrice"),
        ("maxPrice=1.999".to_owned(), "maxPrice"),
        ("currency=dollars".to_owned(), "currency"),
        ("q=%22*%22".to_owned(), "q"),
    ];
    for (query, field) in wrong {
        let answer = app.stranger().get(&format!("/api/products?{query}")).await;
        let problem = answer.assert_problem(422, "validation_failed").json();
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
}

/// What is found for a search, by index or without.
async fn searches(app: &TestApp) {
    let kim = app.seller("kim").await;
    let (word, tea) = (word(), word());
    for (name, price) in [("Green tea", "3"), ("Tea-pot NEAR you", "30"), ("녹차 보성", "5")] {
        sell(&kim, &format!("{name} {word}"), &tea, price).await;
    }
    let questions: [(&str, &[&str]); 8] = [
        ("tea", &["Tea-pot NEAR you", "Green tea"]),
        ("TEA&sort=price", &["Green tea", "Tea-pot NEAR you"]),
        ("te+gre", &["Green tea"]),
        ("%EB%85%B9", &["녹차 보성"]),
        ("near", &["Tea-pot NEAR you"]),
        ("tea+OR", &[]),
        ("%22tea%22)+*%27+--", &["Tea-pot NEAR you", "Green tea"]),
        ("tea&minPrice=10", &["Tea-pot NEAR you"]),
    ];
    for (question, expected) in questions {
        let found = names(app, &format!("/api/products?q={word}+{question}&")).await;
        let found: Vec<_> = found.iter().map(|name| name.replace(&format!(" {word}"), "")).collect();
        assert_eq!(found, expected, "{question}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_by_their_beginnings() {
    searches(&TestApp::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_where_the_store_has_no_fts5() {
    let Some(app) = TestApp::own().await else { return };
    app.stranger().get("/api/products").await.assert_status(200);
    // What the migration leaves out there: see the tests of `store`.
    let db = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.execute_batch(
        "DROP TRIGGER products_search_new; DROP TRIGGER products_search_changed; DROP TABLE products_search;",
    )
    .unwrap();
    searches(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_sees_what_changed_the_stock_and_why() {
    let app = TestApp::start().await;
    let (kim, lee) = (app.seller("kim").await, app.seller("lee").await);
    let path = format!("/api/products/{}/stock", sell(&kim, "Tea", "tea", "5.00").await);
    for (delta, reason) in [(3, "delivery"), (-1, "broken")] {
        let changed = kim.post(&path, json!({ "delta": delta, "reason": reason })).await.assert_status(200);
        assert!(changed.header("etag").is_some());
    }
    let first = kim.get(&format!("{path}?limit=2")).await.assert_status(200).json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = kim.get(&format!("{path}?limit=2&cursor={cursor}")).await.assert_status(200).json();
    let pages = first["items"].as_array().unwrap().iter().chain(rest["items"].as_array().unwrap());
    let seen: Vec<_> = pages.map(|m| (m["delta"].as_i64().unwrap(), m["reason"].as_str())).collect();
    assert_eq!(seen, [(-1, Some("broken")), (3, Some("delivery")), (5, None)]);
    assert_eq!((&rest["nextCursor"], &first["items"][0]["actor"]), (&Value::Null, &json!(kim.id)));
    lee.get(&path).await.assert_problem(404, "not_found");
    kim.get(&format!("{path}?cursor=eA")).await.assert_problem(422, "validation_failed");
}
