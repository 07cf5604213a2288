//! Requests of the users service for a person: make an account for somebody else, erase one, export one's sessions; and
//! the sweep.
//!
//! That person's session must be alive, and their permissions are read from the database.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::auth::{EarlierAccount, Erased, Erasure, MadeAccount, NewAccount, NewProfile};
use contract::permissions::{Permission, UsersAny};
use contract::{SessionId, UserId};
use edge::{Context, Key, List, Message, Page, Path, Problem, Query, SEALED, ServiceCaller};
use http::StatusCode;
use serde_json::{Value, json};

use super::lifecycle::STOPPING;
use super::passwords;
use super::roles::distinct;
use super::sessions::show;
use crate::domain::account::Draft;
use crate::domain::role;
use crate::error::Error;
use crate::personal::new_account;
use crate::record::{accounts, in_session};
use crate::store::authority::Authority;
use crate::store::{self as auth, roles};
use crate::{api, mailer, record, settings};

/// `POST /internal/auth/accounts?userId=&session=`: 201 with the account and its event; 200 with the id alone when the
/// request came before under the same key.
pub async fn create(
    context: Context,
    _: ServiceCaller,
    Query(by): Query<api::By>,
    Message(body): Message<NewAccount>,
) -> Result<Response, Error> {
    let who = acting(&by).await?;
    demand(&who, &[UsersAny::NAME.to_owned()])?;
    let roles = distinct(body.roles)?;
    let custom = roles::permissions_of(&roles).await?;
    demand(&who, &role::effective(&roles, &custom))?;
    let draft = Draft::parse(&body.email, &body.name, body.password, settings::password_policy().await?)
        .map_err(Error::Invalid)?;
    let account = new_account(&draft, roles).await?;
    let mut event = who.judged(accounts::registered(&account, by.user_id), &[UsersAny::NAME], None);
    let key = match (body.key, body.request_hash) {
        (Some(key), Some(request_hash)) => Some(Key { key, request_hash }.sealed(SEALED).await?),
        _ => None,
    };
    // The answer is personal, and can be made again from the profile.
    event.idempotency = key.as_ref().map(|key| key.kept("users.create", ""));
    match (record::of_account(&context, event).await, key) {
        (Err(Error::Database(store::Error::Replayed(earlier))), Some(key)) => {
            let body = serde_json::to_string(&EarlierAccount { id: earlier.id()? });
            let body = body.map_err(Problem::internal)?;
            Ok(edge::replayed(&key, &earlier.request_hash, StatusCode::OK, body)?)
        }
        (Err(error), _) => Err(error),
        (Ok(appended), _) => {
            let (id, event, sequence, roles) = (account.id, appended.id, appended.seq, account.roles);
            let (email, email_hash, name) = (account.email, account.email_hash, account.name);
            let profile = NewProfile { email, email_hash, name, roles };
            let body = MadeAccount { id, event, sequence, profile };
            Ok((StatusCode::CREATED, Json(body)).into_response())
        }
    }
}

/// `POST /internal/auth/accounts/{id}/erasure?userId=&session=`: 200 with the event's id and place. Who erases
/// themselves shows that they know the password.
pub async fn erase(
    context: Context,
    _: ServiceCaller,
    Path(id): Path<UserId>,
    Query(by): Query<api::By>,
    Message(body): Message<Erasure>,
) -> Result<Response, Error> {
    let (who, _) = reachable(&by, id).await?;
    let event = accounts::erased(id, by.user_id.into());
    let event = if by.user_id == id {
        in_session(passwords::proven(&context, &by, event, body.current_password).await?, by.session)
    } else {
        who.judged(event, &[UsersAny::NAME], Some(id))
    };
    let appended = record::of_account(&context, event).await?;
    // Users hears of it by this answer.
    record::deliver_now(&context, &appended, &STOPPING).await;
    Ok(Json(Erased { event: appended.id, sequence: appended.seq }).into_response())
}

/// `GET /internal/auth/accounts/{id}/reach?userId=&session=`: 204 when the someone may edit that account.
pub async fn reach(
    _: ServiceCaller,
    Path(id): Path<UserId>,
    Query(by): Query<api::By>,
) -> Result<StatusCode, Error> {
    reachable(&by, id).await.map(|_| StatusCode::NO_CONTENT)
}

/// `GET /internal/auth/accounts/{id}/sessions?userId=&session=`: 200 with all of them, oldest first.
pub async fn sessions(
    _: ServiceCaller,
    Path(id): Path<UserId>,
    Query(by): Query<api::By>,
    page: Page,
) -> Result<Json<List<api::Session>>, Error> {
    reachable(&by, id).await?;
    let page = page.of::<SessionId>("sessions of an account", id)?;
    let found = auth::all_sessions(id, page.after, page.rows()).await?;
    let shown = found.into_iter().map(|session| show(session, by.session)).collect();
    Ok(Json(page.list(shown, |session: &api::Session| session.id)))
}

/// `POST /internal/auth/sweep`: 200 with how many mails the mailer took, and whether there are more.
pub async fn sweep(_: ServiceCaller) -> Result<Json<Value>, Error> {
    let turn = mailer::turn().await?;
    Ok(Json(json!({ "mailed": turn.mailed, "more": turn.more })))
}

/// The person who asks and the account, if it is their own, or if they have all permissions that the account has.
async fn reachable(by: &api::By, id: UserId) -> Result<(Authority, roles::Holder), Error> {
    let who = acting(by).await?;
    let holder = roles::holder(id).await?.ok_or(Error::NotFound("user"))?;
    if by.user_id != id {
        demand(&who, &[UsersAny::NAME.to_owned()])?;
        demand(&who, &holder.permissions())?;
    }
    Ok((who, holder))
}

/// What someone may do now, provided that their session is alive.
async fn acting(by: &api::By) -> Result<Authority, Error> {
    Authority::of(by.user_id, by.session).await?.ok_or(Error::SessionEnded)
}

/// 403, naming the permission, unless `who` may pass `wanted` ones on. The service that asks records it.
fn demand(who: &Authority, wanted: &[String]) -> Result<(), Error> {
    role::beyond(wanted, &who.permissions).map_or(Ok(()), |name| Err(Error::Lacking(name.to_owned())))
}
