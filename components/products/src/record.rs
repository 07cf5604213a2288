//! The one place that appends. It sets trace and cause, keeps answers for their idempotency keys, and starts the relay.

use clock::Timestamp;
use contract::products::{Hold, ProductEvent};
use contract::{OrderId, ProductId};
use edge::{Answer, Context, Once};
use store::{Event, NEXT};

use crate::RELAY;
use crate::domain::{Adjustment, Product, Revised};
use crate::error::Error;
use crate::store::{DB, FIRST_VERSION};

/// Append that `product` is on sale, with the `answer` to be given again to the same key.
pub async fn created(
    context: &Context,
    product: &Product,
    once: &Once,
    answer: &Answer,
) -> Result<(), Error> {
    let created = ProductEvent::Created {
        seller_id: product.seller_id,
        name: product.name.clone(),
        description: product.description.clone(),
        category: product.category.clone(),
        price: product.price,
        currency: product.currency,
        stock: product.on_hand,
    };
    let event = Event::new(product.id, product.revision, product.seller_id, &created);
    append(context, once.keep(event, answer).await?, product.created_at).await
}

/// Append that the product with this id is as `revised` says. With `if_revision` it happens only to that revision.
pub async fn changed(
    context: &Context,
    id: ProductId,
    revised: Revised,
    if_revision: Option<i64>,
    actor: String,
) -> Result<(), Error> {
    let Revised { details, currency, active } = revised;
    let changed = ProductEvent::Changed {
        name: details.name,
        description: details.description,
        category: details.category,
        price: details.price,
        currency,
        active,
        if_revision,
    };
    append(context, Event::new(id, NEXT, actor, &changed), Timestamp::now()).await
}

/// Append that a product is no longer on sale, under the same condition.
pub async fn withdrawn(
    context: &Context,
    id: ProductId,
    if_revision: Option<i64>,
    actor: String,
) -> Result<(), Error> {
    let withdrawn = ProductEvent::Withdrawn { if_revision };
    append(context, Event::new(id, NEXT, actor, &withdrawn), Timestamp::now()).await
}

/// Append that the stock of the product with this id was changed by hand, if it is at `revision`.
pub async fn adjusted(
    context: &Context,
    (id, revision): (ProductId, i64),
    change: &Adjustment,
    actor: String,
    (once, answer): (&Once, &Answer),
    now: Timestamp,
) -> Result<(), Error> {
    let (delta, reason) = (change.delta, change.reason.clone());
    let adjusted = ProductEvent::StockAdjusted { delta, reason, if_revision: Some(revision) };
    append(context, once.keep(Event::new(id, NEXT, actor, &adjusted), answer).await?, now).await
}

/// Append that stock is held for an order, or other lines than before when it is not the first version.
pub async fn reserved(context: &Context, hold: Hold, version: i64, actor: &str) -> Result<(), Error> {
    let order_id = hold.order_id;
    let reserved = if version == FIRST_VERSION {
        ProductEvent::StockReserved(hold)
    } else {
        ProductEvent::StockRereserved(hold)
    };
    append(context, Event::new(order_id, version, actor, &reserved), Timestamp::now()).await
}

/// Append that the reservation of `order_id` is settled, once per `cause`.
///
/// # Errors
/// As [`store::Db::append`]; the caller knows what each means.
pub async fn settled(
    order_id: OrderId,
    version: i64,
    settled: &ProductEvent,
    cause: &str,
) -> Result<(), store::Error> {
    let mut event = Event::new(order_id, version, "service:orders", settled);
    event.cause = Some(cause.to_owned());
    DB.append(event).await.map(drop)
}

async fn append(context: &Context, mut event: Event, now: Timestamp) -> Result<(), Error> {
    event.traceparent.clone_from(&context.traceparent);
    DB.append_at(event, now).await?;
    RELAY.kick();
    Ok(())
}
