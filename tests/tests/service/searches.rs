//! Searches whose parts are combined: what leads the search changes nothing in what is found.

use serde_json::{Value, json};
use tests::{Actor, TestApp};

async fn found(who: &Actor<'_>, path: &str, member: &str) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), path.to_owned());
    loop {
        let page = who.get(&next).await.assert_status(200).json();
        let items = page["items"].as_array().unwrap();
        all.extend(items.iter().map(|item| item[member].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { return all };
        next = format!("{path}&cursor={cursor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_words_and_roles_page_by_page() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    let people =
        [("Ada Byron", "SELLER"), ("Ada King", "BUYER"), ("Byron Ada Lee", "BUYER"), ("Kim Lee", "SELLER")];
    for (number, (name, role)) in people.iter().enumerate() {
        let email = app.email(&format!("p{number}"));
        let body = json!({ "email": email, "password": "password123", "name": name, "role": role });
        app.stranger().post("/api/auth/signup", body).await.assert_status(201);
    }
    app.eventually("all profiles are there", || async {
        let sellers = found(&admin, "/api/users?role=SELLER", "name").await.len();
        let buyers = found(&admin, "/api/users?role=BUYER", "name").await.len();
        (sellers == 2 && buyers == 2).then_some(())
    })
    .await;
    let questions: [(&str, &[&str]); 9] = [
        ("q=ada", &["Byron Ada Lee", "Ada King", "Ada Byron"]),
        ("q=byron%20ada", &["Byron Ada Lee", "Ada Byron"]),
        ("q=ada%20byron%20lee", &["Byron Ada Lee"]),
        ("q=ada%20kim", &[]),
        ("role=SELLER", &["Kim Lee", "Ada Byron"]),
        ("q=ada&role=BUYER", &["Byron Ada Lee", "Ada King"]),
        ("q=lee&role=SELLER", &["Kim Lee"]),
        ("role=SUPPORT", &[]),
        ("q=%21%3F", &[]),
    ];
    for (query, names) in questions {
        for limit in [1, 2, 100] {
            let path = format!("/api/users?limit={limit}&{query}");
            assert_eq!(found(&admin, &path, "name").await, names, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_the_same_whether_they_are_gathered_or_met_along_the_order() {
    let app = TestApp::start().await;
    let kim = app.seller("kim").await;
    // A category that no other story has.
    let category = uuid::Uuid::now_v7().simple().to_string();
    for number in 1..=6 {
        let name = if number % 2 == 0 { "Green tea" } else { "Cup" };
        let currency = if number % 3 == 0 { "EUR" } else { "USD" };
        let body: Value = json!({ "name": format!("{name} {number}"), "category": category, "price": number,
            "currency": currency, "stock": 1 });
        kim.post("/api/products", body).await.assert_status(201);
    }
    let questions: [(&str, &[&str]); 7] = [
        ("currency=EUR", &["Green tea 6", "Cup 3"]),
        ("currency=JPY", &[]),
        ("minPrice=2&maxPrice=4", &["Green tea 4", "Green tea 2"]),
        ("minPrice=900000", &[]),
        ("q=tea&minPrice=3", &["Green tea 4"]),
        ("q=tea&sort=-price", &["Green tea 4", "Green tea 2"]),
        ("q=cup&sort=name&currency=USD", &["Cup 1", "Cup 5"]),
    ];
    for (query, names) in questions {
        for limit in [1, 100] {
            let path = format!("/api/products?limit={limit}&category={category}&{query}");
            assert_eq!(found(&app.stranger(), &path, "name").await, names, "{path}");
        }
    }
}
