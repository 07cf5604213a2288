//! Changing an order: where it goes, until all of it is shipped; and what it has, until it is paid.
//!
//! Other items need other stock, and stock belongs to another service, so this is a saga of three steps: hold what the
//! old and the new items need together (all of it, or the change is refused), write the order, release what is too
//! much. A failure in between leaves too much stock held, never too little, and only until the order is paid, cancelled
//! or expired: a paid order takes exactly the lines of `order.paid` from the warehouse. The order's version is read
//! before the first step, so of two changes at once the second one fails in the second step, and begins anew; the third
//! step is skipped when another change has begun.

use axum::response::Response;
use contract::OrderId;
use contract::orders::OrderEvent;
use contract::permissions::OrdersRead;
use contract::products::Wanted;
use edge::{Context, FieldError, JsonBody, Path, Permitted, Preconditions, User};
use store::Timestamp;

use super::{MAX_TRIES, answer, current, permit};
use crate::api::OrderChange;
use crate::domain::{Change, Order, total};
use crate::error::Error;
use crate::record::{self, Happening};
use crate::reservation::{extend, shrink};

/// `PUT /api/orders/{id}`: 200 with the order; what is left out of the body stays.
pub async fn change(
    context: Context,
    user: Permitted<OrdersRead>,
    Path(id): Path<OrderId>,
    preconditions: Preconditions,
    JsonBody(body): JsonBody<OrderChange>,
) -> Result<Response, Error> {
    let items = body.items.map(|items| items.into_iter().map(Wanted::from).collect());
    let change = Change::parse(items, body.shipping_address.as_ref()).map_err(Error::Invalid)?;
    for _ in 0..MAX_TRIES {
        let mut order = current(&context, id).await?;
        let (relation, _) = permit(&user, &order, change.action(&order.lines))?;
        preconditions.check(order.version)?;
        change.action(&order.lines).check(order.status)?;
        let now = Timestamp::now();
        let Some(lines) = change.lines_unlike(&order.lines) else {
            if change.address.is_none() || change.address == order.address {
                return Ok(answer(&order, relation, user.id));
            }
            let event = OrderEvent::Readdressed { buyer_id: order.buyer_id };
            match record::next(&context, order, by(&user, event, &change), now).await? {
                Some(done) => return Ok(answer(&done.order, relation, user.id)),
                None => continue,
            }
        };
        let Some(hold) = hold_both(&context, &mut order, lines.clone()).await? else { continue };
        let event = OrderEvent::Changed(order.content());
        if let Some(done) = record::next(&context, order, by(&user, event, &change), now).await? {
            shrink(&context, &done.order, hold).await;
            return Ok(answer(&done.order, relation, user.id));
        }
    }
    Err(Error::Contended)
}

/// Hold the lines of `order` together with `lines`, and put `lines` into the order. Returns the hold's version; `None`
/// when there is no hold any more, because the order was just paid or ended.
async fn hold_both(context: &Context, order: &mut Order, lines: Vec<Wanted>) -> Result<Option<i64>, Error> {
    let Some(held) = extend(context, order, lines).await? else { return Ok(None) };
    order.total = total(&held.lines)
        .ok_or_else(|| Error::Invalid(vec![FieldError::new("items", "cost more than can be counted")]))?;
    order.currency = held.currency;
    order.lines = held.lines;
    Ok(Some(held.version))
}

/// That `user` does what `change` says.
fn by(user: &User, event: OrderEvent, change: &Change) -> Happening {
    Happening { address: change.address.clone(), ..Happening::new(event, user.actor()) }
}
