//! What the history of an order shows of its events.

use contract::orders::{Arrival, Content, OrderEvent, Parcel, RefundOfOrder};
use serde_json::{Value, json};

use super::{Line, Role, total};

/// Of an event's data, what `subject` may see in their `role`, with amounts as decimals.
pub fn public(event: &OrderEvent, role: Role, subject: &str) -> Value {
    // Of others' parcels a seller learns no more than that they went.
    let shown = |sellers: &[String]| role != Role::Seller || sellers.iter().all(|id| id == subject);
    match event {
        OrderEvent::Placed(content) | OrderEvent::Changed(content) => public_content(content, role, subject),
        OrderEvent::RefundNoted { refund, .. } | OrderEvent::Refunded { refund, .. } => public_refund(refund),
        OrderEvent::PartlyShipped(parcel) | OrderEvent::Shipped(parcel) if shown(&parcel.seller_ids) => {
            let Parcel { seller_ids, carrier, tracking_number, .. } = parcel;
            given(json!({ "sellerIds": seller_ids, "carrier": carrier, "trackingNumber": tracking_number }))
        }
        OrderEvent::PartlyDelivered(arrival) | OrderEvent::Delivered(arrival)
            if shown(&arrival.seller_ids) =>
        {
            let Arrival { seller_ids, .. } = arrival;
            json!({ "sellerIds": seller_ids })
        }
        OrderEvent::PartlyShipped(_)
        | OrderEvent::Shipped(_)
        | OrderEvent::PartlyDelivered(_)
        | OrderEvent::Delivered(_)
        | OrderEvent::Readdressed { .. }
        | OrderEvent::Expired { .. }
        | OrderEvent::BuyerErased { .. } => json!({}),
        OrderEvent::Paid { payment_id, .. } => json!({ "paymentId": payment_id }),
        OrderEvent::PaymentPending(news) | OrderEvent::PaymentEnded(news) => {
            json!({ "paymentId": news.payment_id })
        }
        OrderEvent::PaymentRejected { payment_id, reason, .. } => {
            json!({ "paymentId": payment_id, "reason": reason })
        }
        OrderEvent::Cancelled { payment_id, reason, .. } => {
            given(json!({ "paymentId": payment_id, "reason": reason }))
        }
    }
}

/// The members that are not null.
fn given(mut members: Value) -> Value {
    if let Some(members) = members.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    members
}

fn public_refund(refund: &RefundOfOrder) -> Value {
    json!({
        "paymentId": refund.payment_id,
        "amount": refund.amount.decimal(),
        "refundedTotal": refund.amount.currency.decimal(refund.refunded_total),
    })
}

fn public_content(content: &Content, role: Role, subject: &str) -> Value {
    let seen = |line: &&Line| role != Role::Seller || line.seller_id == subject;
    let lines = || content.lines.iter().filter(seen);
    let money = |minor_units| content.currency.decimal(minor_units);
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
        "buyerId": content.buyer_id,
        "items": items.collect::<Vec<_>>(),
        "total": money(total(lines()).unwrap_or(i64::MAX)),
        "currency": content.currency,
        "expiresAt": content.expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: Value) -> OrderEvent {
        contract::read(name, &data).unwrap().unwrap()
    }

    fn placed() -> OrderEvent {
        let line = |seller: &str, price: i64| json!({ "productId": "p", "name": "Tea", "sellerId": seller, "quantity": 2, "price": price });
        let lines = [line("s1", 2999), line("s2", 1)];
        let expires_at = "2026-11-21T05:06:07.089Z";
        let data = json!({ "buyerId": "b", "currency": "USD", "total": 6000, "lines": lines, "expiresAt": expires_at });
        event("order.placed", data)
    }

    #[test]
    fn history_shows_decimals() {
        let text = public(&placed(), Role::Buyer, "b").to_string();
        assert!(text.contains("\"total\":60.00") && text.contains("\"price\":29.99"), "{text}");
    }

    #[test]
    fn a_seller_does_not_see_the_lines_of_others() {
        let text = public(&placed(), Role::Seller, "s2").to_string();
        assert!(text.contains("\"total\":0.02") && !text.contains("s1"), "{text}");
    }

    #[test]
    fn a_seller_learns_nothing_of_the_parcels_of_others() {
        let data = json!({ "buyerId": "b", "sellerIds": ["s1"], "carrier": "Post", "trackingNumber": null });
        let sent = event("order.partly_shipped", data);
        let shown = |who| public(&sent, Role::Seller, who);
        assert_eq!(shown("s1"), json!({ "sellerIds": ["s1"], "carrier": "Post" }));
        assert_eq!(shown("s2"), json!({}));
    }

    #[test]
    fn refunds_are_shown_as_decimals() {
        let data = json!({ "buyerId": "b", "paymentId": "p", "amount": 150, "refundedTotal": 2999, "currency": "USD", "restock": true });
        let text = public(&event("order.refunded", data), Role::Buyer, "b").to_string();
        assert_eq!(text, r#"{"amount":1.50,"paymentId":"p","refundedTotal":29.99}"#);
    }

    #[test]
    fn only_named_members_are_public() {
        let data =
            json!({ "paymentId": "p1", "amount": 5998, "currency": "USD", "buyerId": "b", "lines": [] });
        assert_eq!(public(&event("order.paid", data), Role::Seller, "s1"), json!({ "paymentId": "p1" }));
    }
}
