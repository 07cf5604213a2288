//! Cancelling an order. What was paid is given back by payments, which gets the event.

use axum::response::Response;
use edge::{Context, Id, Path, Preconditions, User};
use serde_json::json;

use super::{act, answer};
use crate::RELAY;
use crate::domain::{Action, Status};
use crate::error::Error;
use crate::store as orders;

/// `DELETE /api/orders/{id}`: 200 with the cancelled order; its stock is free when the answer comes. A paid one
/// becomes REFUNDED when payments has given the money back.
pub async fn cancel(
    context: Context,
    user: User,
    Path(Id(id)): Path<Id>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    user.require("orders:read")?;
    let (done, relation) = act(&context, &user, &id, &preconditions, Action::Cancel, |order, _, _| {
        let data = match (order.status, order.shipments.is_empty()) {
            (Status::Paid, false) => return Err(Error::PartlyShipped),
            // Nothing has left yet, so all of it is for sale again.
            (Status::Paid, true) => {
                json!({ "paymentId": order.payment_id, "refund": true, "restock": true })
            }
            _ => json!({}),
        };
        Ok(orders::next(order, "order.cancelled", user.actor(), data))
    })
    .await?;
    if RELAY.deliver(&context, "products", done.seq).await.is_err() {
        logline::log!("order {id}: products frees the stock later");
    }
    Ok(answer(&done.order, relation, &user.subject))
}
