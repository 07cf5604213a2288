//! Each service remembers who is disabled or erased, as auth says, and refuses what they do.

use contract::DomainEvent;
use contract::auth::AuthEvent;
use contract::every::{ServiceEvent, StopReason};
use store::{Error, Event, NEXT};

use crate::{CloudEvent, Relay};

/// The event that disables, enables or erases a person here because of auth's `event` (`told` is its content); `None`
/// for any other. The fold compares `sequence`, the place in auth's log, because events may arrive in any order.
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
    /// Append what auth's event `cause` means for its person: once, however often it arrives.
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
