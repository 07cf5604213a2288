//! Who is disabled or erased does nothing more anywhere: what a service writes down when auth tells it.

use contract::DomainEvent;
use contract::auth::AuthEvent;
use contract::every::{ServiceEvent, StopReason};
use store::{Event, NEXT};

use crate::CloudEvent;

/// What `told`, auth's `event`, means for what somebody may do; `None` when nothing. The fold goes by `sequence`, the place
/// in auth's log, for events may come in any order.
pub fn person(event: &CloudEvent, told: &AuthEvent) -> Option<ServiceEvent> {
    let sequence = event.place();
    match told {
        AuthEvent::UserDisabled {} => {
            Some(ServiceEvent::PersonStopped { reason: StopReason::Disabled, sequence })
        }
        AuthEvent::UserErased {} => {
            Some(ServiceEvent::PersonStopped { reason: StopReason::Erased, sequence })
        }
        AuthEvent::UserEnabled {} => Some(ServiceEvent::PersonResumed { sequence }),
        _ => None,
    }
}

/// That `happens` is the answer to `cause`, on the stream that `cause` is about; `None` when that is about nothing.
pub fn answer(cause: &CloudEvent, happens: &impl DomainEvent, actor: &str) -> Option<Event> {
    let mut answer = Event::new(cause.subject.as_deref()?, NEXT, actor, happens);
    answer.cause = Some(cause.id.clone());
    answer.traceparent = cause.traceparent.clone();
    Some(answer)
}
