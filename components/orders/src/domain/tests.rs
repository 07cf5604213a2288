//! The rules of orders, by example.

use money::Currency;

use super::*;

const STATES: [Status; 7] = [
    Status::Ordered,
    Status::Paid,
    Status::Shipped,
    Status::Delivered,
    Status::Cancelled,
    Status::Expired,
    Status::Refunded,
];
const ACTIONS: [Action; 6] =
    [Action::Pay, Action::Cancel, Action::Ship, Action::Deliver, Action::Expire, Action::Refund];

fn line(seller: &str, quantity: i64, price: i64) -> Line {
    let text = str::to_owned;
    Line { product_id: text("p"), name: text("Tea"), seller_id: text(seller), quantity, price }
}

fn order(status: Status, payment: Option<&str>) -> Order {
    let text = str::to_owned;
    Order {
        id: text("o"),
        buyer_id: text("b"),
        status,
        currency: Currency::USD,
        total: 5998,
        address: Some(Address { street: text("1 Main St"), city: text("Seoul"), zip_code: text("12345") }),
        payment_id: payment.map(text),
        version: 1,
        expires_at: text("2026-11-21T05:15:00.000Z"),
        created_at: text("2026-11-21T05:00:00.000Z"),
        updated_at: text("2026-11-21T05:00:00.000Z"),
        lines: vec![line("s1", 2, 2999), line("s2", 1, 0)],
    }
}

fn captured(payment: &str, amount: i64) -> Captured {
    let (order_id, payment_id) = ("o".to_owned(), payment.to_owned());
    Captured { order_id, payment_id, amount, currency: Currency::USD }
}

#[test]
fn the_table_has_these_transitions_and_no_others() {
    let mut legal = Vec::new();
    for from in STATES {
        for action in ACTIONS {
            match from.after(action) {
                Ok(to) => legal.push(format!("{from}->{to}")),
                Err(Error::InvalidTransition { from: said, to }) => {
                    assert_eq!((said, to), (from, action.leads_to()));
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    let expected = [
        "ORDERED->PAID",
        "ORDERED->CANCELLED",
        "ORDERED->EXPIRED",
        "PAID->SHIPPED",
        "SHIPPED->DELIVERED",
        "DELIVERED->REFUNDED",
    ];
    assert_eq!(legal, expected);
}

#[test]
fn states_are_spelt_as_the_api_does() {
    for status in STATES {
        assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
    }
}

#[test]
fn an_action_is_on_offer_only_to_those_who_may() {
    assert_eq!(Status::Ordered.allowed(Role::Buyer), ["pay", "cancel"]);
    assert_eq!(Status::Ordered.allowed(Role::Admin), ["cancel"]);
    assert!(Status::Ordered.allowed(Role::Seller).is_empty());
    // A paid order cannot be cancelled without a refund.
    assert!(Status::Paid.allowed(Role::Buyer).is_empty());
    assert!(Status::Paid.allowed(Role::Admin).is_empty());
}

#[test]
fn totals_are_exact_or_refused() {
    assert_eq!(total(&[line("s", 2, 2999), line("s", 3, 1)]), Some(6001));
    assert_eq!(total(&[line("s", 2, i64::MAX)]), None);
    assert_eq!(total(&[line("s", 1, i64::MAX), line("s", 1, 1)]), None);
}

#[test]
fn a_seller_sees_only_their_lines() {
    let order = order(Status::Paid, None);
    assert_eq!(total(order.lines_for(Role::Seller, "s2")), Some(0));
    assert_eq!(order.lines_for(Role::Seller, "s1").count(), 1);
    assert_eq!(order.lines_for(Role::Buyer, "b").count(), 2);
    assert_eq!(order.lines_for(Role::Admin, "a").count(), 2);
}

#[test]
fn only_an_unpaid_order_becomes_due() {
    let late = "2026-11-21T05:15:00.000Z";
    assert!(order(Status::Ordered, None).is_due(late));
    assert!(!order(Status::Ordered, None).is_due("2026-11-21T05:14:59.999Z"));
    assert!(!order(Status::Paid, None).is_due(late));
}

#[test]
fn a_payment_pays_an_open_order_once() {
    let open = order(Status::Ordered, None);
    assert_eq!(judge(&open, &captured("p1", 5998)), Verdict::Paid);
    assert_eq!(judge(&open, &captured("p1", 5997)), Verdict::Rejected("amount_mismatch"));
    let won = Captured { currency: Currency::parse("KRW").unwrap(), ..captured("p1", 5998) };
    assert_eq!(judge(&open, &won), Verdict::Rejected("amount_mismatch"));
    for status in [Status::Paid, Status::Shipped, Status::Refunded] {
        let paid = order(status, Some("p1"));
        assert_eq!(judge(&paid, &captured("p1", 5998)), Verdict::Known);
        assert_eq!(judge(&paid, &captured("p2", 5998)), Verdict::Rejected("already_paid"));
    }
}

#[test]
fn money_for_a_dead_order_goes_back() {
    let verdict = |status| judge(&order(status, None), &captured("p1", 5998));
    assert_eq!(verdict(Status::Cancelled), Verdict::Rejected("order_cancelled"));
    assert_eq!(verdict(Status::Expired), Verdict::Rejected("order_expired"));
}
