//! The rules of orders, by example.

use money::Currency;
use proptest::prelude::*;

use super::status::TRANSITIONS;
use super::*;
use crate::api::{NewShipment, News};
use crate::error::Error;

fn line(seller: &str, quantity: i64, price: i64) -> Line {
    let text = str::to_owned;
    Line { product_id: text("p"), name: text("Tea"), seller_id: text(seller), quantity, price }
}

pub fn order(status: Status, payment: Option<&str>) -> Order {
    let text = str::to_owned;
    Order {
        id: text("o"),
        buyer_id: text("b"),
        status,
        currency: Currency::USD,
        total: 5998,
        address: Some(Address { street: text("1 Main St"), city: text("Seoul"), zip_code: text("12345") }),
        payment_id: payment.map(text),
        pending: Pending::default(),
        refunded: 0,
        taken: None,
        shipments: Shipments::new(),
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

/// News of the payment with this id, for an order that heard before what `pending` says.
fn told(
    pending: Option<&str>,
    payment: &str,
    open: bool,
    was_open: bool,
    sequence: i64,
) -> Option<&'static str> {
    let mut order = order(Status::Ordered, None);
    order.pending = Pending { payment_id: pending.map(str::to_owned), sequence: 10 };
    let news = News { order_id: "o".to_owned(), payment_id: payment.to_owned(), was_open };
    judge_news(&order, &news, open, sequence)
}

#[test]
fn of_two_news_of_payments_the_later_one_counts_whichever_comes_first() {
    assert_eq!(told(None, "p1", true, false, 11), Some("order.payment_pending"));
    assert_eq!(told(Some("p1"), "p1", true, false, 11), None, "known");
    assert_eq!(told(Some("p1"), "p1", false, false, 11), Some("order.payment_ended"));
    assert_eq!(
        told(None, "p1", false, true, 11),
        Some("order.payment_ended"),
        "so that older news find it said"
    );
    assert_eq!(told(None, "p1", false, false, 11), None, "it never was open");
    assert_eq!(told(Some("p2"), "p1", false, true, 11), None, "another one is open");
    for open in [true, false] {
        assert_eq!(told(None, "p1", open, true, 10), None, "old news");
    }
}

#[test]
fn an_order_is_not_to_be_paid_while_a_payment_is_open() {
    let mut order = order(Status::Ordered, None);
    assert!(order.allowed(Role::Buyer, "b").contains(&"pay"));
    order.pending.payment_id = Some("p1".to_owned());
    assert_eq!(order.allowed(Role::Buyer, "b"), ["cancel", "changeItems", "changeAddress"]);
}

#[test]
fn a_seller_sees_the_address_while_there_is_a_parcel() {
    for status in Status::ALL {
        let shipped = matches!(status, Status::Paid | Status::Shipped | Status::Delivered);
        assert_eq!(order(*status, None).shows_address(Role::Seller), shipped, "{status}");
        assert!(
            order(*status, None).shows_address(Role::Buyer)
                && order(*status, None).shows_address(Role::Admin)
        );
    }
}

#[test]
fn money_for_a_dead_order_goes_back() {
    let verdict = |status| judge(&order(status, None), &captured("p1", 5998));
    assert_eq!(verdict(Status::Cancelled), Verdict::Rejected("order_cancelled"));
    assert_eq!(verdict(Status::Expired), Verdict::Rejected("order_expired"));
}

fn refunded(payment: &str, full: bool) -> Refunded {
    let (order_id, payment_id) = ("o".to_owned(), payment.to_owned());
    Refunded {
        order_id,
        payment_id,
        amount: 1,
        refunded_total: 1,
        currency: Currency::USD,
        full,
        restock: false,
    }
}

#[test]
fn a_refund_means_what_the_state_makes_of_it() {
    let meant = |status, full| judge_refund(&order(status, Some("p1")), &refunded("p1", full));
    assert_eq!(meant(Status::Cancelled, true), Some("order.refunded"));
    assert_eq!(meant(Status::Delivered, true), Some("order.refunded"));
    assert_eq!(meant(Status::Paid, true), Some("order.cancelled"));
    assert_eq!(meant(Status::Shipped, true), Some("order.refund_noted"));
    assert_eq!(meant(Status::Refunded, true), None);
    for status in [Status::Paid, Status::Shipped, Status::Delivered, Status::Cancelled] {
        assert_eq!(meant(status, false), Some("order.refund_noted"));
    }
    let mut sent = order(Status::Paid, Some("p1"));
    sent.ship(&NewShipment::default(), Role::Seller, "s1", "now").unwrap();
    assert_eq!(judge_refund(&sent, &refunded("p1", true)), Some("order.refund_noted"));
}

#[test]
fn what_was_given_back_in_full_is_not_sent() {
    let mut paid = order(Status::Paid, Some("p1"));
    let ship = |order: &Order| order.clone().ship(&NewShipment::default(), Role::Seller, "s2", "now").is_ok();
    paid.refunded = paid.total - 1;
    assert!(ship(&paid) && paid.allowed(Role::Seller, "s2").contains(&"ship"));
    paid.refunded = paid.total;
    assert!(!ship(&paid) && !paid.allowed(Role::Seller, "s2").contains(&"ship"));
    paid.taken = Some(paid.total + 1);
    assert!(!paid.is_given_back(), "a cent of what was taken is left");
    paid.taken = None;
    (paid.total, paid.refunded) = (0, 0);
    assert!(ship(&paid), "it cost nothing");
}

#[test]
fn money_that_was_refused_when_it_came_does_not_refund_the_order() {
    assert_eq!(judge_refund(&order(Status::Cancelled, None), &refunded("p1", true)), None);
    assert_eq!(judge_refund(&order(Status::Paid, Some("p1")), &refunded("p2", true)), None);
}

#[test]
fn an_order_is_shipped_and_delivered_when_all_its_sellers_say_so() {
    let mut order = order(Status::Paid, Some("p1"));
    let ship = |order: &mut Order, who| {
        let (kind, sellers) = order.ship(&NewShipment::default(), Role::Seller, who, "now")?;
        order.advance(kind, "now");
        Ok::<_, Error>((kind, sellers.len()))
    };
    let deliver = |order: &mut Order, who| {
        let (kind, _) = order.deliver(Role::Seller, who, "now")?;
        order.advance(kind, "now");
        Ok::<_, Error>(kind)
    };
    let refusal = |error: Error| match error {
        Error::InvalidTransition { from, to } => (from, to),
        other => panic!("{other}"),
    };
    assert_eq!(refusal(deliver(&mut order, "s1").unwrap_err()), (Status::Paid, Status::Delivered));
    assert_eq!(ship(&mut order, "s1").unwrap(), ("order.partly_shipped", 1));
    assert_eq!(order.status, Status::Paid);
    assert_eq!(refusal(ship(&mut order, "s1").unwrap_err()), (Status::Shipped, Status::Shipped));
    assert_eq!(order.allowed(Role::Seller, "s1"), ["deliver"]);
    assert_eq!(order.allowed(Role::Seller, "s2"), ["ship"]);
    assert_eq!(order.allowed(Role::Admin, "a"), ["changeAddress", "ship", "deliver"]);
    assert_eq!(order.allowed(Role::Buyer, "b"), ["changeAddress"], "what was sent cannot be cancelled");
    assert_eq!(deliver(&mut order, "s1").unwrap(), "order.partly_delivered");
    assert_eq!(refusal(deliver(&mut order, "s1").unwrap_err()), (Status::Delivered, Status::Delivered));
    assert_eq!(ship(&mut order, "s2").unwrap(), ("order.shipped", 1));
    assert_eq!(order.status, Status::Shipped);
    assert_eq!(deliver(&mut order, "s2").unwrap(), "order.delivered");
    assert_eq!(order.status, Status::Delivered);
    assert_eq!(order.allowed(Role::Seller, "s2"), [""; 0], "a refund is of the whole order");
    assert_eq!(order.allowed(Role::Admin, "a"), ["refund"]);
}

#[test]
fn an_admin_ships_what_is_left() {
    let mut order = order(Status::Paid, Some("p1"));
    order.ship(&NewShipment::default(), Role::Seller, "s2", "now").unwrap();
    let (kind, sellers) = order.ship(&NewShipment::default(), Role::Admin, "a", "now").unwrap();
    assert_eq!((kind, sellers), ("order.shipped", vec!["s1".to_owned()]));
}

#[test]
fn parcels_have_labels_that_can_be_read() {
    let parcel = |carrier: &str| {
        check_shipment(&NewShipment { carrier: Some(carrier.to_owned()), tracking_number: None })
    };
    assert!(parcel("Korea Post").is_ok());
    assert_eq!(parcel(" ").unwrap_err()[0].field, "carrier");
    assert_eq!(parcel(&"x".repeat(101)).unwrap_err()[0].field, "carrier");
}

/// What someone may try with an order.
#[derive(Clone, Debug)]
enum Try {
    Ship(Role, &'static str),
    Deliver(Role, &'static str),
    Event(&'static str),
    Refund(bool),
}

fn tries() -> impl Strategy<Value = Try> {
    let sender = prop::sample::select(vec![(Role::Seller, "s1"), (Role::Seller, "s2"), (Role::Admin, "a")]);
    let event = prop::sample::select(vec![
        "order.paid",
        "order.cancelled",
        "order.expired",
        "order.changed",
        "order.readdressed",
    ]);
    prop_oneof![
        sender.clone().prop_map(|(role, who)| Try::Ship(role, who)),
        sender.prop_map(|(role, who)| Try::Deliver(role, who)),
        event.prop_map(Try::Event),
        any::<bool>().prop_map(Try::Refund),
    ]
}

/// The event that comes of `attempt`; none when it is refused.
fn outcome(order: &mut Order, attempt: &Try) -> Option<&'static str> {
    match attempt {
        Try::Ship(role, who) => {
            order.ship(&NewShipment::default(), *role, who, "now").ok().map(|(kind, _)| kind)
        }
        Try::Deliver(role, who) => order.deliver(*role, who, "now").ok().map(|(kind, _)| kind),
        Try::Event(kind) => {
            let row = TRANSITIONS.iter().find(|row| row.event == *kind)?;
            order.status.check(row.action).ok().map(|()| *kind)
        }
        Try::Refund(full) => judge_refund(order, &refunded("p1", *full)),
    }
}

proptest! {
    #[test]
    fn every_reachable_state_is_reached_by_the_table(attempts in prop::collection::vec(tries(), 1..40)) {
        let mut order = order(Status::Ordered, None);
        for attempt in attempts {
            let (before, version) = (order.status, order.version);
            let Some(kind) = outcome(&mut order, &attempt) else {
                prop_assert_eq!(order.status, before);
                continue;
            };
            if kind == "order.paid" {
                order.payment_id = Some("p1".to_owned());
            }
            order.advance(kind, "now");
            let row = TRANSITIONS.iter().find(|row| row.from == before && row.event == kind);
            prop_assert_eq!(order.status, row.map_or(before, |row| row.to));
            prop_assert!(row.is_some() || kind == "order.refund_noted", "{} from {}", kind, before);
            prop_assert_eq!(order.version, version.saturating_add(1));
            let shipped = order.sellers().iter().all(|seller| order.shipments.contains_key(*seller));
            let arrived = shipped && order.shipments.values().all(|shipment| shipment.delivered_at.is_some());
            let sent = matches!(order.status, Status::Shipped | Status::Delivered);
            prop_assert!(!sent || shipped, "{} before all have shipped", order.status);
            prop_assert!(order.status != Status::Paid || !shipped, "all have shipped, but it is only PAID");
            prop_assert_eq!(order.status == Status::Delivered, arrived && order.status != Status::Refunded);
            prop_assert!(order.status == Status::Refunded || order.payment_id.is_some() || !shipped);
        }
    }
}
