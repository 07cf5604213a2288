//! Who is disabled or erased does nothing more anywhere: what a service writes down when auth tells it.

use contract::DomainEvent;
use contract::auth::AuthEvent;
use contract::every::{ServiceEvent, StopReason};
use store::{Error, Event, NEXT};

use crate::{CloudEvent, Relay};

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

impl Relay {
    /// Append what `cause`, auth's event, makes happen to the person it is about: once, however often it comes.
    pub async fn answer(
        &'static self,
        cause: &CloudEvent,
        happens: &impl DomainEvent,
        actor: &str,
    ) -> Result<(), Error> {
        let Some(person) = cause.subject.as_deref() else { return Ok(()) };
        let mut event = Event::new(person, NEXT, actor, happens);
        event.cause = Some(cause.id.clone());
        event.traceparent = cause.traceparent.clone();
        match self.db.append(event).await {
            Err(error) if self.db.is_answered(&error) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => {
                self.kick();
                Ok(())
            }
        }
    }
}
