//! What clients send, on every route of its kind: `null`, members that are missing, ids, times, cursors.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, address, path_of, pay};

mod world;

use self::world::{Request, World};

/// The way to a member of a body: names and numbers of items.
type Way = Vec<Value>;

/// The ways to all members of `value`.
fn ways(value: &Value, before: &Way, all: &mut Vec<Way>) {
    let steps: Vec<Value> = match value {
        Value::Object(members) => members.keys().map(|name| json!(name)).collect(),
        Value::Array(items) => (0..items.len()).map(|index| json!(index)).collect(),
        _ => Vec::new(),
    };
    for step in steps {
        let mut way = before.clone();
        way.push(step);
        let mut member = value.clone();
        ways(at(&mut member, &way[before.len()..].to_vec()), &way, all);
        all.push(way);
    }
}

fn at<'v>(value: &'v mut Value, way: &Way) -> &'v mut Value {
    way.iter().fold(value, |value, step| match step.as_str() {
        Some(name) => &mut value[name],
        None => &mut value[step.as_u64().unwrap() as usize],
    })
}

/// Such as `items[0].price`.
fn name(way: &Way) -> String {
    let mut name = String::new();
    for step in way {
        match step.as_str() {
            Some(member) if name.is_empty() => name.push_str(member),
            Some(member) => name.push_str(&format!(".{member}")),
            None => name.push_str(&format!("[{step}]")),
        }
    }
    name
}

fn fields(answer: &tests::Response) -> Vec<String> {
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn null_is_refused_in_every_member_of_every_body_and_changes_nothing() {
    let Some(app) = TestApp::own().await else { return };
    let world = World::new(&app).await;
    // The hold of what was paid is settled after the answer.
    app.eventually("the sold items have left the stock", || async {
        let product = world.admin.get(&format!("/api/products/{}", world.product)).await.json();
        (product["onHand"] == json!(998)).then_some(())
    })
    .await;
    let before = world.held().await;
    for Request { who, method, path, body } in world.requests() {
        let mut all = Vec::new();
        ways(&body, &Vec::new(), &mut all);
        for way in all {
            let mut nulled = body.clone();
            *at(&mut nulled, &way) = Value::Null;
            let answer = who.send(method.clone(), &path, &[], Some(nulled)).await;
            let answer = answer.assert_problem(422, "validation_failed");
            assert_eq!(fields(&answer), [name(&way)], "{method} {path}");
        }
        // Nor is a list an object, though it has all that is asked for.
        let values = body.as_object().unwrap().values().cloned().collect();
        for no_object in [Value::Null, Value::Array(values)] {
            let answer = who.send(method.clone(), &path, &[], Some(no_object)).await;
            assert_eq!(fields(&answer.assert_problem(422, "validation_failed")), ["body"], "{method} {path}");
        }
    }
    assert_eq!(world.held().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_comes_twice_is_refused_in_every_body() {
    let Some(app) = TestApp::own().await else { return };
    let world = World::new(&app).await;
    for Request { who, method, path, body } in world.requests() {
        let (first, value) = body.as_object().unwrap().iter().next().unwrap();
        let twice = body.to_string().replacen('{', &format!("{{{}:{value},", json!(first)), 1);
        let headers = vec![("content-type", "application/json".to_owned())];
        let answer = who.raw(method.clone(), &path, headers, Some(twice.into_bytes())).await;
        assert_eq!(
            fields(&answer.assert_problem(422, "validation_failed")),
            std::slice::from_ref(first),
            "{method} {path}"
        );
    }
    let mut body = pay(&world.order, APPROVED_CARD).to_string();
    body = body.replace(r#""number":"#, r#""number":"4000000000000002","number":"#);
    let headers = vec![("content-type", "application/json".to_owned())];
    let answer = world.alice.raw(Method::POST, "/api/payments", headers, Some(body.into_bytes())).await;
    assert_eq!(fields(&answer.assert_problem(422, "validation_failed")), ["cardDetails.number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_missing_members_are_named_at_once() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let stranger = app.stranger();
    let line = json!({ "items": [{}, { "quantity": 1 }], "shippingAddress": { "city": "Seoul" } });
    let lacking: [(&Actor, &str, Value, &[&str]); 6] = [
        (&stranger, "/api/auth/signup", json!({}), &["email", "name", "password"]),
        (&stranger, "/api/auth/login", json!({ "colour": 1 }), &["colour", "email", "password"]),
        (&kim, "/api/products", json!({ "stock": "x" }), &["name", "price", "stock"]),
        (&alice, "/api/orders", json!({}), &["items", "shippingAddress"]),
        (
            &alice,
            "/api/orders",
            line,
            &[
                "items[0].productId",
                "items[0].quantity",
                "items[1].productId",
                "shippingAddress.street",
                "shippingAddress.zipCode",
            ],
        ),
        (
            &alice,
            "/api/payments",
            json!({ "paymentMethod": null }),
            &["cardDetails", "orderId", "paymentMethod"],
        ),
    ];
    for (who, path, body, expected) in lacking {
        let mut found = fields(&who.post(path, body).await.assert_problem(422, "validation_failed"));
        found.sort_unstable();
        let missing: Vec<_> = expected.iter().filter(|name| !found.contains(&name.to_string())).collect();
        assert!(missing.is_empty(), "{path}: {found:?} lacks {missing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_taken_in_any_case_and_given_in_lower_case() {
    let app = TestApp::start().await;
    let World { kim, alice, admin, product, order, payment, .. } = World::new(&app).await;
    let upper = |id: &str| id.to_uppercase();
    let order_id = order["id"].as_str().unwrap();
    let session = alice.get("/api/auth/sessions").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let same = [
        (&alice, "/api/users/", &alice.id, ""),
        (&alice, "/auth/user/", &alice.id, ""),
        (&alice, "/api/products/", &product, ""),
        (&kim, "/api/products/", &product, "/stock"),
        (&alice, "/api/orders/", &order_id.to_owned(), ""),
        (&alice, "/api/orders/", &order_id.to_owned(), "/events"),
        (&alice, "/api/orders/user/", &alice.id, ""),
        (&alice, "/api/payments/", &payment, ""),
        (&alice, "/api/payments/", &payment, "/refunds"),
        (&admin, "/api/products?seller=", &kim.id, ""),
        (&admin, "/api/users?q=", &alice.id, ""),
        (&admin, "/api/v1/audit/events?subject=", &product, ""),
        (&admin, "/api/v1/audit/events?type=jangteo.order.placed.v1&actor=", &alice.id, ""),
    ];
    app.eventually("the audit log has the order", || async {
        let path = format!("/api/v1/audit/events?type=jangteo.order.placed.v1&subject={order_id}");
        admin.get(&path).await.json()["items"].get(0).cloned()
    })
    .await;
    for (who, before, id, after) in same {
        let lower = who.get(&format!("{before}{id}{after}")).await.assert_status(200).json();
        let answer = who.get(&format!("{before}{}{after}", upper(id))).await.assert_status(200).json();
        assert_eq!(answer, lower, "{before}{after}");
        assert!(
            lower.get("items").is_none_or(|items| before.contains("payments") || items.get(0).is_some()),
            "{before}"
        );
    }
    // The same product in another case is the same line.
    let body = json!({
        "items": [{ "productId": product, "quantity": 1 }, { "productId": upper(&product), "quantity": 2 }],
        "shippingAddress": address(),
    });
    let placed = alice.post("/api/orders", body).await.assert_status(201).json();
    assert_eq!(
        (&placed["items"][0]["productId"], &placed["items"][0]["quantity"]),
        (&json!(product), &json!(3))
    );
    let mut body = pay(&placed, APPROVED_CARD);
    body["orderId"] = json!(upper(placed["id"].as_str().unwrap()));
    let paid = alice.post("/api/payments", body).await.assert_status(201).json();
    assert_eq!(paid["orderId"], placed["id"]);
    let check = json!({ "permission": "orders:create", "userId": upper(&alice.id) });
    assert_eq!(
        admin.post("/api/auth/check-permission", check).await.assert_status(200).json()["allowed"],
        json!(true)
    );
    alice.delete(&format!("/api/auth/sessions/{}", upper(&session))).await.assert_status(204);
    for odd in [format!("{{{product}}}"), format!("urn:uuid:{product}"), product.replace('-', "")] {
        kim.get(&format!("/api/products/{odd}")).await.assert_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_id_is_named_in_a_body_and_leads_nowhere_in_a_path() {
    let app = TestApp::start().await;
    let World { kim, alice, admin, product, order, payment, .. } = World::new(&app).await;
    for odd in [format!("{{{product}}}"), product.replace('-', ""), "product-1".to_owned(), String::new()] {
        let lines = json!([{ "productId": product, "quantity": 1 }, { "productId": odd, "quantity": 1 }]);
        let mut payment = pay(&order, APPROVED_CARD);
        payment["orderId"] = json!(odd);
        for (who, path, body, field) in [
            (
                &alice,
                "/api/orders",
                json!({ "items": lines, "shippingAddress": address() }),
                "items[1].productId",
            ),
            (&alice, "/api/payments", payment, "orderId"),
            (&admin, "/api/auth/check-permission", json!({ "permission": "x", "userId": odd }), "userId"),
        ] {
            let refused = who.post(path, body).await.assert_problem(422, "validation_failed");
            assert_eq!(fields(&refused), [field], "{odd}");
        }
    }
    // Both faults are named.
    let body = json!({ "items": [{ "productId": "x", "quantity": 1 }], "shippingAddress": { "street": 7 } });
    let mut both = fields(&alice.post("/api/orders", body).await.assert_problem(422, "validation_failed"));
    both.sort_unstable();
    let all =
        ["items[0].productId", "shippingAddress.city", "shippingAddress.street", "shippingAddress.zipCode"];
    assert_eq!(both, all);
    for path in ["orders/x", "orders/user/x", "payments/x", "users/x", "products/x", "products/x/stock"] {
        kim.get(&format!("/api/{path}")).await.assert_problem(404, "not_found");
    }
    alice.get(&format!("/api/payments/{payment}/refunds/x")).await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_good_for_its_own_list_and_filters() {
    let Some(app) = TestApp::own().await else { return };
    let world = World::new(&app).await;
    // Every list has two items at least.
    for _ in 0..2 {
        app.log_in(world.alice.email.as_ref().unwrap()).await;
        let (kim, refunds) = (&world.kim, format!("/api/payments/{}/refunds", world.payment));
        kim.sells("7.00", 5).await;
        kim.post(&format!("/api/products/{}/stock", world.product), json!({ "delta": 1, "reason": "x" }))
            .await
            .assert_status(200);
        kim.post(&refunds, json!({ "amount": 1, "reason": "x" })).await.assert_status(201);
        world.admin.post("/api/v1/audit/checkpoints", json!({})).await.assert_status(201);
        world.alice.buys(&[&world.product]).await;
        app.buyer(&format!("b{}", fastrand::u64(..))).await;
    }
    world
        .alice
        .put(&path_of(&world.order), json!({ "shippingAddress": address_of("Busan") }))
        .await
        .assert_status(200);
    disputed_and_parked(&app, &world.payment);
    let mut cursors = Vec::new();
    for (who, list, _) in world.lists() {
        let cursor = app
            .eventually(&format!("{list} has a second page"), || async {
                who.get(&format!("{list}&limit=1")).await.assert_status(200).json()["nextCursor"]
                    .as_str()
                    .map(str::to_owned)
            })
            .await;
        let next = who.get(&format!("{list}&limit=2&cursor={cursor}")).await.assert_status(200).json();
        assert!(next["items"].get(0).is_some(), "{list}");
        cursors.push((list, cursor));
    }
    for (who, list, narrower) in world.lists() {
        for (of, cursor) in &cursors {
            let answer = who.get(&format!("{list}&cursor={cursor}")).await;
            if *of == list {
                drop(answer.assert_status(200))
            } else {
                assert_eq!(
                    fields(&answer.assert_problem(422, "validation_failed")),
                    ["cursor"],
                    "{list} by {of}"
                )
            }
        }
        let own = &cursors.iter().find(|(of, _)| *of == list).unwrap().1;
        let cut = &own[..own.len() - 1];
        for odd in
            ["", "x", "%21", "%ff", "%00", "MQ", "null", "eyJ9", cut, &format!("{own}A"), &"A".repeat(3000)]
        {
            let answer = who.get(&format!("{list}&cursor={odd}")).await;
            if answer.status != 200 || !odd.starts_with(cut) {
                assert_eq!(
                    fields(&answer.assert_problem(422, "validation_failed")),
                    ["cursor"],
                    "{list} {odd}"
                );
            }
        }
        if let Some(filter) = narrower {
            let answer = who.get(&format!("{list}&{filter}&cursor={own}")).await;
            assert_eq!(
                fields(&answer.assert_problem(422, "validation_failed")),
                ["cursor"],
                "{list}&{filter}"
            );
        }
    }
}

/// Two disputes of a payment, and two parked events: their providers' and targets' doing, which nobody here can ask
/// for.
fn disputed_and_parked(app: &TestApp, payment: &str) {
    let database = rusqlite::Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let at = "2026-11-21T05:06:07.089Z";
    for number in 1..=2 {
        let of_dispute = format!(
            "INSERT INTO payments_disputes \
             VALUES ('dp_{number}', '{payment}', 1, 'USD', 'x', 'x', 'stripe', 1, 1, '{at}', '{at}')"
        );
        let parked = json!({ "target": "audit", "sequence": number,
            "eventId": "019aa4c5-0007-7000-8000-000000000007", "eventType": "x", "reason": "x" });
        let of_parked = format!(
            "INSERT INTO orders_events (id, stream, version, type, data, actor, time)
             VALUES ('{}', 'delivery:audit:{number}', 1, 'delivery.parked', '{parked}', 'service:orders', '{at}')",
            uuid::Uuid::now_v7()
        );
        database.execute_batch(&format!("{of_dispute};{of_parked}")).unwrap();
    }
}

fn address_of(city: &str) -> Value {
    let mut address = address();
    address["city"] = json!(city);
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_roles_have_the_limit_that_was_asked_for() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    for name in ["ALPHA", "OMEGA"] {
        let role = json!({ "name": name, "permissions": ["orders:read"] });
        admin.post("/api/auth/roles", role).await.assert_status(201);
    }
    let whole = admin.get("/api/auth/roles").await.assert_status(200).json()["items"].clone();
    let names = |items: &Value| -> Vec<Value> {
        items.as_array().unwrap().iter().map(|role| role["name"].clone()).collect()
    };
    assert_eq!(whole.as_array().unwrap().len(), 5);
    for limit in 1..=5 {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page =
                admin.get(&format!("/api/auth/roles?limit={limit}{cursor}")).await.assert_status(200).json();
            assert!(page["items"].as_array().unwrap().len() <= limit);
            found.extend(names(&page["items"]));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, names(&whole), "{limit} at a time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_mean_the_same_on_every_list_and_never_end_an_instance() {
    let Some(app) = TestApp::own().await else { return };
    let world = World::new(&app).await;
    world.alice.buys(&[&world.product]).await;
    let now = world.order["createdAt"].as_str().unwrap();
    let (day, before) = (&now[..10], &now[..19]);
    let lists = [
        (&world.alice, "/api/orders?".to_owned()),
        (&world.admin, format!("/api/orders/user/{}?", world.alice.id)),
        (&world.alice, "/api/payments/history?".to_owned()),
        (&world.admin, "/api/v1/audit/events?type=jangteo.order.placed.v1&".to_owned()),
    ];
    app.eventually("the audit log has the orders", || async {
        let found = world.admin.get("/api/v1/audit/events?type=jangteo.order.placed.v1").await.json();
        (found["items"].as_array().unwrap().len() == 3).then_some(())
    })
    .await;
    for (who, list) in &lists {
        let count = async |query: &str| {
            let page = who.get(&format!("{list}{query}")).await.assert_status(200).json();
            page["items"].as_array().unwrap().len()
        };
        let all = count("").await;
        assert!(all > 0);
        for same in [
            "from=0000-01-01",
            "to=9999-12-31",
            "from=1969-12-31&to=9999-12-31T23:59:59.999Z",
            &format!("from={day}&to=9999-01-01"),
            &format!("from={day}T00:00:00Z"),
            &format!("from={day}T00:00:00%2B00:00"),
            &format!("from={day}T00:00:00+00:00"),
            &format!("from={day}T00:00:00 00:00"),
            "to=2126-01-01T00:00:00+09:00",
        ] {
            assert_eq!(count(same).await, all, "{list}{same}");
        }
        for none in [
            "to=2026-01-01",
            "from=9999-12-31",
            "from=9998-12-31T23:59:59-23:59",
            &format!("to={day}T00:00:00Z"),
        ] {
            assert_eq!(count(none).await, 0, "{list}{none}");
        }
        for (wrong, field) in [
            ("from=yesterday", "from"),
            ("to=2026-02-30", "to"),
            ("from=", "from"),
            ("to=2026-11-29T00:00", "to"),
            ("to=9999-12-31T23:59:59-00:01", "to"),
            ("from=0000-01-01T00:00:00%2B00:01", "from"),
            ("to=10000-01-01", "to"),
            ("from=%2B10000-01-01T00:00:00Z", "from"),
            ("from=2026-11-29&to=2026-11-28", "to"),
            ("to=1", "to"),
            (
                &format!("from={before}Z&to={day}T00:00:00Z"),
                if before.ends_with("T00:00:00") { "" } else { "to" },
            ),
        ] {
            if !field.is_empty() {
                let answer = who.get(&format!("{list}{wrong}")).await;
                assert_eq!(
                    fields(&answer.assert_problem(422, "validation_failed")),
                    [field],
                    "{list}{wrong}"
                );
            }
        }
    }
}
