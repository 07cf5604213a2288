//! The statements of lists, on SQLite itself: what they find, and by which index.

use rusqlite::{Connection, params_from_iter, types};

use super::*;
use crate::store::MIGRATIONS;

const LOG: &str = include_str!("../../../../../shared/store/src/log.sql");
const KIM: &str = "019aa4c5-0001-7000-8000-000000000001";
const LEE: &str = "019aa4c5-0001-7000-8000-000000000002";
/// Products: name, category, description, price, seller.
const GOODS: [(&str, &str, &str, i64, &str); 6] = [
    ("Green tea", "tea", "First flush", 2999, KIM),
    ("black Tea", "tea", "Smoked", 1500, KIM),
    ("Cup", "cups", "For green teas", 800, LEE),
    ("녹차", "tea", "보성", 1500, LEE),
    ("Café crème", "coffee", "100% \"arabica\"", 450, KIM),
    ("apple", "fruit", "", 99, KIM),
];

fn shop() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(&LOG.replace("{service}", "products")).unwrap();
    MIGRATIONS.iter().for_each(|script| db.execute_batch(script).unwrap());
    for (number, (name, category, description, price, seller)) in GOODS.iter().enumerate() {
        let data = serde_json::json!({ "sellerId": seller, "name": name, "description": description,
            "category": category, "price": price, "currency": "USD", "stock": 1 });
        append(&db, &format!("p{number}"), 1, "product.created", &data.to_string());
    }
    db
}

fn append(db: &Connection, product: &str, version: i64, kind: &str, data: &str) {
    let sql = "INSERT INTO products_events (id, stream, version, type, data, actor, time) \
               VALUES (?1, ?2, ?3, ?4, ?5, 'kim', 'now')";
    let id = format!("{product}-{version}");
    db.execute(sql, (id, product, version, kind, data)).unwrap();
}

fn listing(query: &str) -> Listing {
    Listing::parse(serde_json::from_str(query).unwrap()).unwrap()
}

fn run<T>(db: &Connection, prefix: &str, (sql, params): (String, Vec<Value>), column: usize) -> Vec<T>
where
    T: types::FromSql,
{
    let params = params.into_iter().map(|value| match value {
        Value::Integer(number) => types::Value::Integer(number),
        Value::Text(text) => types::Value::Text(text),
        other => panic!("{other:?}"),
    });
    let mut statement = db.prepare(&format!("{prefix}{sql}")).unwrap();
    let rows = statement.query_map(params_from_iter(params), |row| row.get(column)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn names(db: &Connection, query: &str, search: Search) -> Vec<String> {
    let leads = [Lead::Order, Lead::Words, Lead::Prices];
    let leads = leads
        .into_iter()
        .filter(|lead| *lead == Lead::Order || count(&listing(query), search, *lead).is_some());
    let found = leads.map(|lead| run(db, "", select(&listing(query), None, 100, search, lead), 2));
    let found: Vec<Vec<String>> = found.collect();
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{query}: whatever leads finds the same");
    found.into_iter().next().unwrap()
}

#[test]
fn words_are_found_with_and_without_fts5() {
    let db = shop();
    let questions: [(&str, &[&str]); 9] = [
        (r#"{"q":"tea"}"#, &["녹차", "Cup", "black Tea", "Green tea"]),
        (r#"{"q":"TEA","sort":"name"}"#, &["black Tea", "Cup", "Green tea", "녹차"]),
        (r#"{"q":"tea","sort":"price","category":"tea"}"#, &["black Tea", "녹차", "Green tea"]),
        (r#"{"q":"gre te"}"#, &["Cup", "Green tea"]),
        (r#"{"q":"보성"}"#, &["녹차"]),
        (r#"{"q":"녹"}"#, &["녹차"]),
        (r#"{"q":"100% \"arabica"}"#, &["Café crème"]),
        (r#"{"q":"tea","seller":"019aa4c5-0001-7000-8000-000000000002"}"#, &["녹차", "Cup"]),
        (r#"{"q":"water"}"#, &[]),
    ];
    for (query, expected) in questions {
        assert_eq!(names(&db, query, Search::Index), expected, "{query}, by index");
        assert_eq!(names(&db, query, Search::Text), expected, "{query}, by text");
    }
    // Only the index knows about accents.
    assert_eq!(names(&db, r#"{"q":"creme"}"#, Search::Index), ["Café crème"]);
}

#[test]
fn the_index_follows_changes_and_withdrawals() {
    let db = shop();
    let changed = r#"{"name":"Oolong","description":"","category":"tea","price":1,"active":true}"#;
    append(&db, "p0", 2, "product.changed", changed);
    append(&db, "p1", 2, "product.withdrawn", "{}");
    append(&db, "p1", 3, "stock.adjusted", r#"{"delta":1}"#);
    for search in [Search::Index, Search::Text] {
        assert_eq!(names(&db, r#"{"q":"tea"}"#, search), ["녹차", "Cup", "Oolong"]);
        assert_eq!(names(&db, r#"{"q":"flush"}"#, search), [""; 0]);
    }
    append(&db, "p1", 4, "product.changed", changed);
    assert_eq!(names(&db, r#"{"q":"oolong"}"#, Search::Index), ["Oolong", "Oolong"]);
    db.execute_batch("INSERT INTO products_search (products_search) VALUES ('integrity-check')").unwrap();
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let db = shop();
    for sort in ["newest", "price", "-price", "name"] {
        for filter in [
            "",
            r#","category":"tea""#,
            r#","seller":"019aa4c5-0001-7000-8000-000000000001""#,
            r#","q":"tea""#,
        ] {
            let query = format!(r#"{{"sort":"{sort}"{filter}}}"#);
            let list = listing(&query);
            let all: Vec<String> = run(&db, "", select(&list, None, 100, Search::Index, Lead::Order), 0);
            let (mut paged, mut after) = (Vec::new(), None);
            for _ in 0..all.len() {
                let row = || select(&list, after.as_ref(), 1, Search::Index, Lead::Order);
                let (id, name, price, number): (Vec<String>, Vec<String>, Vec<i64>, Vec<i64>) = (
                    run(&db, "", row(), 0),
                    run(&db, "", row(), 2),
                    run(&db, "", row(), 5),
                    run(&db, "", row(), 13),
                );
                let key = match list.sort {
                    Sort::Newest => Key::None,
                    Sort::Name => Key::Name(name[0].clone()),
                    _ => Key::Price(price[0]),
                };
                paged.extend(id);
                after = Some(Place { key, number: number[0] });
            }
            assert_eq!(paged, all, "{query}");
            assert!(
                run::<String>(&db, "", select(&list, after.as_ref(), 1, Search::Index, Lead::Order), 0)
                    .is_empty()
            );
        }
    }
}

#[test]
fn few_or_no_matches_are_gathered_not_looked_for_along_the_order() {
    let db = shop();
    let orders = ["newest", "name", "price", "-price"];
    for sort in orders {
        for filter in [
            r#""currency":"KRW""#,
            r#""minPrice":"1000000""#,
            r#""maxPrice":"0","category":"tea""#,
            r#""q":"tea","minPrice":"10","maxPrice":"20""#,
            r#""q":"water""#,
            r#""q":"tea","category":"tea""#,
        ] {
            let query = format!(r#"{{"sort":"{sort}",{filter}}}"#);
            let list = listing(&query);
            let probes = [Lead::Words, Lead::Prices].map(|lead| (lead, count(&list, Search::Index, lead)));
            let lead = probes.into_iter().find_map(|(lead, probe)| {
                let counted: Vec<i64> = run(&db, "", probe?, 0);
                (counted[0] < FEW).then_some(lead)
            });
            let Some(lead) = lead else {
                assert!(
                    list.sort.is_by_price(),
                    "{query}: by price, the order's own index is the narrow one"
                );
                continue;
            };
            let statement = || select(&list, None, 21, Search::Index, lead);
            let plan = run::<String>(&db, "EXPLAIN QUERY PLAN ", statement(), 3).join("; ");
            let narrow =
                if lead == Lead::Words { "products_search VIRTUAL TABLE INDEX " } else { "by_price (" };
            assert!(plan.contains(narrow), "{query}: {plan}");
            names(&db, &query, Search::Index);
        }
    }
}

#[test]
fn every_order_is_an_index() {
    let db = shop();
    let plan = |query: &str, after: Option<&Place>| {
        let statement = select(&listing(query), after, 21, Search::Index, Lead::Order);
        run::<String>(&db, "EXPLAIN QUERY PLAN ", statement, 3).join("; ")
    };
    let leads = [
        ("newest", "", "products_newest"),
        ("price", "", "products_by_price"),
        ("-price", "", "products_by_price"),
        ("name", "", "products_by_name"),
        ("newest", r#","category":"tea""#, "products_of_category"),
        ("price", r#","category":"tea""#, "products_of_category_by_price"),
        ("-price", r#","category":"tea""#, "products_of_category_by_price"),
        ("name", r#","category":"tea""#, "products_of_category_by_name"),
        ("newest", r#","seller":"019aa4c5-0001-7000-8000-000000000001""#, "products_of_seller"),
        (
            "newest",
            r#","seller":"019aa4c5-0001-7000-8000-000000000001","category":"tea""#,
            "products_of_seller",
        ),
    ];
    for (sort, filter, index) in leads {
        for prices in ["", r#","minPrice":"1","maxPrice":"9""#] {
            let query = format!(r#"{{"sort":"{sort}"{filter}{prices}}}"#);
            let key = match sort {
                "newest" => Key::None,
                "name" => Key::Name("a".to_owned()),
                _ => Key::Price(150),
            };
            let place = Place { key, number: 7 };
            for after in [None, Some(&place)] {
                let plan = plan(&query, after);
                let by_index = plan.split(' ').any(|word| word == index);
                assert!(by_index && !plan.contains("TEMP B-TREE"), "{query}: {plan}");
                // A later page begins at its place, not at the beginning.
                let at_place = match sort {
                    "newest" => "number<?",
                    "price" => "(price,number)>(?,?)",
                    "-price" => "(price,number)<(?,?)",
                    _ => "name>?",
                };
                assert!(after.is_none() || plan.contains(at_place), "{query}: {plan}");
            }
        }
    }
    let search = plan(r#"{"q":"tea"}"#, None);
    assert!(search.starts_with("SCAN products_search VIRTUAL TABLE INDEX"), "{search}");
    assert!(search.contains("INDEX products_newest") && !search.contains("TEMP B-TREE"), "{search}");
    let others = plan(r#"{"q":"tea","sort":"name"}"#, None);
    assert!(others.contains("INDEX products_by_name") && !others.contains("TEMP B-TREE"), "{others}");
    // What a seller offers is sorted at once; nothing but it is read.
    let own = plan(r#"{"seller":"019aa4c5-0001-7000-8000-000000000001","sort":"price"}"#, None);
    assert!(own.contains("INDEX products_of_seller "), "{own}");
}
