//! What auth tells of accounts, shown in their profiles. Each event is answered once, so a batch may come again; and it
//! says where it stands in auth's log, so that they may come in any order (see the fold in `0003_told.sql`).

use edge::{Message, ServiceCaller};
use events::{CloudEvent, intake};
use http::StatusCode;
use serde_json::json;
use store::Event;

use crate::error::Error;
use crate::store::{self as users, DB};
use crate::{RELAY, api, personal};

/// `POST /internal/users/events`: 204.
pub async fn on_events(
    caller: ServiceCaller,
    Message(batch): Message<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    for event in &batch {
        if let Some(mut answer) = answer(event, caller.actor()).await? {
            answer.traceparent = event.traceparent.clone();
            settle(answer, &event.id).await?;
        }
    }
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

/// Append the answer to auth's event `cause`, unless that was answered before or the profile was erased since.
pub async fn settle(mut answer: Event, cause: &str) -> Result<(), Error> {
    answer.cause = Some(cause.to_owned());
    match DB.append(answer).await {
        Err(error) if users::is_answered(&error) || users::is_gone(&error) => Ok(()),
        other => Ok(other.map(drop)?),
    }
}

/// What happens to a profile because of `event`; nothing for what does not concern it, and for what came so late
/// that its account has been erased.
async fn answer(event: &CloudEvent, actor: String) -> Result<Option<Event>, Error> {
    let Some(subject) = event.subject.as_deref() else { return Ok(None) };
    let sequence = event.place();
    let plain = |kind, data| Some(users::told(subject, kind, data, sequence, actor.clone()));
    Ok(match event.kind.as_str() {
        "jangteo.user.registered.v1" => match intake::<api::Registered>(event) {
            Some(registered) => Some(created(subject, &registered, sequence, actor).await?),
            None => None,
        },
        "jangteo.user.email_changed.v1" => {
            let changed = intake::<api::EmailChanged>(event);
            changed.map(|changed| users::email_changed(subject, &changed, sequence, actor))
        }
        "jangteo.user.roles_changed.v1" => intake::<api::RolesChanged>(event)
            .and_then(|changed| plain("profile.roles_changed", json!({ "roles": changed.roles }))),
        "jangteo.role.removed.v1" => intake::<api::RoleRemoved>(event)
            .and_then(|removed| plain("profiles.role_removed", json!({ "role": removed.role }))),
        "jangteo.user.disabled.v1" => plain("profile.disabled", json!({})),
        "jangteo.user.enabled.v1" => plain("profile.enabled", json!({})),
        "jangteo.user.erased.v1" => plain("profile.erased", json!({})),
        _ => None,
    })
}

/// The event that makes the profile of a new account.
pub async fn created(
    user_id: &str,
    registered: &api::Registered,
    sequence: i64,
    actor: String,
) -> Result<Event, Error> {
    let words = personal::words_of(user_id, &registered.name).await?;
    Ok(users::created(user_id, registered, sequence, &words, actor))
}
