//! One module per part of the API; here is what they share: the order as it stands now, and as it is shown.

pub mod cancel;
pub mod change;
pub mod events;
pub mod fulfil;
pub mod history;
pub mod internal;
pub mod place;
pub mod read;

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::permissions::{OrdersAny, OrdersFulfil};
use contract::{OrderId, UserId};
use edge::{Code, Context, Preconditions, Problem, User, etag};
use http::header;
use store::Timestamp;

use crate::domain::{Action, Order, Relation, Role, Status, total};
use crate::error::Error;
use crate::record::{self, Done, Happening};
use crate::{api, store as orders};

/// How often a request reads and decides anew because others were faster: an order has a buyer, a payment and a
/// clock, so more than a few in a row means that something is wrong.
const MAX_TRIES: usize = 8;

/// The name under which the clock's deeds are recorded.
const SELF: &str = "service:orders";

/// The order with this id as it stands now: when it was not paid in time, it expires here.
async fn current(context: &Context, id: OrderId) -> Result<Order, Error> {
    for _ in 0..MAX_TRIES {
        let order = orders::find(id).await?.ok_or(Error::NotFound)?;
        let now = Timestamp::now();
        if !order.is_due(now) {
            return Ok(order);
        }
        let expired = Happening::new(order.expired(), SELF);
        if let Some(expired) = record::next(context, order, expired, now).await? {
            return Ok(expired.order);
        }
    }
    Err(Error::Contended)
}

/// Do `action` to the order with this id: `decide` says by which event, on the order as it stands, and what the order
/// is like afterwards (but for its state). Decided anew when someone else was faster.
async fn act(
    context: &Context,
    user: &User,
    id: OrderId,
    preconditions: &Preconditions,
    action: Action,
    decide: impl Fn(&mut Order, Role, Timestamp) -> Result<Happening, Error>,
) -> Result<(Done, Relation), Error> {
    for _ in 0..MAX_TRIES {
        let mut order = current(context, id).await?;
        let (relation, role) = permit(user, &order, action)?;
        preconditions.check(order.version)?;
        action.check(order.status)?;
        let now = Timestamp::now();
        let happening = decide(&mut order, role, now)?;
        if let Some(done) = record::next(context, order, happening, now).await? {
            return Ok((done, relation));
        }
    }
    Err(Error::Contended)
}

/// What `user` is to `order`, and as what they may do `action` to it.
fn permit(user: &User, order: &Order, action: Action) -> Result<(Relation, Role), Error> {
    let relation = relation(user, order)?;
    let sends = matches!(action, Action::Ship | Action::Deliver);
    if sends {
        user.require(OrdersFulfil)?;
    }
    if let Some(role) = relation.acts_as(action) {
        return Ok((relation, role));
    }
    user.require(OrdersAny)?;
    let own = "Nobody sends a purchase of their own in the place of its sellers";
    Err(Problem::new(Code::FORBIDDEN, own).into())
}

/// What `user` is to `order`; a stranger is told that there is none.
fn relation(user: &User, order: &Order) -> Result<Relation, Error> {
    Relation::of(order, user.id, |permission| user.holds(permission)).ok_or(Error::NotFound)
}

/// The order as `viewer` sees it: a seller has only their own lines, and the sum of these.
fn show(order: &Order, relation: Relation, viewer: UserId) -> api::Order<'_> {
    let role = relation.role();
    let money = |minor_units| order.currency.decimal(minor_units);
    let lines = || order.lines_for(role, viewer);
    api::Order {
        id: order.id,
        buyer_id: order.buyer_id,
        status: order.status,
        items: lines()
            .map(|line| api::OrderLine {
                product_id: line.product_id,
                name: &line.name,
                seller_id: line.seller_id,
                quantity: line.quantity,
                price: money(line.price),
                line_total: money(line.quantity.saturating_mul(line.price)),
            })
            .collect(),
        // A part of a total that was checked when the order was placed.
        total: money(if role == Role::Seller { total(lines()).unwrap_or(i64::MAX) } else { order.total }),
        currency: order.currency,
        shipping_address: order.shows_address(role).then_some(order.address.as_ref()),
        allowed_actions: relation.allowed(order, viewer),
        payment_id: order.payment_id,
        shipments: order
            .shipments
            .iter()
            .filter(|(seller, _)| role != Role::Seller || **seller == viewer)
            .map(|(seller_id, shipment)| api::OrderShipment { seller_id: *seller_id, shipment })
            .collect(),
        expires_at: (order.status == Status::Ordered).then_some(order.expires_at),
        created_at: order.created_at,
        updated_at: order.updated_at,
    }
}

/// 200 with the order and its tag.
fn answer(order: &Order, relation: Relation, viewer: UserId) -> Response {
    let tag = [(header::ETAG, etag(order.version))];
    (tag, Json(show(order, relation, viewer))).into_response()
}
