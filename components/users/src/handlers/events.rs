//! What auth tells of accounts, shown in their profiles. Each event is answered once, so a batch may come again; and it
//! says where it stands in auth's log, so that they may come in any order (see the fold).

use contract::auth::{AuthEvent, NewEmail, NewProfile, Role};
use contract::users::ProfileEvent;
use edge::{Message, ServiceCaller};
use events::CloudEvent;
use http::StatusCode;

use crate::error::Error;
use crate::record::{self, Cause};

/// `POST /internal/users/events`: 204.
pub async fn receive(
    caller: ServiceCaller,
    Message(batch): Message<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    let actor = caller.actor();
    for event in &batch {
        if let (Some(told), Some(subject)) = (event.read::<AuthEvent>(), &event.subject) {
            let (sequence, traceparent) = (event.place(), event.traceparent.as_deref());
            let cause = Cause { id: &event.id, sequence, traceparent, actor: &actor };
            answer(event, told, subject, &cause).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What happens to a profile because of `event`; nothing for what does not concern it, and for what came so late
/// that its account has been erased.
async fn answer(event: &CloudEvent, told: AuthEvent, subject: &str, cause: &Cause<'_>) -> Result<(), Error> {
    let sequence = cause.place();
    let answer = match told {
        AuthEvent::UserRegistered { .. } => match (event.subject_id(), event.with_private::<NewProfile>()) {
            (Some(user), Some(profile)) => return record::created(cause, user, profile).await,
            _ => return Ok(()),
        },
        AuthEvent::UserEmailChanged { .. } => match (event.subject_id(), event.with_private::<NewEmail>()) {
            (Some(user), Some(email)) => return record::email_changed(cause, user, email).await,
            _ => return Ok(()),
        },
        AuthEvent::UserRolesChanged { roles } => ProfileEvent::RolesChanged { roles, sequence },
        AuthEvent::RoleRemoved(Role { role, .. }) => ProfileEvent::RoleRemoved { role, sequence },
        AuthEvent::UserDisabled {} => ProfileEvent::Disabled { sequence },
        AuthEvent::UserEnabled {} => ProfileEvent::Enabled { sequence },
        AuthEvent::UserErased {} => ProfileEvent::Erased { sequence },
        _ => return Ok(()),
    };
    record::answered(cause, subject, &answer, None).await
}
