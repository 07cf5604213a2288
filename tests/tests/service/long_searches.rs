//! Searches in long tables: a page looks at a bounded number of rows, however few match, and goes on from there. The
//! work is measured in steps of SQLite's machine: these are the same on every machine.

use rusqlite::Connection;
use serde_json::Value;
use tests::{Actor, TestApp};

/// The most steps of a statement over the log or people: 10,000 are looked at, at up to 17 steps each.
const MOST: i32 = 180_000;
/// The same of the catalogue: the 50,000 products with a word of which a set is made are counted at 7 each.
const MOST_OF_CATALOGUE: i32 = 380_000;

/// A database that a running app uses, too.
fn database(app: &TestApp) -> Connection {
    let db = Connection::open(app.state_dir().unwrap().join("sqlite_db.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    db
}

/// All that a search finds and on how many pages; no statement of it took too many steps.
async fn all_of(app: &TestApp, who: &Actor<'_>, path: &str, most: i32) -> (Vec<Value>, usize) {
    let (mut all, mut pages, mut next) = (Vec::new(), 0, path.to_owned());
    loop {
        app.longest_statement();
        let page = who.get(&next).await.assert_status(200).json();
        let (sql, steps) = app.longest_statement();
        assert!(steps <= most, "{path}: {steps} steps for page {pages}:\n{sql}");
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        pages += 1;
        let Some(cursor) = page["nextCursor"].as_str() else { return (all, pages) };
        next = format!("{path}&cursor={cursor}");
    }
}

/// Entries 1 to 100,000: one a second, the even ones by ann. Two of four are of type a, and the oldest forty rare.
const ENTRIES: i64 = 100_000;
const FILL_LOG: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1), \
    e AS (SELECT i, 'e' || i AS id, iif(i % 2, 'bob', 'ann') AS actor, iif(i % 2, 'odd', 'even') AS subject, \
      CASE WHEN i <= 40 THEN 'com.example.rare' WHEN i % 4 < 2 THEN 'com.example.a' ELSE 'com.example.b' END AS type, \
      strftime('%Y-%m-%dT%H:%M:%fZ', 1577836800 + i, 'unixepoch') AS time FROM n) \
    INSERT INTO audit_log (seq, source, id, type, subject, actor, time, received_at, event, hash) \
    SELECT ?2 + i, 'https://example.com/x', id, type, subject, actor, time, time, \
      json_object('specversion', '1.0', 'id', id, 'source', 'https://example.com/x', 'type', type, 'subject', subject, \
        'actor', actor, 'time', time), hex(i) FROM e";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_combined_audit_filters_looks_at_a_bounded_number_of_entries() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    app.settled().await;
    let mut db = database(&app);
    let filling = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let head: i64 = filling.query_row("SELECT seq FROM audit_head", [], |row| row.get(0)).unwrap();
    filling.execute(FILL_LOG, (ENTRIES, head)).unwrap();
    filling.commit().unwrap();
    let kind = |i: i64| match i {
        ..=40 => "rare",
        i if i % 4 < 2 => "a",
        _ => "b",
    };
    type Wanted<'a> = &'a dyn Fn(i64) -> bool;
    // The question, what it finds, and the most pages.
    let (five_hours, old): (_, Wanted<'_>) = ("from=2020-01-01T00:00:00Z&to=2020-01-01T05:00:00Z", &|i| {
        i < 18_000 && i % 4 == 1 && kind(i) == "a"
    });
    let questions: [(String, Wanted<'_>, usize); 8] = [
        ("actor=ann&type=com.example.a".to_owned(), &|i| i % 2 == 0 && kind(i) == "a", 260),
        ("actor=bob&subject=even".to_owned(), &|_| false, 7),
        ("actor=ann&type=com.example.rare".to_owned(), &|i| i % 2 == 0 && i <= 40, 1),
        ("actor=ann&type=com.example.rare&subject=odd".to_owned(), &|_| false, 1),
        ("from=2020-01-01T01:00:00Z&to=2020-01-01T01:10:00Z".to_owned(), &|i| (3600..4200).contains(&i), 6),
        (format!("actor=bob&type=com.example.a&{five_hours}"), old, 47),
        ("from=2019-01-01&to=2019-01-02".to_owned(), &|_| false, 1),
        ("source=https://example.com/y&from=2020-01-01&to=2020-01-01".to_owned(), &|_| false, 10),
    ];
    for (question, wanted, most) in questions {
        let path = format!("/api/v1/audit/events?limit=100&{question}");
        let (found, pages) = all_of(&app, &admin, &path, MOST).await;
        let found: Vec<i64> = found.iter().map(|event| event["sequence"].as_i64().unwrap() - head).collect();
        let expected: Vec<i64> = (1..=ENTRIES).rev().filter(|i| wanted(*i)).collect();
        assert!(found == expected, "{question}: {} of {}", found.len(), expected.len());
        assert!(pages <= most, "{question}: {pages} pages");
    }
    // What is searched for by time is found at once, however long ago it was.
    let path = format!("/api/v1/audit/events?limit=100&{five_hours}");
    let first = admin.get(&path).await.assert_status(200).json();
    assert_eq!(first["items"].as_array().unwrap().len(), 100);
    assert_eq!(first["items"][0]["id"], "e17999");
}

/// Products 1 to 60,000: the even ones green, the others black; each as dear as its number, the newer half in EUR.
const PRODUCTS: i64 = 60_000;
const FILL_CATALOGUE: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
    INSERT INTO products_products (id, seller_id, name, description, category, price, currency, on_hand, created_at, \
      updated_at, number) \
    SELECT printf('7fffffff-0001-7000-8000-%012d', i), ?2, printf('Thing %05d', i * 7 % 60001), \
      iif(i % 2, 'black', 'green'), 'mass', i * 100, iif(i <= 30000, 'USD', 'EUR'), 1, \
      '2026-11-21T05:06:07.089Z', '2026-11-21T05:06:07.089Z', 1000000 + i \
    FROM n";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_catalogue_looks_at_a_bounded_number_of_products() {
    let Some(app) = TestApp::own().await else { return };
    let kim = app.seller("kim").await;
    kim.get("/api/products").await.assert_status(200);
    let db = database(&app);
    db.execute(FILL_CATALOGUE, (PRODUCTS, &kim.id)).unwrap();
    type Wanted<'a> = &'a dyn Fn(i64) -> bool;
    let seller = format!("seller={}", kim.id);
    let dear = |i: i64| i >= 59_950;
    let cheap = |i: i64| i < 5_100;
    let questions: [(String, Wanted<'_>, usize); 11] = [
        ("q=green+black".to_owned(), &|_| false, 13),
        ("q=green+black&sort=price&currency=EUR".to_owned(), &|_| false, 7),
        ("q=green+black&sort=name".to_owned(), &|_| false, 13),
        ("q=gree+bla&category=mass".to_owned(), &|_| false, 13),
        (format!("q=green+black&{seller}&sort=name"), &|_| false, 13),
        ("q=green+thing&minPrice=59950&currency=EUR".to_owned(), &|i| i % 2 == 0 && dear(i), 1),
        ("minPrice=59950&currency=EUR&sort=name".to_owned(), &dear, 1),
        ("maxPrice=5099.99&currency=USD".to_owned(), &cheap, 12 + 51),
        ("maxPrice=5099.99&currency=USD&sort=name".to_owned(), &cheap, 12 + 51),
        (format!("{seller}&category=other&sort=price&currency=USD"), &|_| false, 7),
        (format!("{seller}&category=other"), &|_| false, 13),
    ];
    for (question, wanted, most) in questions {
        let path = format!("/api/products?limit=100&{question}");
        let (found, pages) = all_of(&app, &app.stranger(), &path, MOST_OF_CATALOGUE).await;
        let number = |item: &Value| item["id"].as_str().unwrap()[24..].parse::<i64>().unwrap();
        let found: Vec<i64> = found.iter().map(number).collect();
        let mut expected: Vec<i64> = (1..=PRODUCTS).rev().filter(|i| wanted(*i)).collect();
        if question.contains("sort=name") {
            expected.sort_by_key(|i| i * 7 % 60_001);
        }
        assert!(found == expected, "{question}: {} of {}", found.len(), expected.len());
        assert!(pages <= most, "{question}: {pages} pages");
    }
    // A word that nearly all have: the index is asked for each product along the order.
    app.longest_statement();
    let page =
        app.stranger().get("/api/products?limit=100&q=thing&sort=name").await.assert_status(200).json();
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    assert!(app.longest_statement().1 <= MOST_OF_CATALOGUE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_people_looks_at_a_bounded_number_of_them() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    let body = serde_json::json!({ "email": app.email("ada"), "password": "password123", "name": "Ada Lee" });
    let ada = app.stranger().post("/api/auth/signup", body).await.assert_status(201).text("id");
    let words: Vec<String> = app
        .eventually("the profile is there", || async {
            let db = database(&app);
            let mut words = db.prepare("SELECT word FROM users_words WHERE user_id = ?1").unwrap();
            let words: Vec<String> =
                words.query_map([&ada], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            (words.len() == 2).then_some(words)
        })
        .await;
    // Newer people have one of the two words of her name, and a role.
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
                INSERT INTO users_words (word, user_id) \
                SELECT iif(i % 2, ?1, ?2), printf('7fffffff-0001-7000-8000-%012d', i) FROM n";
    let db = database(&app);
    db.execute(fill, (&words[0], &words[1])).unwrap();
    let fill =
        "INSERT INTO users_roles (role, user_id) SELECT 'MANY', user_id FROM users_words WHERE user_id > '7'";
    db.execute(fill, []).unwrap();
    for (question, expected, most) in [
        ("q=ada+lee", vec![&ada], 6),
        ("q=ada&role=BUYER", vec![&ada], 1),
        ("q=ada&role=SELLER", vec![], 1),
        ("q=lee&role=MANY", vec![], 6),
    ] {
        let (found, pages) = all_of(&app, &admin, &format!("/api/users?limit=100&{question}"), MOST).await;
        let found: Vec<_> = found.iter().map(|user| user["id"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{question}");
        assert!(pages <= most, "{question}: {pages} pages");
    }
}
