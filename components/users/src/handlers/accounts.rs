//! Accounts as an administrator deals with them: list, make, erase. Credentials and roles are auth's, so it is asked.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::UserId;
use contract::auth::{EarlierAccount, Erased, MadeAccount, NewAccount};
use contract::permissions::{RolesWrite, UsersAny};
use contract::users::ProfileEvent;
use edge::vault::{self, EMAIL};
use edge::{
    Context, FieldError, Keyed, List, OptionalBody, Page, Path, Permitted, Preconditions, Query, REPLAYED,
    User, text,
};
use http::{StatusCode, header};

use super::profiles::{answer, profile, show};
use super::reach::{authorise, by, refused, within_reach};
use crate::domain::Profile;
use crate::domain::search::Wanted;
use crate::error::Error;
use crate::record::Cause;
use crate::store::{self as users, Narrowed};
use crate::{CLIENT, api, personal, record};

/// The role of who does not say.
const DEFAULT_ROLE: &str = "BUYER";
/// The roles that anyone may take at signup; others are for those to give who may write roles.
const OPEN_ROLES: [&str; 2] = ["BUYER", "SELLER"];
/// The longest text to look for, in characters: the longest e-mail.
const MAX_SEARCH: usize = 254;
/// The actor of events that follow from an answer of auth.
const TOLD_BY: &str = "service:auth";

/// `GET /api/users`: 200, newest first. Of several words, or words and a role, a page may be short though more follow.
pub async fn list(
    _: Permitted<UsersAny>,
    page: Page,
    Query(filter): Query<api::Filter>,
) -> Result<Json<List<api::Profile>>, Error> {
    let page = page.of::<UserId>("users", (&filter.q, &filter.role))?;
    let mut narrowed = Narrowed { role: filter.role, ..Narrowed::default() };
    let mut errors = Vec::new();
    let q = text::query(&mut errors, "q", filter.q.as_deref().unwrap_or_default(), MAX_SEARCH);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    match Some(q).filter(|q| !q.is_empty()).map(|q| Wanted::parse(&q)) {
        Some(Wanted::Id(id)) => narrowed.id = Some(id),
        Some(Wanted::Email(email)) => narrowed.email_hash = Some(vault::fingerprint(EMAIL, email).await?),
        Some(Wanted::Words(words)) => narrowed.words = Some(personal::fingerprints(words).await?),
        None => {}
    }
    let found = users::list(narrowed, page.after, page.rows()).await?;
    let shown = personal::decrypt(found.rows).await?.into_iter().map(show).collect();
    Ok(Json(page.list_of_some(shown, |profile: &api::Profile| profile.id, found.looked)))
}

/// `POST /api/users`: 201 with the profile of an account that the caller makes for somebody else.
pub async fn create(
    context: Context,
    user: Permitted<UsersAny>,
    request: Keyed<api::NewUser>,
) -> Result<Response, Error> {
    let roles = roles_of(&request.body)?;
    if roles.iter().any(|role| !OPEN_ROLES.contains(&role.as_str())) {
        user.require(RolesWrite)?;
    }
    let api::NewUser { email, password, name, .. } = request.body;
    let (key, request_hash) = request.key.map(|key| (key.key, key.request_hash)).unzip();
    let body = NewAccount { email, password, name, roles, key, request_hash };
    let reply = CLIENT.post(&context, "auth", &format!("accounts?{}", by(&user)?), &body).await?;
    match reply.status {
        StatusCode::CREATED => {
            let MadeAccount { id, event, sequence, profile: made } = reply.json()?;
            record::created(&cause(&context, &event, sequence), id, made).await?;
            placed(profile(id).await?)
        }
        // The same request came before, under the same idempotency key.
        StatusCode::OK => {
            let answer = placed(profile(reply.json::<EarlierAccount>()?.id).await?)?;
            Ok(([REPLAYED], answer).into_response())
        }
        _ => Err(refused(&user, &reply)),
    }
}

/// `DELETE /api/users/{id}`: 204, and nothing personal is left of the account: here and in auth at once, in orders
/// as soon as the event is there. Orders, payments and the audit log stay. Of oneself it needs the password, as it
/// cannot be undone.
pub async fn erase(
    context: Context,
    user: User,
    Path(id): Path<UserId>,
    preconditions: Preconditions,
    OptionalBody(Keyed { body, .. }): OptionalBody<api::Erasure>,
) -> Result<StatusCode, Error> {
    authorise(&user, id)?;
    let row = users::find(id).await?.ok_or(Error::NotFound)?;
    if let Err(stale) = preconditions.check(row.revision) {
        // Who may not do it at all is told so first (RFC 9110, section 13.2.1); else the erasure itself asks auth.
        within_reach(&context, &user, id).await?;
        return Err(stale.into());
    }
    let body = contract::auth::Erasure { current_password: body.current_password };
    let reply =
        CLIENT.post(&context, "auth", &format!("accounts/{id}/erasure?{}", by(&user)?), &body).await?;
    if !reply.status.is_success() {
        return Err(refused(&user, &reply));
    }
    let Erased { event, sequence } = reply.json()?;
    let erased = ProfileEvent::Erased { sequence: Some(sequence) };
    record::answered(&cause(&context, &event, sequence), id, &erased, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// News that auth told by its answer.
fn cause<'a>(context: &'a Context, id: &'a str, sequence: i64) -> Cause<'a> {
    Cause { id, sequence, traceparent: context.traceparent.as_deref(), actor: TOLD_BY }
}

fn placed(profile: Profile) -> Result<Response, Error> {
    let location = [(header::LOCATION, format!("/api/users/{}", profile.id))];
    Ok((StatusCode::CREATED, location, answer(profile)).into_response())
}

fn roles_of(body: &api::NewUser) -> Result<Vec<String>, Error> {
    match (&body.role, &body.roles) {
        (None, None) => Ok(vec![DEFAULT_ROLE.to_owned()]),
        (Some(role), None) => Ok(vec![role.clone()]),
        (None, Some(roles)) => Ok(roles.clone()),
        (Some(_), Some(_)) => {
            Err(Error::Invalid(vec![FieldError::new("role", "send this or `roles`, not both")]))
        }
    }
}
