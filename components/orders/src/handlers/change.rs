//! Changing an order: where it goes, until all of it is shipped; and what it has, until it is paid.
//!
//! Other items need other stock, which is another service's, so this has three steps: hold what the old and the new
//! items need together (all of it, or the change is refused), write the order, let go what is too much. Whatever fails or
//! dies in between leaves more stock held than is needed, never less, and no longer than until the order is paid,
//! cancelled or expired: what a paid order takes from the warehouse are its own lines, as `order.paid` tells them.
//! The order's version is read before the first step, so of two changes at once the second one fails in the second
//! step, and begins anew; the third step is skipped when another change has begun.

use axum::response::Response;
use edge::{Context, FieldError, Id, Json, Path, Preconditions, User};
use serde_json::json;
use store::{Event, Timestamp};

use super::{MAX_TRIES, answer, current, permit, write};
use crate::api::{Item, OrderChange};
use crate::domain::{Change, Order, total};
use crate::error::Error;
use crate::reservation::{extend, shrink};
use crate::{personal, store as orders};

/// `PUT /api/orders/{id}`: 200 with the order; what is left out of the body stays.
pub async fn change(
    context: Context,
    user: User,
    Path(Id(id)): Path<Id>,
    preconditions: Preconditions,
    Json(body): Json<OrderChange>,
) -> Result<Response, Error> {
    user.require("orders:read")?;
    let change = Change::parse(body).map_err(Error::Invalid)?;
    for _ in 0..MAX_TRIES {
        let mut order = current(&context, &id).await?;
        let (relation, _) = permit(&user, &order, change.action(&order.lines))?;
        preconditions.check(order.version)?;
        order.status.check(change.action(&order.lines))?;
        let now = Timestamp::now();
        let Some(lines) = change.lines_unlike(&order.lines) else {
            if change.address.is_none() || change.address == order.address {
                return Ok(answer(&order, relation, &user.subject));
            }
            let event = readdressed(&mut order, &change, user.actor()).await?;
            match write(&context, order, event, now).await? {
                Some(done) => return Ok(answer(&done.order, relation, &user.subject)),
                None => continue,
            }
        };
        let Some(hold) = hold_both(&context, &mut order, lines).await? else { continue };
        let event = changed(&mut order, &change, user.actor()).await?;
        if let Some(done) = write(&context, order, event, now).await? {
            shrink(&context, &done.order, hold).await;
            return Ok(answer(&done.order, relation, &user.subject));
        }
    }
    Err(Error::Contended)
}

/// Hold what `order` has and what `lines` want, and put the latter into the order; the hold's version. `None` when there
/// is no hold to change any more: the order was just paid or ended.
async fn hold_both(context: &Context, order: &mut Order, lines: &[Item]) -> Result<Option<i64>, Error> {
    let Some(held) = extend(context, order, lines).await? else { return Ok(None) };
    order.total = total(&held.reserved.lines)
        .ok_or_else(|| Error::Invalid(vec![FieldError::new("items", "cost more than can be counted")]))?;
    order.currency = held.reserved.currency;
    order.lines = held.reserved.lines;
    Ok(Some(held.version))
}

/// The event that sends `order` elsewhere.
async fn readdressed(order: &mut Order, change: &Change, actor: String) -> Result<Event, Error> {
    let event = orders::next(order, "order.readdressed", actor, json!({}));
    with_address(order, change, event).await
}

/// The event that gives `order` the lines that it has now.
async fn changed(order: &mut Order, change: &Change, actor: String) -> Result<Event, Error> {
    let event = orders::next(order, "order.changed", actor, orders::content(order));
    with_address(order, change, event).await
}

async fn with_address(order: &mut Order, change: &Change, mut event: Event) -> Result<Event, Error> {
    if let Some(address) = &change.address {
        event.private = Some(json!({ "shippingAddress": personal::hide(&order.id, address).await? }));
        order.address = Some(address.clone());
    }
    Ok(event)
}
