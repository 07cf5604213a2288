//! What users asks for someone: to make an account for somebody else, to erase one, and what is held of one.
//!
//! The someone's session must be alive, and the permissions are those that they have now.

use axum::Json as Reply;
use axum::response::{IntoResponse, Response};
use edge::{Code, Context, Json, Key, List, Page, Path, Problem, Query, ServiceCaller};
use http::StatusCode;
use serde_json::json;
use store::{Error as Failure, Idempotency};

use super::accounts::{new_account, record, sealed};
use super::roles::{distinct, unknown_role};
use crate::domain::account::Draft;
use crate::domain::role;
use crate::error::Error;
use crate::store::{self as auth, lifecycle, roles};
use crate::{api, settings};

/// The permission to deal with the accounts of others.
const ANY: &str = "users:any";

/// `POST /internal/auth/accounts?userId=&session=`: 201 with the account and its event; 200 with the id alone when the request came
/// before under the same key.
pub async fn create(
    context: Context,
    _: ServiceCaller,
    Query(by): Query<api::By>,
    Json(body): Json<api::Made>,
) -> Result<Response, Error> {
    let own = acting(&by).await?;
    demand(&own, &[ANY.to_owned()])?;
    let roles = distinct(body.roles)?;
    let custom = roles::permissions_of(&roles).await?;
    demand(&own, &role::effective(&roles, &custom))?;
    let draft = Draft::parse(&body.email, &body.name, body.password, settings::password_policy().await?)
        .map_err(Error::Invalid)?;
    let account = new_account(&draft, roles).await?;
    let mut event = auth::registered(&account, &by.user_id);
    let key = match (body.key, body.request_hash) {
        (Some(key), Some(request_hash)) => Some(sealed(Key { key, request_hash }).await?),
        _ => None,
    };
    event.idempotency = key.clone().map(|key| Idempotency {
        key: key.scoped("users.create"),
        request_hash: key.request_hash,
        // The answer is personal, and can be made again from the profile.
        result: String::new(),
    });
    match (record(&context, event).await, key) {
        (Err(Error::Database(Failure::Replayed(earlier))), Some(key)) => {
            let body = json!({ "id": earlier.stream }).to_string();
            Ok(edge::replayed(&key, &earlier.request_hash, StatusCode::OK, body)?)
        }
        (Err(Error::Database(error)), _) if roles::is_unknown(&error) => Err(unknown_role()),
        (Err(error), _) => Err(error),
        (Ok(appended), _) => {
            let (id, event, roles) = (account.id, appended.id, account.roles);
            let (email, email_hash, name) = (account.email, account.email_hash, account.name);
            let body = api::Registered { id, event, email, email_hash, name, roles };
            Ok((StatusCode::CREATED, Reply(body)).into_response())
        }
    }
}

/// `POST /internal/auth/accounts/{id}/erasure?userId=&session=`: 200 with the event's id.
pub async fn erase(
    context: Context,
    _: ServiceCaller,
    Path(id): Path<String>,
    Query(by): Query<api::By>,
) -> Result<Response, Error> {
    reachable(&by, &id).await?;
    let appended = record(&context, lifecycle::erased(&id, by.user_id)).await?;
    Ok(Reply(json!({ "event": appended.id })).into_response())
}

/// `GET /internal/auth/accounts/{id}/sessions?userId=&session=`: 200 with all of them, oldest first.
pub async fn sessions(
    _: ServiceCaller,
    Path(id): Path<String>,
    Query(by): Query<api::By>,
    page: Page,
) -> Result<Reply<List<api::Session>>, Error> {
    reachable(&by, &id).await?;
    let held = lifecycle::sessions(&id, page.after.as_deref(), page.rows()).await?;
    let shown = held.into_iter().map(|held| api::Session {
        current: held.id == by.session,
        id: held.id,
        created_at: held.started_at,
        last_used_at: held.used_at,
        ended_at: held.ended_at,
        user_agent: held.user_agent,
    });
    Ok(Reply(page.list(shown.collect(), |session| session.id.clone())))
}

/// The account, provided that whoever asks may deal with it: it is theirs, or all that it may, they may too.
async fn reachable(by: &api::By, id: &str) -> Result<roles::Holder, Error> {
    let own = acting(by).await?;
    let held = roles::holder(id).await?.ok_or(Error::NotFound("user"))?;
    if by.user_id != id {
        demand(&own, &[ANY.to_owned()])?;
        demand(&own, &held.permissions())?;
    }
    Ok(held)
}

/// What someone may do now, provided that their session is alive.
async fn acting(by: &api::By) -> Result<Vec<String>, Error> {
    auth::identity(&by.user_id, &by.session).await?.ok_or(Error::SessionEnded)?;
    let holder = roles::holder(&by.user_id).await?.ok_or(Error::SessionEnded)?;
    Ok(holder.permissions())
}

/// 403, naming the permission, unless `own` ones are enough to pass `wanted` ones on.
fn demand(own: &[String], wanted: &[String]) -> Result<(), Problem> {
    role::beyond(wanted, own).map_or(Ok(()), |name| {
        Err(Problem::new(Code::FORBIDDEN, format!("The permission {name} is needed"))
            .with("permission", name))
    })
}
