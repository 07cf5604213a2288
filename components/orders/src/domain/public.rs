//! What the history of an order shows of its events.

use money::Currency;
use serde_json::{Value, json};

use super::{Line, Role, total};
use crate::api::Placed;

/// Of an event's data, what `subject` may see in their `role`, with amounts as decimals.
pub fn public(kind: &str, data: Value, role: Role, subject: &str) -> Value {
    match kind {
        "order.placed" | "order.changed" => {
            serde_json::from_value(data).map_or(json!({}), |placed| public_placed(&placed, role, subject))
        }
        "order.refund_noted" | "order.refunded" => public_refund(&data),
        // Of others' parcels a seller learns no more than that they went.
        _ if role == Role::Seller && !is_of(&data, subject) => json!({}),
        _ => members(&data, &["paymentId", "reason", "sellerIds", "carrier", "trackingNumber"]),
    }
}

fn members(data: &Value, names: &[&str]) -> Value {
    let named = names.iter().filter_map(|name| Some(((*name).to_owned(), data.get(name)?.clone())));
    named.filter(|(_, value)| !value.is_null()).collect()
}

/// Whether the event is about parts of `seller` alone, or about no seller's part.
fn is_of(data: &Value, seller: &str) -> bool {
    let sellers = data.get("sellerIds").and_then(Value::as_array);
    sellers.is_none_or(|sellers| sellers.iter().all(|id| id == seller))
}

fn public_refund(data: &Value) -> Value {
    let mut shown = members(data, &["paymentId"]);
    let currency =
        data.get("currency").and_then(Value::as_str).and_then(|code| Currency::recorded(code).ok());
    if let (Some(currency), Some(shown)) = (currency, shown.as_object_mut()) {
        for name in ["amount", "refundedTotal"] {
            let amount = data.get(name).and_then(Value::as_i64);
            shown.extend(amount.map(|amount| (name.to_owned(), json!(currency.decimal(amount)))));
        }
    }
    shown
}

fn public_placed(placed: &Placed, role: Role, subject: &str) -> Value {
    let seen = |line: &&Line| role != Role::Seller || line.seller_id == subject;
    let lines = || placed.lines.iter().filter(seen);
    let money = |minor_units| placed.currency.decimal(minor_units);
    let items = lines().map(|line| {
        json!({
            "productId": line.product_id,
            "name": line.name,
            "sellerId": line.seller_id,
            "quantity": line.quantity,
            "price": money(line.price),
        })
    });
    json!({
        "buyerId": placed.buyer_id,
        "items": items.collect::<Vec<_>>(),
        "total": money(total(lines()).unwrap_or(i64::MAX)),
        "currency": placed.currency,
        "expiresAt": placed.expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed() -> Value {
        let line = |seller: &str, price: i64| json!({ "productId": "p", "name": "Tea", "sellerId": seller, "quantity": 2, "price": price });
        let lines = [line("s1", 2999), line("s2", 1)];
        json!({ "buyerId": "b", "currency": "USD", "total": 6000, "lines": lines, "expiresAt": "soon" })
    }

    #[test]
    fn history_shows_decimals() {
        let text = public("order.placed", placed(), Role::Buyer, "b").to_string();
        assert!(text.contains("\"total\":60.00") && text.contains("\"price\":29.99"), "{text}");
    }

    #[test]
    fn a_seller_does_not_see_the_lines_of_others() {
        let text = public("order.placed", placed(), Role::Seller, "s2").to_string();
        assert!(text.contains("\"total\":0.02") && !text.contains("s1"), "{text}");
    }

    #[test]
    fn a_seller_learns_nothing_of_the_parcels_of_others() {
        let data = json!({ "sellerIds": ["s1"], "carrier": "Post", "trackingNumber": null });
        let shown = |who| public("order.partly_shipped", data.clone(), Role::Seller, who);
        assert_eq!(shown("s1"), json!({ "sellerIds": ["s1"], "carrier": "Post" }));
        assert_eq!(shown("s2"), json!({}));
    }

    #[test]
    fn refunds_are_shown_as_decimals() {
        let data = json!({ "paymentId": "p", "amount": 150, "refundedTotal": 2999, "currency": "USD", "restock": true });
        let text = public("order.refunded", data, Role::Buyer, "b").to_string();
        assert_eq!(text, r#"{"amount":1.50,"paymentId":"p","refundedTotal":29.99}"#);
    }

    #[test]
    fn only_named_members_are_public() {
        let data = json!({ "paymentId": "p1", "amount": 5998, "buyerId": "b" });
        assert_eq!(public("order.paid", data, Role::Seller, "s1"), json!({ "paymentId": "p1" }));
    }
}
