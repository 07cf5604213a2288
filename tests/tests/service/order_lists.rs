//! Lists of orders: by state, by day, of a user.

use serde_json::{Value, json};
use tests::{Actor, TestApp};

/// The ids that a list has, over all of its pages.
async fn ids(who: &Actor<'_>, path: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = who.get(&format!("{path}limit=2{cursor}")).await.assert_status(200).json();
        found.extend(page["items"].as_array().unwrap().iter().map(|order| order["id"].clone()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_limited_by_state_and_by_when_orders_were_placed() {
    let app = TestApp::start().await;
    let (kim, alice, admin) = (app.seller("kim").await, app.buyer("alice").await, app.admin().await);
    let tea = kim.sells("5.00", 99).await;
    let mut placed = Vec::new();
    for number in 0..5 {
        let order = match number % 2 {
            0 => alice.buys(&[&tea]).await,
            _ => alice.orders(&tea, 1).await.assert_status(201).json(),
        };
        placed.insert(0, order);
    }
    let of = |keep: fn(usize) -> bool| -> Vec<_> {
        placed.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, order)| order["id"].clone()).collect()
    };
    for who in [&alice, &kim] {
        assert_eq!(ids(who, "/api/orders?").await, of(|_| true));
        assert_eq!(ids(who, "/api/orders?status=PAID&").await, of(|at| at % 2 == 0));
        assert_eq!(ids(who, "/api/orders?status=ORDERED&").await, of(|at| at % 2 == 1));
        assert_eq!(ids(who, "/api/orders?status=REFUNDED&").await, of(|_| false));
        let (from, to) = (placed[3]["createdAt"].as_str().unwrap(), placed[1]["createdAt"].as_str().unwrap());
        assert_eq!(ids(who, &format!("/api/orders?from={from}&to={to}&")).await, of(|at| at == 2 || at == 3));
        let both = format!("/api/orders?status=PAID&from={from}&");
        assert_eq!(ids(who, &both).await, of(|at| at == 0 || at == 2));
        let day = &from[..10];
        assert_eq!(ids(who, &format!("/api/orders?from={day}&to=2126-01-01&")).await.len(), 5);
        assert_eq!(ids(who, "/api/orders?to=2026-01-01&").await, of(|_| false));
    }
    let all = ids(&admin, &format!("/api/orders/user/{}?status=PAID&", alice.id)).await;
    assert_eq!(all, of(|at| at % 2 == 0));
    let from = placed[4]["createdAt"].as_str().unwrap();
    let seen = ids(&admin, &format!("/api/orders?status=PAID&from={from}&")).await;
    assert!(of(|at| at % 2 == 0).iter().all(|id| seen.contains(id)), "an ADMIN sees everyone's");
    for wrong in ["status=paid", "from=yesterday", "to=2026-02-30", "cursor=*"] {
        alice.get(&format!("/api/orders?{wrong}")).await.assert_problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_orders_of_a_user_are_seen_by_whom_they_concern() {
    let app = TestApp::start().await;
    let (kim, lee) = (app.seller("kim").await, app.seller("lee").await);
    let (alice, eve) = (app.buyer("alice").await, app.buyer("eve").await);
    let (tea, cup) = (kim.sells("5.00", 9).await, lee.sells("7.00", 9).await);
    let of_kim = alice.orders(&tea, 1).await.assert_status(201).json();
    let of_both = alice.post("/orders", tests::order_of(&[&tea, &cup])).await.assert_status(201).json();
    let path = format!("/api/orders/user/{}", alice.id);
    let own = alice.get(&path).await.assert_status(200).json();
    assert_eq!(own["items"], json!([of_both, of_kim]));
    eve.get(&path).await.assert_problem(404, "not_found");
    let seen = lee.get(&path).await.assert_status(200).json();
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    assert_eq!(seen["items"][0]["items"].as_array().unwrap().len(), 1, "own lines only");
    assert_eq!(seen["items"][0]["total"].to_string(), "7.00");
    let nothing = lee.get(&format!("/api/orders/user/{}", eve.id)).await.assert_status(200).json();
    assert_eq!(nothing["items"], json!([]));
}
