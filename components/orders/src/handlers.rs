//! One module per part of the API; here is what they share: the order as it stands now, and as it is shown.

pub mod cancel;
pub mod internal;
pub mod people;
pub mod place;
pub mod read;

use edge::{Context, User};
use store::Timestamp;

use crate::domain::{Action, Order, Role, Status, total};
use crate::error::Error;
use crate::store::{self as orders, DB};
use crate::{RELAY, api};

/// How often a request reads and decides anew because others were faster: an order has a buyer, a payment and a
/// clock, so more than a few in a row means that something is wrong.
const MAX_TRIES: usize = 8;

/// The order with this id as it stands now: when it was not paid in time, it expires here.
async fn current(context: &Context, id: &str) -> Result<Order, Error> {
    for _ in 0..MAX_TRIES {
        let mut order = orders::find(id).await?.ok_or(Error::NotFound)?;
        if !order.is_due(&Timestamp::now().to_string()) {
            return Ok(order);
        }
        let to = order.status.after(Action::Expire)?;
        let mut event = orders::expired(&order);
        event.traceparent = context.traceparent.clone();
        match DB.append(event).await {
            Ok(appended) => {
                RELAY.kick();
                step(&mut order, to, appended.time);
                return Ok(order);
            }
            Err(error) if orders::is_lost_race(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Contended)
}

/// What the fold made of `order` when it reached `status`.
fn step(order: &mut Order, status: Status, time: Timestamp) {
    order.status = status;
    order.version = order.next_version();
    order.updated_at = time.to_string();
}

/// As what `user` may see `order`; who may not is told that there is none.
fn role(user: &User, order: &Order) -> Result<Role, Error> {
    let sells = || order.lines.iter().any(|line| line.seller_id == user.subject);
    if order.buyer_id == user.subject {
        Ok(Role::Buyer)
    } else if user.may("orders:any") {
        Ok(Role::Admin)
    } else if user.may("orders:fulfil") && sells() {
        Ok(Role::Seller)
    } else {
        Err(Error::NotFound)
    }
}

/// The order as `subject` sees it in their `role`: a seller has only their own lines, and the sum of these.
fn show<'a>(order: &'a Order, role: Role, subject: &'a str) -> api::Order<'a> {
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
        shipping_address: order.address.as_ref(),
        allowed_actions: order.status.allowed(role),
        payment_id: order.payment_id.as_deref(),
        created_at: &order.created_at,
        updated_at: &order.updated_at,
    }
}
