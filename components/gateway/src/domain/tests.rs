//! Names, limits and times.

use serde_json::{Value, json};

use super::*;

fn upstreams() -> Upstreams {
    Upstreams(vec![target::server("http://10.0.0.7:8080").unwrap()])
}

/// The fields of `changed` that are refused.
fn refused(changed: &Value) -> Vec<String> {
    let mut body = json!({ "name": "inventory", "url": "http://10.0.0.7:8080" });
    body.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    let new: NewInstance = serde_json::from_value(body).unwrap();
    let errors = parse(new, &upstreams()).err().unwrap_or_default();
    errors.into_iter().map(|error| error.field).collect()
}

#[test]
fn what_is_left_out_has_defaults() {
    let new = serde_json::from_value(json!({ "name": "inventory", "url": "http://10.0.0.7:8080/" })).unwrap();
    let offer = parse(new, &upstreams()).unwrap();
    assert_eq!((offer.url.as_str(), offer.weight), ("http://10.0.0.7:8080", 1));
    assert!(offer.tags.is_empty() && offer.health_path.is_none());
}

#[test]
fn every_invalid_field_is_named() {
    let all = json!({
        "name": "Inventory", "url": "http://10.0.0.8:8080", "weight": 0, "tags": ["a", ""], "healthPath": "x",
    });
    assert_eq!(refused(&all), ["name", "url", "weight", "tags[1]"]);
    assert_eq!(refused(&json!({ "healthPath": "x", "weight": 101 })), ["healthPath", "weight"]);
    assert_eq!(refused(&json!({ "tags": vec!["a"; MAX_TAGS] })), [""; 0]);
    assert_eq!(refused(&json!({ "tags": vec!["a"; MAX_TAGS + 1] })), ["tags"]);
    assert_eq!(refused(&json!({ "tags": ["x".repeat(MAX_TAG + 1)], "weight": 100 })), ["tags[0]"]);
}

#[test]
fn names_are_labels() {
    for good in ["inventory", "a", "7", "a-b", "shipping-service", &"x".repeat(MAX_NAME)] {
        assert_eq!(refused(&json!({ "name": good })), [""; 0], "{good}");
    }
    for bad in ["", "-a", "a-", "A", "a.b", "a/b", "a_b", "a b", "é", "..", "%2e", &"x".repeat(MAX_NAME + 1)]
    {
        assert_eq!(refused(&json!({ "name": bad })), ["name"], "{bad}");
    }
}

#[test]
fn names_of_ours_are_refused() {
    for ours in ["users", "user", "user-service", "users-service", "order-service", "auth-service", "audit"] {
        assert!(is_ours(ours), "{ours}");
    }
    for ours in ["gateway", "admin", "internal", "v1", "chat-service", "service", "discovery", "docs"] {
        assert!(is_ours(ours), "{ours}");
    }
}

#[test]
fn no_path_of_ours_begins_with_a_name_that_may_be_registered() {
    let document: Value = serde_json::from_str(openapi::document()).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        let segments = path.split('/').skip(1).filter(|part| *part != "api");
        let first = segments.take(1).find(|part| !part.is_empty() && !part.starts_with('{'));
        assert!(first.is_none_or(|first| check_name(first).is_err()), "{path}");
    }
}

#[test]
fn silence_has_two_ends() {
    let new = serde_json::from_value(json!({ "name": "inventory", "url": "http://10.0.0.7:8080" })).unwrap();
    let offer = parse(new, &upstreams()).unwrap();
    let now = Timestamp(1_000_000);
    let silence = |milliseconds: i64| {
        let (id, seen_at) = (InstanceId::from_u128(1), Timestamp(now.0 - milliseconds));
        Instance { id, offer: offer.clone(), up: true, registered_at: seen_at, seen_at }.silence(now)
    };
    let ends = [0, 29_999, 30_000, 89_999, 90_000].map(silence);
    assert_eq!(ends, [Silence::None, Silence::None, Silence::Down, Silence::Down, Silence::Expired]);
}
