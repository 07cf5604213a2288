//! Cancelling an order that was not paid.

use axum::Json;
use axum::response::{IntoResponse, Response};
use edge::{Context, Path, Preconditions, User, etag};
use http::header;

use super::{MAX_TRIES, current, role, show, step};
use crate::RELAY;
use crate::domain::{Action, Role};
use crate::error::Error;
use crate::store::{self as orders, DB};

/// `DELETE /api/orders/{id}`: 200 with the cancelled order; its stock is free when the answer comes.
pub async fn cancel(
    context: Context,
    user: User,
    Path(id): Path<String>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    user.require("orders:read")?;
    for _ in 0..MAX_TRIES {
        let mut order = current(&context, &id).await?;
        let role = role(&user, &order)?;
        if role == Role::Seller {
            // Sellers see the order, but it is not theirs to cancel.
            user.require("orders:any")?;
        }
        preconditions.check(order.version)?;
        let to = order.status.after(Action::Cancel)?;
        let mut event = orders::cancelled(&order, user.actor());
        event.traceparent = context.traceparent.clone();
        let appended = match DB.append(event).await {
            Ok(appended) => appended,
            Err(error) if orders::is_lost_race(&error) => continue,
            Err(error) => return Err(error.into()),
        };
        if RELAY.deliver(&context, "products", appended.seq).await.is_err() {
            eprintln!("order {id}: products frees the stock later");
        }
        RELAY.kick();
        step(&mut order, to, appended.time);
        let tag = [(header::ETAG, etag(order.version))];
        return Ok((tag, Json(show(&order, role, &user.subject))).into_response());
    }
    Err(Error::Contended)
}
