//! What orders tell about their orders, and auth about people.

use contract::OrderId;
use contract::auth::AuthEvent;
use contract::orders::OrderEvent;
use edge::{Context, Message, ServiceCaller};
use events::CloudEvent;
use http::StatusCode;

use super::give_back::give_back;
use super::outcomes::record_outcome;
use crate::error::Error;
use crate::record::SELF;
use crate::{RELAY, provider, store as payments};

/// `POST /internal/payments/events`: what happened to orders and people. Each event is answered once, so a batch may
/// come again.
pub async fn receive(
    context: Context,
    caller: ServiceCaller,
    Message(batch): Message<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    for event in &batch {
        if let Some(told) = event.read::<OrderEvent>() {
            of_order(&context, event, &told).await?;
        } else if let Some(person) = event.read::<AuthEvent>().and_then(|told| events::person(event, &told)) {
            // Disabled or erased they neither pay nor give money back.
            RELAY.answer(event, &person, &caller.actor()).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn of_order(context: &Context, event: &CloudEvent, told: &OrderEvent) -> Result<(), Error> {
    match (told, event.subject_id()) {
        (OrderEvent::PaymentRejected { payment_id, reason, .. }, _) => {
            give_back(context, *payment_id, reason.into(), &event.id).await
        }
        (OrderEvent::Cancelled { refund: true, payment_id: Some(payment_id), .. }, _) => {
            give_back(context, *payment_id, "order_cancelled", &event.id).await
        }
        (OrderEvent::Cancelled { .. } | OrderEvent::Expired { .. }, Some(order_id)) => {
            give_up(context, order_id).await
        }
        _ => Ok(()),
    }
}

/// An order came to an end that nothing was paid for: what was not paid yet is not waited for.
async fn give_up(context: &Context, order_id: OrderId) -> Result<(), Error> {
    // A call that is running ends as it will; its money is then refused by the order and goes back.
    match payments::open_of(order_id).await? {
        Some(payment) if !payment.is_running() => {
            let outcome = provider::cancel(context, &payment).await;
            record_outcome(context, payment, outcome, SELF).await.map(drop)
        }
        _ => Ok(()),
    }
}
