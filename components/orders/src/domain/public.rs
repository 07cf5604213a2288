//! What the history of an order shows of its events.

use contract::orders::{Content, OrderEvent};
use contract::published::published;
use contract::{DomainEvent, UserId};
use serde_json::{Value, json};

use super::{Line, Role, total};

/// Of an event's data as everyone sees it, the members that are for `viewer` in their `role`.
pub fn public(event: &OrderEvent, role: Role, viewer: UserId) -> Value {
    // Of others' parcels a seller learns no more than that they went.
    let shown = |sellers: &[UserId]| role != Role::Seller || sellers.iter().all(|id| *id == viewer);
    let names: &[&str] = match event {
        OrderEvent::Placed(content) | OrderEvent::Changed(content) => {
            return published(json!(part(content, role, viewer)));
        }
        OrderEvent::RefundNoted { .. } | OrderEvent::Refunded { .. } => {
            &["amount", "paymentId", "refundedTotal"]
        }
        OrderEvent::PartlyShipped(parcel) | OrderEvent::Shipped(parcel) if shown(&parcel.seller_ids) => {
            &["carrier", "sellerIds", "trackingNumber"]
        }
        OrderEvent::PartlyDelivered(arrival) | OrderEvent::Delivered(arrival)
            if shown(&arrival.seller_ids) =>
        {
            &["sellerIds"]
        }
        // Its lines are not shown, so they are not made.
        OrderEvent::Paid { payment_id, .. } => return json!({ "paymentId": payment_id }),
        OrderEvent::PaymentPending(_) | OrderEvent::PaymentEnded(_) => &["paymentId"],
        OrderEvent::PaymentRejected { .. } | OrderEvent::Cancelled { .. } => &["paymentId", "reason"],
        OrderEvent::PartlyShipped(_)
        | OrderEvent::Shipped(_)
        | OrderEvent::PartlyDelivered(_)
        | OrderEvent::Delivered(_)
        | OrderEvent::Readdressed { .. }
        | OrderEvent::Expired { .. }
        | OrderEvent::BuyerErased { .. } => &[],
    };
    let mut data = published(event.data());
    if let Some(members) = data.as_object_mut() {
        members.retain(|name, _| names.contains(&name.as_str()));
    }
    data
}

/// A seller's own lines and their sum; all of it for others.
fn part(content: &Content, role: Role, viewer: UserId) -> Content {
    let is_seen = |line: &&Line| role != Role::Seller || line.seller_id == viewer;
    let lines: Vec<_> = content.lines.iter().filter(is_seen).cloned().collect();
    Content {
        buyer_id: content.buyer_id,
        currency: content.currency,
        total: total(&lines).unwrap_or(i64::MAX),
        lines,
        expires_at: content.expires_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::{B, P1, S1, S2};

    fn event(name: &str, data: Value) -> OrderEvent {
        contract::read(name, || data).unwrap().unwrap()
    }

    fn placed() -> OrderEvent {
        let line = |seller: UserId, price: i64| {
            json!({ "productId": P1, "name": "Tea", "sellerId": seller,
                "quantity": 2, "price": price })
        };
        let lines = [line(S1, 2999), line(S2, 1)];
        let expires_at = "2026-11-21T05:06:07.089Z";
        let data = json!({ "buyerId": B, "currency": "USD", "total": 6000, "lines": lines, "expiresAt": expires_at });
        event("order.placed", data)
    }

    #[test]
    fn history_shows_decimals() {
        let text = public(&placed(), Role::Buyer, B).to_string();
        assert!(text.contains("\"total\":60.00") && text.contains("\"price\":29.99"), "{text}");
    }

    #[test]
    fn a_seller_does_not_see_the_lines_of_others() {
        let text = public(&placed(), Role::Seller, S2).to_string();
        assert!(text.contains("\"total\":0.02") && !text.contains(&S1.to_string()), "{text}");
    }

    #[test]
    fn a_seller_learns_nothing_of_the_parcels_of_others() {
        let data = json!({ "buyerId": B, "sellerIds": [S1], "carrier": "Post", "trackingNumber": null });
        let sent = event("order.partly_shipped", data);
        let shown = |who| public(&sent, Role::Seller, who);
        assert_eq!(shown(S1), json!({ "sellerIds": [S1], "carrier": "Post" }));
        assert_eq!(shown(S2), json!({}));
    }

    #[test]
    fn refunds_are_shown_as_decimals() {
        let data = json!({ "buyerId": B, "paymentId": P1, "amount": 150, "refundedTotal": 2999,
            "currency": "USD", "restock": true });
        let text = public(&event("order.refunded", data), Role::Buyer, B).to_string();
        assert_eq!(text, format!(r#"{{"amount":1.50,"paymentId":"{P1}","refundedTotal":29.99}}"#));
    }

    #[test]
    fn only_named_members_are_public() {
        let data = json!({ "paymentId": P1, "amount": 5998, "currency": "USD", "buyerId": B, "lines": [] });
        assert_eq!(public(&event("order.paid", data), Role::Seller, S1), json!({ "paymentId": P1 }));
    }
}
