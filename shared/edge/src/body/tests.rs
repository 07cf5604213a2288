use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Line {
    product_id: String,
    quantity: u32,
    price: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Address {
    street: String,
    label: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Speed {
    Slow,
    Fast,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct Order {
    speed: Speed,
    items: Vec<Line>,
    shipping_address: Address,
    #[serde(default)]
    gift: bool,
}

fn fields(body: &str) -> Vec<String> {
    match parse::<Order>(body.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(problem) => problem.errors().iter().map(|error| error.field.clone()).collect(),
    }
}

const GOOD: &str = concat!(
    r#"{"speed":"fast","items":[{"productId":"p","quantity":1,"price":1.5}],"#,
    r#""shippingAddress":{"street":"x","label":"home"},"gift":true}"#
);

#[test]
fn a_good_body_is_read() {
    assert!(fields(GOOD).is_empty());
}

#[test]
fn all_that_is_missing_is_named() {
    assert_eq!(fields("{}"), ["speed", "items", "shippingAddress"]);
    let body = r#"{"speed":"slow","items":[{},{"quantity":1}],"shippingAddress":{}}"#;
    let all = ["items[0].productId", "items[0].quantity", "items[1].productId", "shippingAddress.street"];
    assert_eq!(fields(body), all);
}

#[test]
fn what_is_missing_not_known_null_and_of_another_type_is_named_together() {
    let body = concat!(
        r#"{"speed":"idle","items":[{"productId":7,"quantity":"x","price":null,"colour":"red"},5],"#,
        r#""gift":"yes"}"#
    );
    let mut found = fields(body);
    found.sort_unstable();
    let all = [
        "gift",
        "items[0].colour",
        "items[0].price",
        "items[0].productId",
        "items[0].quantity",
        "items[1]",
        "shippingAddress",
        "speed",
    ];
    assert_eq!(found, all);
}

#[test]
fn a_member_that_comes_twice_is_refused() {
    assert_eq!(fields(&GOOD.replacen('{', r#"{"gift":false,"#, 1)), ["gift"]);
    assert_eq!(fields(&GOOD.replace(r#""street""#, r#""street":"y","street""#)), ["shippingAddress.street"]);
}

#[test]
fn what_is_not_json_is_malformed() {
    for body in
        ["", "{", "{\"items\":[]} x", "\u{feff}{}", "{\"items\":1,,}", "\"\\ud800\"", &"[".repeat(200)]
    {
        assert_eq!(parse::<Order>(body.as_bytes()).err().unwrap().code(), Code::MALFORMED, "{body}");
    }
    assert!(parse::<Order>(b"\xff\xfe").is_err());
}

#[test]
fn a_body_that_is_no_object_is_named_as_a_whole() {
    for body in ["null", "[null]", "1", "\"x\"", "true"] {
        let first = if body == "[null]" { "[0]" } else { "body" };
        assert_eq!(fields(body)[0], first, "{body}");
    }
}

#[test]
fn what_a_client_sent_is_not_quoted() {
    let number = "4111111111111111";
    for body in [
        format!(r#"{{"speed":"{number}"}}"#),
        format!(r#"{{"speed":{number}}}"#),
        format!(r#"{{"{number}":null}}"#),
        format!(r#"{{"gift":"{number}, expected {number}"}}"#),
        format!(r#"{{"{number}":1,"{number}":2}}"#),
    ] {
        let problem = parse::<Order>(body.as_bytes()).err().unwrap();
        assert!(!format!("{problem:?}").contains(number), "{problem:?}");
    }
}

#[test]
fn a_large_body_costs_few_readings() {
    let items: Vec<_> = (0..40_000).map(|_| "{}").collect();
    let body = format!(r#"{{"items":[{}]}}"#, items.join(","));
    assert_eq!(fields(&body), ["items[0].productId"]);
}

#[test]
fn another_service_may_say_null() {
    assert!(parse_message::<Order>(GOOD.replace("1.5", "null").as_bytes()).is_ok());
    assert!(parse_message::<Order>(b"{}").is_err() && parse_message::<Order>(b"{").is_err());
}

#[test]
fn a_list_is_no_object() {
    assert_eq!(fields("[]"), ["body"]);
    assert_eq!(fields(r#"["fast",[],{"street":"x"}]"#), ["body"]);
    assert_eq!(fields(&GOOD.replace(r#"{"street":"x","label":"home"}"#, r#"["x"]"#)), ["shippingAddress"]);
    assert_eq!(
        fields(&GOOD.replace(r#"{"productId":"p","quantity":1,"price":1.5}"#, r#"["p",1,1]"#)),
        ["items[0]"]
    );
}

/// Every way in a value.
fn ways(value: &serde_json::Value, way: &mut Way, all: &mut Vec<Way>) {
    let steps: Vec<_> = match value {
        serde_json::Value::Object(members) => members.keys().map(|name| Step::Member(name.clone())).collect(),
        serde_json::Value::Array(items) => (0..items.len()).map(Step::Item).collect(),
        _ => Vec::new(),
    };
    for step in steps {
        way.push(step.clone());
        all.push(way.clone());
        let next = match step {
            Step::Member(name) => &value[name],
            Step::Item(index) => &value[index],
        };
        ways(next, way, all);
        way.pop();
    }
}

proptest! {
    #[test]
    fn any_member_that_is_null_is_named(which: prop::sample::Index) {
        let mut body: serde_json::Value = serde_json::from_str(GOOD).unwrap();
        let mut all = Vec::new();
        ways(&body, &mut Vec::new(), &mut all);
        let way = which.get(&all);
        let member = way.iter().fold(&mut body, |value, step| match step {
            Step::Member(name) => &mut value[name],
            Step::Item(index) => &mut value[index],
        });
        *member = serde_json::Value::Null;
        prop_assert_eq!(fields(&body.to_string()), [path(way)]);
    }

    #[test]
    fn any_text_is_read_or_refused(body in ".*") {
        prop_assert!(parse::<Order>(body.as_bytes()).is_err());
    }
}
