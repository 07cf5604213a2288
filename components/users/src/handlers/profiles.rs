//! Profiles: made from auth's events, read and written by their owners.

use axum::Json as Reply;
use axum::response::{IntoResponse, Response};
use edge::{Context, Json, Path, Preconditions, ServiceCaller, User, etag};
use events::CloudEvent;
use http::{StatusCode, header};

use crate::domain::{Details, Profile};
use crate::error::Error;
use crate::store::DB;
use crate::{RELAY, api, store as users};

/// How often a write that was overtaken tries anew before it gives up with 409.
const MAX_TRIES: usize = 5;

/// `GET /api/users/{id}`: 200, or 304 when the client's copy is current.
pub async fn get(
    user: User,
    Path(id): Path<String>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    authorise(&user, &id)?;
    let profile = users::find(&id).await?.ok_or(Error::NotFound)?;
    if preconditions.unchanged(profile.revision) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag(profile.revision))]).into_response());
    }
    Ok(answer(profile))
}

/// `PUT /api/users/{id}`: 200 with the profile; 412 when `If-Match` names another revision than the current.
/// Without `If-Match` the last writer wins.
pub async fn update(
    context: Context,
    user: User,
    Path(id): Path<String>,
    preconditions: Preconditions,
    Json(body): Json<api::ProfileUpdate>,
) -> Result<Response, Error> {
    authorise(&user, &id)?;
    let details = Details::parse(body).map_err(Error::Invalid)?;
    for _ in 0..MAX_TRIES {
        let profile = users::find(&id).await?.ok_or(Error::NotFound)?;
        preconditions.check(profile.revision)?;
        let changed = details.changed(&profile.details);
        if changed.is_empty() {
            return Ok(answer(profile));
        }
        let mut event = users::updated(&profile, &details, &changed, user.actor());
        event.traceparent = context.traceparent.clone();
        match DB.append(event).await {
            Ok(appended) => {
                RELAY.kick();
                let (revision, updated_at) = (profile.revision.saturating_add(1), appended.time.to_string());
                return Ok(answer(Profile { details, revision, updated_at, ..profile }));
            }
            Err(error) if users::is_overtaken(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}

/// `POST /internal/users/events`: make the profiles of new accounts. Each event is answered once, so a batch
/// may come again.
pub async fn on_events(
    caller: ServiceCaller,
    Json(batch): Json<Vec<CloudEvent>>,
) -> Result<StatusCode, Error> {
    for event in &batch {
        if event.kind != "jangteo.user.registered.v1" {
            continue;
        }
        let (Some(user_id), Some(registered)) = (event.subject.as_deref(), events::intake(event)) else {
            continue;
        };
        let mut created = users::created(user_id, &registered, &event.id, caller.actor());
        created.traceparent = event.traceparent.clone();
        match DB.append(created).await {
            Err(error) if users::is_created(&error) => {}
            other => drop(other?),
        }
    }
    RELAY.kick();
    Ok(StatusCode::NO_CONTENT)
}

/// Strangers do not learn whether a user exists.
fn authorise(user: &User, id: &str) -> Result<(), Error> {
    match user.subject == id || user.may("users:any") {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

fn answer(profile: Profile) -> Response {
    let tag = [(header::ETAG, etag(profile.revision))];
    let body = api::Profile {
        id: profile.id,
        email: profile.email,
        name: profile.details.name,
        phone: profile.details.phone,
        addresses: profile.details.addresses,
        created_at: profile.created_at,
        updated_at: profile.updated_at,
    };
    (tag, Reply(body)).into_response()
}
