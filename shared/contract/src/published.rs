//! The data of events as everyone sees it: in the feed, in the audit log, over Redis, in an order's history, and in
//! what services tell each other. It differs from what a service's own log keeps, and its fold reads, in two things:
//! sums are decimals of their currency, and an order's lines are its `items`, as in the API.

use money::{Currency, Decimal};
use serde_json::{Map, Value};

/// Members that are sums of the `currency` beside them, or beside what they are in. The log has them in minor units.
pub const SUMS: [&str; 7] =
    ["amount", "price", "refundAmount", "refunded", "refundedTotal", "refunding", "total"];
/// What the log calls an order's lines, and what everyone else does.
pub const LINES: (&str, &str) = ("lines", "items");

/// The data of an event of our own log, as it is published.
pub fn published(data: Value) -> Value {
    mapped(data, None, LINES, &|sum, currency| {
        let minor = sum.as_i64()?;
        serde_json::to_value(currency.decimal(minor)).ok()
    })
}

/// Published data, as the types of this crate read it.
pub fn recorded(data: Value) -> Value {
    mapped(data, None, (LINES.1, LINES.0), &|sum, currency| {
        let decimal: Decimal = serde_json::from_value(sum.clone()).ok()?;
        currency.minor_units(&decimal).ok().map(Value::from)
    })
}

type Sum<'a> = &'a dyn Fn(&Value, Currency) -> Option<Value>;

/// `value` with the member `from` called `to`, and each sum as `sum` makes it. What is no sum stays as it is: the
/// schema says so, and who reads it finds the fault.
fn mapped(value: Value, currency: Option<Currency>, (from, to): (&str, &str), sum: Sum) -> Value {
    match value {
        Value::Object(members) => {
            let own = members
                .get("currency")
                .and_then(Value::as_str)
                .and_then(|code| Currency::recorded(code).ok());
            let currency = own.or(currency);
            let member = |(name, value): (String, Value)| {
                let value = match (currency.filter(|_| SUMS.contains(&name.as_str())), value) {
                    (Some(currency), value @ Value::Number(_)) => sum(&value, currency).unwrap_or(value),
                    (_, value) => mapped(value, currency, (from, to), sum),
                };
                (if name == from { to.to_owned() } else { name }, value)
            };
            Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            items.into_iter().map(|item| mapped(item, currency, (from, to), sum)).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sums_are_decimals_of_the_nearest_currency() {
        let kept = json!({
            "currency": "USD", "total": 6000, "quantity": 2, "booked": { "amount": 30000, "currency": "KRW" },
            "lines": [{ "price": 2999, "quantity": 2 }],
        });
        let shown = published(kept.clone());
        let expected = concat!(
            r#"{"booked":{"amount":30000,"currency":"KRW"},"currency":"USD","#,
            r#""items":[{"price":29.99,"quantity":2}],"quantity":2,"total":60.00}"#
        );
        assert_eq!(shown.to_string(), expected);
        assert_eq!(recorded(shown), kept);
    }

    #[test]
    fn what_is_no_sum_stays() {
        for data in [
            json!({ "amount": 7 }),
            json!({ "amount": "7", "currency": "USD" }),
            json!([1, null]),
            json!(null),
        ] {
            assert_eq!((published(data.clone()), recorded(data.clone())), (data.clone(), data));
        }
        let fraction = json!({ "amount": 0.001, "currency": "USD" });
        assert_eq!(recorded(fraction.clone()), fraction);
    }
}
