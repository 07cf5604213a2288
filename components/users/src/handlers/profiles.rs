//! Profiles: read and written by their owners; a seller sees where the parcels of their customers go.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::UserId;
use contract::permissions::OrdersFulfil;
use edge::{Context, JsonBody, Path, Preconditions, User, etag};
use http::{StatusCode, header};

use super::reach::{authorise, within_reach};
use crate::domain::{Details, Profile};
use crate::error::Error;
use crate::{CLIENT, api, personal, record, store as users};

/// How often a write that was overtaken tries anew before it gives up with 409.
const MAX_TRIES: usize = 5;

/// `GET /api/users/{id}`: 200, or 304 when the client's copy is current. A seller sees who bought from them, and of
/// that person only what a parcel needs.
pub async fn get(
    context: Context,
    user: User,
    Path(id): Path<UserId>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    match authorise(&user, id) {
        Err(_) if user.may(OrdersFulfil) => return customer(&context, user.id, id).await,
        other => other?,
    }
    let row = users::find(id).await?.ok_or(Error::NotFound)?;
    if preconditions.unchanged(row.revision) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag(row.revision))]).into_response());
    }
    let profile = personal::decrypt(vec![row]).await?.pop().ok_or(Error::NotFound)?;
    Ok(answer(profile))
}

/// What `seller` sees of somebody who bought from them; of others there is nothing.
async fn customer(context: &Context, seller: UserId, id: UserId) -> Result<Response, Error> {
    let profile = profile(id).await?;
    let path = format!("shipping?sellerId={seller}&buyerId={}", profile.id);
    let reply = CLIENT.get(context, "orders", &path).await?;
    if reply.status != StatusCode::OK {
        return Err(reply.problem().into());
    }
    let shipping_addresses: Vec<_> = reply.json()?;
    if shipping_addresses.is_empty() {
        Err(Error::NotFound)
    } else {
        Ok(Json(api::Customer { id, name: profile.details.name, shipping_addresses }).into_response())
    }
}

/// `PUT /api/users/{id}`: 200 with the profile; 412 when `If-Match` names another revision than the current.
/// Without `If-Match` the last writer wins. Nobody edits who may more than they: auth judges by the roles of now.
pub async fn update(
    context: Context,
    user: User,
    Path(id): Path<UserId>,
    preconditions: Preconditions,
    JsonBody(body): JsonBody<api::ProfileUpdate>,
) -> Result<Response, Error> {
    authorise(&user, id)?;
    within_reach(&context, &user, id).await?;
    let details =
        Details::parse(&body.name, body.phone.as_deref(), body.addresses).map_err(Error::Invalid)?;
    for _ in 0..MAX_TRIES {
        let profile = profile(id).await?;
        preconditions.check(profile.revision)?;
        let changed = details.changed(&profile.details);
        if changed.is_empty() {
            return Ok(answer(profile));
        }
        match record::updated(&context, &profile, &details, &changed, user.actor()).await {
            Ok(appended) => {
                let (revision, updated_at) = (profile.revision.saturating_add(1), appended.time);
                return Ok(answer(Profile { details, revision, updated_at, ..profile }));
            }
            Err(Error::Internal(error)) if users::is_overtaken(&error) || users::is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Busy)
}

/// The profile of a user who is there.
pub async fn profile(id: UserId) -> Result<Profile, Error> {
    let row = users::find(id).await?.ok_or(Error::NotFound)?;
    personal::decrypt(vec![row]).await?.pop().ok_or(Error::NotFound)
}

/// The profile, with its tag.
pub fn answer(profile: Profile) -> Response {
    ([(header::ETAG, etag(profile.revision))], Json(show(profile))).into_response()
}

/// The profile as its owner sees it.
pub fn show(profile: Profile) -> api::Profile {
    api::Profile {
        id: profile.id,
        email: profile.email,
        name: profile.details.name,
        phone: profile.details.phone,
        addresses: profile.details.addresses,
        roles: profile.roles,
        disabled: profile.disabled,
        created_at: profile.created_at,
        updated_at: profile.updated_at,
    }
}
