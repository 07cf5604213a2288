//! Cancelling an order. What was paid is given back by payments, which gets the event.

use axum::response::Response;
use contract::OrderId;
use contract::permissions::OrdersRead;
use edge::{Context, Path, Permitted, Preconditions};

use super::{act, answer};
use crate::RELAY;
use crate::domain::{Action, Status};
use crate::error::Error;
use crate::record::Happening;

/// `DELETE /api/orders/{id}`: 200 with the cancelled order; its stock is free when the answer comes. A paid one
/// becomes REFUNDED when payments has given the money back.
pub async fn cancel(
    context: Context,
    user: Permitted<OrdersRead>,
    Path(id): Path<OrderId>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    let (done, relation) = act(&context, &user, id, &preconditions, Action::Cancel, |order, _, _| {
        if order.status == Status::Paid && !order.shipments.is_empty() {
            return Err(Error::PartlyShipped);
        }
        Ok(Happening::new(order.cancelled(), user.actor()))
    })
    .await?;
    if RELAY.deliver(&context, "products", done.seq).await.is_err() {
        logline::log!("order {id}: products frees the stock later");
    }
    Ok(answer(&done.order, relation, user.id))
}
