//! What orders tell about their orders, which settles holds, and auth about people, who may no longer sell.

use contract::Units;
use contract::auth::AuthEvent;
use contract::orders::OrderEvent;
use edge::{Message, ServiceCaller};
use events::CloudEvent;
use http::StatusCode;

use super::internal::settle;
use crate::RELAY;
use crate::domain::Settlement;
use crate::error::Error;

/// `POST /internal/products/events`: each cause is answered once, so a batch may come again.
pub async fn receive(
    caller: ServiceCaller,
    Message(batch): Message<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    for event in &batch {
        if let Some(told) = event.read::<OrderEvent>() {
            of_order(event, &told).await?;
        } else if let Some(person) = event.read::<AuthEvent>().and_then(|told| events::person(event, &told)) {
            RELAY.answer(event, &person, &caller.actor()).await?;
        }
    }
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

async fn of_order(event: &CloudEvent, told: &OrderEvent) -> Result<(), Error> {
    let (Some(settlement), Some(order_id)) = (Settlement::of(told), event.subject_id()) else {
        return Ok(());
    };
    settle(order_id, settlement, sold(told), &event.id).await
}

/// What leaves the warehouse, when the event says so.
fn sold(told: &OrderEvent) -> Option<&[Units]> {
    match told {
        OrderEvent::Paid { lines, .. } => Some(lines),
        _ => None,
    }
}
