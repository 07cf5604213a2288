//! The rules of orders, by example.

use money::Currency;
use proptest::prelude::*;

use contract::orders::OrderEventKind as Kind;
use contract::{OrderId, PaymentId, ProductId, UserId};
use strum::{IntoDiscriminant, VariantArray};

use super::status::TRANSITIONS;
use super::*;

const NOW: Timestamp = Timestamp(1_795_237_567_089);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub const B: UserId = UserId::from_u128(0xb);
pub const S1: UserId = UserId::from_u128(0x51);
pub const S2: UserId = UserId::from_u128(0x52);
pub const A: UserId = UserId::from_u128(0xa);
pub const X: UserId = UserId::from_u128(0xff);
pub const P1: PaymentId = PaymentId::from_u128(1);
const P2: PaymentId = PaymentId::from_u128(2);
const O: OrderId = OrderId::from_u128(0);

fn line(seller_id: UserId, quantity: i64, price: i64) -> Line {
    Line { product_id: ProductId::from_u128(7), name: "Tea".to_owned(), seller_id, quantity, price }
}

pub fn order(status: Status, payment_id: Option<PaymentId>) -> Order {
    let text = str::to_owned;
    Order {
        id: O,
        buyer_id: B,
        status,
        currency: Currency::USD,
        total: 5998,
        address: Some(Address { street: text("1 Main St"), city: text("Seoul"), zip_code: text("12345") }),
        payment_id,
        pending: Pending::default(),
        refunded: 0,
        taken: None,
        shipments: Shipments::new(),
        version: 1,
        expires_at: at("2026-11-21T05:15:00.000Z"),
        created_at: at("2026-11-21T05:00:00.000Z"),
        updated_at: at("2026-11-21T05:00:00.000Z"),
        lines: vec![line(S1, 2, 2999), line(S2, 1, 0)],
    }
}

/// How `order` takes a payment of this many cents.
fn judged(order: &Order, payment: PaymentId, cents: i64) -> Verdict {
    judge(order, payment, Amount::new(cents, Currency::USD))
}

#[test]
fn totals_are_exact_or_refused() {
    assert_eq!(total(&[line(S1, 2, 2999), line(S1, 3, 1)]), Some(6001));
    assert_eq!(total(&[line(S1, 2, i64::MAX)]), None);
    assert_eq!(total(&[line(S1, 1, i64::MAX), line(S1, 1, 1)]), None);
}

#[test]
fn a_seller_sees_only_their_lines() {
    let order = order(Status::Paid, None);
    assert_eq!(total(order.lines_for(Role::Seller, S2)), Some(0));
    assert_eq!(order.lines_for(Role::Seller, S1).count(), 1);
    assert_eq!(order.lines_for(Role::Buyer, B).count(), 2);
    assert_eq!(order.lines_for(Role::Admin, A).count(), 2);
}

#[test]
fn only_an_unpaid_order_becomes_due() {
    let late = at("2026-11-21T05:15:00.000Z");
    assert!(order(Status::Ordered, None).is_due(late));
    assert!(!order(Status::Ordered, None).is_due(at("2026-11-21T05:14:59.999Z")));
    assert!(!order(Status::Paid, None).is_due(late));
}

#[test]
fn a_payment_pays_an_open_order_once() {
    let open = order(Status::Ordered, None);
    assert_eq!(judged(&open, P1, 5998), Verdict::Paid);
    assert_eq!(judged(&open, P1, 5997), Verdict::Rejected(Rejection::AmountMismatch));
    let won = Amount::new(5998, Currency::parse("KRW").unwrap());
    assert_eq!(judge(&open, P1, won), Verdict::Rejected(Rejection::AmountMismatch));
    for status in [Status::Paid, Status::Shipped, Status::Refunded] {
        let paid = order(status, Some(P1));
        assert_eq!(judged(&paid, P1, 5998), Verdict::Known);
        assert_eq!(judged(&paid, P2, 5998), Verdict::Rejected(Rejection::AlreadyPaid));
    }
}

/// News of the payment with this id, for an order that heard before what `pending` says.
fn told(
    pending: Option<PaymentId>,
    payment: PaymentId,
    open: bool,
    was_open: bool,
    sequence: i64,
) -> Option<Kind> {
    let mut order = order(Status::Ordered, None);
    order.pending = Pending { payment_id: pending, sequence: 10 };
    let news = News { payment_id: payment, open, was_open, sequence };
    judge_news(&order, &news).map(|event| event.discriminant())
}

#[test]
fn of_two_news_of_payments_the_later_one_counts_whichever_comes_first() {
    assert_eq!(told(None, P1, true, false, 11), Some(Kind::PaymentPending));
    assert_eq!(told(Some(P1), P1, true, false, 11), None, "known");
    assert_eq!(told(Some(P1), P1, false, false, 11), Some(Kind::PaymentEnded));
    assert_eq!(told(None, P1, false, true, 11), Some(Kind::PaymentEnded), "so that older news find it said");
    assert_eq!(told(None, P1, false, false, 11), None, "it never was open");
    assert_eq!(told(Some(P2), P1, false, true, 11), None, "another one is open");
    for open in [true, false] {
        assert_eq!(told(None, P1, open, true, 10), None, "old news");
    }
}

#[test]
fn an_order_is_not_to_be_paid_while_a_payment_is_open() {
    let mut order = order(Status::Ordered, None);
    assert!(order.allowed(Role::Buyer, B).contains(&Action::Pay));
    order.pending.payment_id = Some(P1);
    assert_eq!(order.allowed(Role::Buyer, B), [Action::Cancel, Action::ChangeItems, Action::ChangeAddress]);
}

#[test]
fn a_seller_sees_the_address_while_there_is_a_parcel() {
    for status in Status::VARIANTS {
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
    let verdict = |status| judged(&order(status, None), P1, 5998);
    assert_eq!(verdict(Status::Cancelled), Verdict::Rejected(Rejection::OrderCancelled));
    assert_eq!(verdict(Status::Expired), Verdict::Rejected(Rejection::OrderExpired));
}

fn refunded(payment: PaymentId, full: bool) -> payments::Refunded {
    payments::Refunded {
        order_id: O,
        payment_id: payment,
        refund_id: None,
        amount: Amount::new(1, Currency::USD),
        reference: None,
        refunded_total: 1,
        full,
        restock: false,
        elsewhere: false,
    }
}

fn judged_refund(order: &Order, payment: PaymentId, full: bool) -> Option<Kind> {
    judge_refund(order, &refunded(payment, full)).map(|event| event.discriminant())
}

#[test]
fn a_refund_means_what_the_state_makes_of_it() {
    let meant = |status, full| judged_refund(&order(status, Some(P1)), P1, full);
    assert_eq!(meant(Status::Cancelled, true), Some(Kind::Refunded));
    assert_eq!(meant(Status::Delivered, true), Some(Kind::Refunded));
    assert_eq!(meant(Status::Paid, true), Some(Kind::Cancelled));
    assert_eq!(meant(Status::Shipped, true), Some(Kind::RefundNoted));
    assert_eq!(meant(Status::Refunded, true), None);
    for status in [Status::Paid, Status::Shipped, Status::Delivered, Status::Cancelled] {
        assert_eq!(meant(status, false), Some(Kind::RefundNoted));
    }
    let mut sent = order(Status::Paid, Some(P1));
    sent.ship(&Label::default(), Role::Seller, S1, NOW).unwrap();
    assert_eq!(judged_refund(&sent, P1, true), Some(Kind::RefundNoted));
}

#[test]
fn what_was_given_back_in_full_is_not_sent() {
    let mut paid = order(Status::Paid, Some(P1));
    let ship = |order: &Order| order.clone().ship(&Label::default(), Role::Seller, S2, NOW).is_ok();
    paid.refunded = paid.total - 1;
    assert!(ship(&paid) && paid.allowed(Role::Seller, S2).contains(&Action::Ship));
    paid.refunded = paid.total;
    assert!(!ship(&paid) && !paid.allowed(Role::Seller, S2).contains(&Action::Ship));
    paid.taken = Some(paid.total + 1);
    assert!(!paid.is_given_back(), "a cent of what was taken is left");
    paid.taken = None;
    (paid.total, paid.refunded) = (0, 0);
    assert!(ship(&paid), "it cost nothing");
}

#[test]
fn money_that_was_refused_when_it_came_does_not_refund_the_order() {
    assert_eq!(judged_refund(&order(Status::Cancelled, None), P1, true), None);
    assert_eq!(judged_refund(&order(Status::Paid, Some(P1)), P2, true), None);
}

#[test]
fn an_order_is_shipped_and_delivered_when_all_its_sellers_say_so() {
    let mut order = order(Status::Paid, Some(P1));
    let ship = |order: &mut Order, who| {
        let event = order.ship(&Label::default(), Role::Seller, who, NOW)?;
        order.advance(event.discriminant(), NOW);
        Ok::<_, InvalidTransition>(event.discriminant())
    };
    let deliver = |order: &mut Order, who| {
        let event = order.deliver(Role::Seller, who, NOW)?;
        order.advance(event.discriminant(), NOW);
        Ok::<_, InvalidTransition>(event.discriminant())
    };
    let refusal = |error: InvalidTransition| (error.from, error.to);
    assert_eq!(refusal(deliver(&mut order, S1).unwrap_err()), (Status::Paid, Status::Delivered));
    assert_eq!(ship(&mut order, S1).unwrap(), Kind::PartlyShipped);
    assert_eq!(order.status, Status::Paid);
    assert_eq!(refusal(ship(&mut order, S1).unwrap_err()), (Status::Shipped, Status::Shipped));
    assert_eq!(order.allowed(Role::Seller, S1), [Action::Deliver]);
    assert_eq!(order.allowed(Role::Seller, S2), [Action::Ship]);
    assert_eq!(order.allowed(Role::Admin, A), [Action::ChangeAddress, Action::Ship, Action::Deliver]);
    assert_eq!(order.allowed(Role::Buyer, B), [Action::ChangeAddress], "what was sent cannot be cancelled");
    assert_eq!(deliver(&mut order, S1).unwrap(), Kind::PartlyDelivered);
    assert_eq!(refusal(deliver(&mut order, S1).unwrap_err()), (Status::Delivered, Status::Delivered));
    assert_eq!(ship(&mut order, S2).unwrap(), Kind::Shipped);
    assert_eq!(order.status, Status::Shipped);
    assert_eq!(deliver(&mut order, S2).unwrap(), Kind::Delivered);
    assert_eq!(order.status, Status::Delivered);
    assert_eq!(order.allowed(Role::Seller, S2), [], "a refund is of the whole order");
    assert_eq!(order.allowed(Role::Admin, A), [Action::Refund]);
}

#[test]
fn an_admin_ships_what_is_left() {
    let mut order = order(Status::Paid, Some(P1));
    order.ship(&Label::default(), Role::Seller, S2, NOW).unwrap();
    let event = order.ship(&Label::default(), Role::Admin, A, NOW).unwrap();
    let OrderEvent::Shipped(parcel) = event else { panic!("{event:?}") };
    assert_eq!(parcel.seller_ids, [S1]);
}

#[test]
fn parcels_have_labels_that_can_be_read() {
    let parcel = |carrier: &str| Label::parse(Some(carrier), None);
    assert!(parcel("Korea Post").is_ok());
    assert_eq!(parcel(" ").unwrap_err()[0].field, "carrier");
    assert_eq!(parcel(&"x".repeat(101)).unwrap_err()[0].field, "carrier");
}

/// What someone may try with an order.
#[derive(Clone, Debug)]
enum Try {
    Ship(Role, UserId),
    Deliver(Role, UserId),
    Event(Kind),
    Refund(bool),
}

fn tries() -> impl Strategy<Value = Try> {
    let sender = prop::sample::select(vec![(Role::Seller, S1), (Role::Seller, S2), (Role::Admin, A)]);
    let event = prop::sample::select(vec![
        Kind::Paid,
        Kind::Cancelled,
        Kind::Expired,
        Kind::Changed,
        Kind::Readdressed,
    ]);
    prop_oneof![
        sender.clone().prop_map(|(role, who)| Try::Ship(role, who)),
        sender.prop_map(|(role, who)| Try::Deliver(role, who)),
        event.prop_map(Try::Event),
        any::<bool>().prop_map(Try::Refund),
    ]
}

/// The event that comes of `attempt`; none when it is refused.
fn outcome(order: &mut Order, attempt: &Try) -> Option<Kind> {
    match attempt {
        Try::Ship(role, who) => {
            order.ship(&Label::default(), *role, *who, NOW).ok().map(|event| event.discriminant())
        }
        Try::Deliver(role, who) => order.deliver(*role, *who, NOW).ok().map(|event| event.discriminant()),
        Try::Event(kind) => {
            let row = TRANSITIONS.iter().find(|row| row.event == *kind)?;
            row.action.check(order.status).ok().map(|()| *kind)
        }
        Try::Refund(full) => judged_refund(order, P1, *full),
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
            if kind == Kind::Paid {
                order.payment_id = Some(P1);
            }
            order.advance(kind, NOW);
            let row = TRANSITIONS.iter().find(|row| row.from == before && row.event == kind);
            prop_assert_eq!(order.status, row.map_or(before, |row| row.to));
            prop_assert!(row.is_some() || kind == Kind::RefundNoted, "{:?} from {}", kind, before);
            prop_assert_eq!(order.version, version.saturating_add(1));
            let shipped = order.sellers().iter().all(|seller| order.shipments.contains_key(seller));
            let arrived = shipped && order.shipments.values().all(|shipment| shipment.delivered_at.is_some());
            let sent = matches!(order.status, Status::Shipped | Status::Delivered);
            prop_assert!(!sent || shipped, "{} before all have shipped", order.status);
            prop_assert!(order.status != Status::Paid || !shipped, "all have shipped, but it is only PAID");
            prop_assert_eq!(order.status == Status::Delivered, arrived && order.status != Status::Refunded);
            prop_assert!(order.status == Status::Refunded || order.payment_id.is_some() || !shipped);
        }
    }
}
