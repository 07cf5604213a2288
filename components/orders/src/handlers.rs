//! One module per part of the API; here is what they share: the order as it stands now, and as it is shown.

pub mod cancel;
pub mod change;
pub mod fulfil;
pub mod history;
pub mod internal;
pub mod people;
pub mod place;
pub mod read;
pub mod settle;

use axum::Json;
use axum::response::{IntoResponse, Response};
use edge::{Code, Context, Preconditions, Problem, User, etag};
use http::header;
use store::{Event, Timestamp};

use crate::domain::{Action, Order, Relation, Role, Status, total};
use crate::error::Error;
use crate::store::{self as orders, DB};
use crate::{RELAY, api, personal};

/// How often a request reads and decides anew because others were faster: an order has a buyer, a payment and a
/// clock, so more than a few in a row means that something is wrong.
const MAX_TRIES: usize = 8;

/// The order with this id as it stands now: when it was not paid in time, it expires here.
async fn current(context: &Context, id: &str) -> Result<Order, Error> {
    for _ in 0..MAX_TRIES {
        let order = orders::find(id).await?.ok_or(Error::NotFound)?;
        let now = Timestamp::now();
        if !order.is_due(&now.to_string()) {
            return Ok(order);
        }
        order.status.check(Action::Expire)?;
        let event = orders::expired(&order);
        if let Some(expired) = write(context, order, event, now).await? {
            return Ok(expired.order);
        }
    }
    Err(Error::Contended)
}

/// An order after what a user did to it.
struct Done {
    order: Order,
    /// The place of the event in the log.
    seq: i64,
}

/// Append `event`, which happens to `order` as it was read; `None` when something else happened to it first.
async fn write(
    context: &Context,
    mut order: Order,
    mut event: Event,
    now: Timestamp,
) -> Result<Option<Done>, Error> {
    event.traceparent = context.traceparent.clone();
    if let Some(kept) = &mut event.idempotency {
        kept.result = personal::hide_answer(&order.id, &kept.result).await?;
    }
    order.advance(event.kind, &now.to_string());
    match DB.append_at(event, now).await {
        Ok(appended) => {
            RELAY.kick();
            Ok(Some(Done { order, seq: appended.seq }))
        }
        Err(error) if orders::is_lost_race(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Do `action` to the order with this id: `decide` says by which event, on the order as it stands, and what the order
/// is like afterwards (but for its state). Decided anew when someone else was faster.
async fn act(
    context: &Context,
    user: &User,
    id: &str,
    preconditions: &Preconditions,
    action: Action,
    decide: impl Fn(&mut Order, Role, Timestamp) -> Result<Event, Error>,
) -> Result<(Done, Relation), Error> {
    for _ in 0..MAX_TRIES {
        let mut order = current(context, id).await?;
        let (relation, role) = permit(user, &order, action)?;
        preconditions.check(order.version)?;
        order.status.check(action)?;
        let now = Timestamp::now();
        let event = decide(&mut order, role, now)?;
        if let Some(done) = write(context, order, event, now).await? {
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
        user.require("orders:fulfil")?;
    }
    if let Some(role) = relation.acts_as(action) {
        return Ok((relation, role));
    }
    user.require("orders:any")?;
    let own = "Nobody sends a purchase of their own in the place of its sellers";
    Err(Problem::new(Code::FORBIDDEN, own).into())
}

/// What `user` is to `order`; a stranger is told that there is none.
fn relation(user: &User, order: &Order) -> Result<Relation, Error> {
    Relation::of(order, &user.subject, |permission| user.may(permission)).ok_or(Error::NotFound)
}

/// The order as `subject` sees it: a seller has only their own lines, and the sum of these.
fn show<'a>(order: &'a Order, relation: Relation, subject: &'a str) -> api::Order<'a> {
    let role = relation.role();
    let money = |minor_units| order.currency.decimal(minor_units);
    let lines = || order.lines_for(role, subject);
    api::Order {
        id: &order.id,
        buyer_id: &order.buyer_id,
        status: order.status,
        items: lines()
            .map(|line| api::OrderLine {
                product_id: &line.product_id,
                name: &line.name,
                seller_id: &line.seller_id,
                quantity: line.quantity,
                price: money(line.price),
                line_total: money(line.quantity.saturating_mul(line.price)),
            })
            .collect(),
        // A part of a total that was checked when the order was placed.
        total: money(if role == Role::Seller { total(lines()).unwrap_or(i64::MAX) } else { order.total }),
        currency: order.currency,
        shipping_address: order.shows_address(role).then_some(order.address.as_ref()),
        allowed_actions: relation.allowed(order, subject),
        payment_id: order.payment_id.as_deref(),
        shipments: order
            .shipments
            .iter()
            .filter(|(seller, _)| role != Role::Seller || *seller == subject)
            .map(|(seller_id, shipment)| api::OrderShipment { seller_id, shipment })
            .collect(),
        expires_at: (order.status == Status::Ordered).then_some(&order.expires_at),
        created_at: &order.created_at,
        updated_at: &order.updated_at,
    }
}

/// 200 with the order and its tag.
fn answer(order: &Order, relation: Relation, subject: &str) -> Response {
    let tag = [(header::ETAG, etag(order.version))];
    (tag, Json(show(order, relation, subject))).into_response()
}
