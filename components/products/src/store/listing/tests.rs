//! The statements of lists, on SQLite itself: what they find, and by which index.

use rusqlite::{Connection, params_from_iter, types};
use store::Value;

use super::*;
use crate::store::{FOLD, MIGRATIONS};

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
    db.execute_batch(&store::script("products", MIGRATIONS, FOLD)).unwrap();
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

fn run<T>(db: &Connection, prefix: &str, Statement { sql, params }: Statement, column: &str) -> Vec<T>
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

/// All ways to read a list.
fn ways<'a>(list: &'a Listing, search: Search, after: Option<&'a Place>, limit: i64) -> Vec<Select<'a>> {
    let words = match search {
        _ if list.words.is_empty() => vec![Words::None],
        Search::Text => vec![Words::Text],
        Search::Index if is_by_number(list) => vec![Words::Set, Words::Asked, Words::Gathered, Words::Range],
        Search::Index => vec![Words::Set, Words::Asked, Words::Gathered],
    };
    let lead = |words| if words == Words::Gathered { Lead::Words } else { Lead::Order };
    let select = |words| Select { listing: list, after, limit, lead: lead(words), words, until: None };
    let selects: Vec<_> = words.into_iter().map(select).collect();
    let others = selects.iter().filter(|select| select.lead == Lead::Order).filter_map(|s| s.by_prices(SET));
    let others: Vec<_> = others.collect();
    selects.into_iter().chain(others).collect()
}

fn names(db: &Connection, query: &str, search: Search) -> Vec<String> {
    let list = listing(query);
    let found: Vec<Vec<String>> =
        ways(&list, search, None, 100).iter().map(|way| run(db, "", way.statement(), "name")).collect();
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{query}: whatever leads finds the same");
    found.into_iter().next().unwrap()
}

/// The places of a list, in its order.
fn places(db: &Connection, way: &Select<'_>) -> Vec<Place> {
    let column = match way.listing.sort {
        Sort::Newest => {
            return run(db, "", way.statement(), "number")
                .into_iter()
                .map(|number| Place { key: Key::None, number })
                .collect();
        }
        Sort::Name => {
            run::<String>(db, "", way.statement(), "name").into_iter().map(Key::Name).collect::<Vec<_>>()
        }
        Sort::Price | Sort::PriceDown => {
            run(db, "", way.statement(), "price").into_iter().map(Key::Price).collect()
        }
    };
    let numbers = run(db, "", way.statement(), "number");
    column.into_iter().zip(numbers).map(|(key, number)| Place { key, number }).collect()
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
fn pages_go_on_where_the_last_one_ended_and_end_where_they_are_told() {
    let db = shop();
    for sort in ["newest", "price", "-price", "name"] {
        for filter in [
            "",
            r#","category":"tea""#,
            r#","seller":"019aa4c5-0001-7000-8000-000000000001""#,
            r#","q":"tea""#,
            r#","minPrice":"1","maxPrice":"20""#,
        ] {
            let query = format!(r#"{{"sort":"{sort}"{filter}}}"#);
            let list = listing(&query);
            for way in ways(&list, Search::Index, None, 100) {
                let all = places(&db, &way);
                assert!(all.len() > 1, "{query}");
                for (count, place) in all.iter().enumerate() {
                    let rest = Select { after: Some(place), ..way.clone() };
                    assert_eq!(
                        places(&db, &rest),
                        all[count + 1..],
                        "{query}: {:?} {:?}",
                        way.lead,
                        way.words
                    );
                    for (most, end) in all.iter().enumerate().skip(count + 1) {
                        let some = Select { after: Some(place), until: Some(end.clone()), ..way.clone() };
                        assert_eq!(
                            places(&db, &some),
                            all[count + 1..=most],
                            "{query}: {:?} {:?}",
                            way.lead,
                            way.words
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn products_of_one_name_are_a_range_too() {
    let db = shop();
    for number in 6..9 {
        let data = serde_json::json!({ "sellerId": "s", "name": "CUP", "description": "",
            "category": "x", "price": 1, "currency": "USD", "stock": 1 });
        append(&db, &format!("p{number}"), 1, "product.created", &data.to_string());
    }
    let list = listing(r#"{"sort":"name"}"#);
    let way = &ways(&list, Search::Index, None, 100)[0];
    let all = places(&db, way);
    let after = all.iter().position(|place| place.number == 7).unwrap();
    let rest = Select { after: Some(&all[after]), until: Some(all[after + 1].clone()), ..way.clone() };
    assert_eq!(places(&db, &rest), all[after + 1..=after + 1]);
    let plan = run::<String>(&db, "EXPLAIN QUERY PLAN ", rest.statement(), "detail").join("; ");
    assert!(plan.contains("((sort_name,number)>(?,?) AND (sort_name,number)<(?,?))"), "{plan}");
}

#[test]
fn few_or_no_matches_are_gathered_not_looked_for_along_the_order() {
    let db = shop();
    for sort in ["newest", "name", "price", "-price"] {
        for filter in [
            r#""currency":"KRW""#,
            r#""minPrice":"1000000""#,
            r#""maxPrice":"0","category":"tea""#,
            r#""q":"tea","minPrice":"10","maxPrice":"20""#,
            r#""q":"water""#,
            r#""q":"tea","category":"tea""#,
            r#""q":"tea","seller":"019aa4c5-0001-7000-8000-000000000001""#,
        ] {
            let query = format!(r#"{{"sort":"{sort}",{filter}}}"#);
            let list = listing(&query);
            for way in ways(&list, Search::Index, None, 21) {
                let plan = run::<String>(&db, "EXPLAIN QUERY PLAN ", way.statement(), "detail").join("; ");
                match way.lead {
                    Lead::Words => {
                        assert!(plan.starts_with("SCAN products_search VIRTUAL TABLE INDEX"), "{plan}")
                    }
                    Lead::Prices => {
                        assert!(plan.contains("by_price ("), "{query}: {plan}");
                        let counted: Vec<i64> = run(&db, "", way.count_prices(), "count");
                        assert!(counted[0] < 6, "{query}");
                    }
                    Lead::Order => assert!(!plan.contains("TEMP B-TREE"), "{query}: {plan}"),
                }
            }
            names(&db, &query, Search::Index);
        }
    }
}

#[test]
fn what_an_orders_index_does_not_have_is_looked_at_in_so_many_products() {
    let db = shop();
    for (query, ends) in [
        ("{}", false),
        (r#"{"sort":"price","minPrice":"1"}"#, false),
        (r#"{"category":"tea","sort":"name"}"#, false),
        (r#"{"minPrice":"1"}"#, true),
        (r#"{"currency":"KRW","sort":"name"}"#, true),
        (r#"{"q":"tea"}"#, true),
        (r#"{"q":"tea","sort":"-price"}"#, true),
        (r#"{"seller":"019aa4c5-0001-7000-8000-000000000001","category":"tea"}"#, true),
    ] {
        let list = listing(query);
        let place = Place {
            key: if list.sort == Sort::Name { Key::Name("a".to_owned()) } else { Key::Price(150) },
            number: 7,
        };
        for after in [None, Some(&place)] {
            for way in ways(&list, Search::Index, after, 21) {
                let end = way.end();
                assert_eq!(end.is_some(), ends && way.lead == Lead::Order, "{query}");
                let Some(end) = end else { continue };
                let plan = run::<String>(&db, "EXPLAIN QUERY PLAN ", end, "detail").join("; ");
                assert!(plan.contains("INDEX products_") && !plan.contains("TEMP B-TREE"), "{query}: {plan}");
            }
        }
    }
}

#[test]
fn every_order_is_an_index() {
    let db = shop();
    let plan = |query: &str, after: Option<&Place>| {
        let list = listing(query);
        let way = &ways(&list, Search::Index, after, 21)[0];
        run::<String>(&db, "EXPLAIN QUERY PLAN ", way.statement(), "detail").join("; ")
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
        ("price", r#","seller":"019aa4c5-0001-7000-8000-000000000001""#, "products_of_seller_by_price"),
        ("name", r#","seller":"019aa4c5-0001-7000-8000-000000000001""#, "products_of_seller_by_name"),
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
                    _ => "(sort_name,number)>(?,?)",
                };
                assert!(after.is_none() || plan.contains(at_place), "{query}: {plan}");
            }
        }
    }
}
