//! The registry: services that run elsewhere register their instances, and say that they are alive.

use axum::Json;
use axum::response::{IntoResponse, Response};
use clock::Timestamp;
use contract::InstanceId;
use contract::gateway::Offer;
use contract::permissions::{DiscoveryRead, DiscoveryWrite};
use edge::{Answer, Context, Keyed, List, Once, Page, Path, Permitted, ServiceCaller, User};
use http::StatusCode;

use crate::api::{Status, discovery as api};
use crate::domain::{self, Instance, REMOVED_AFTER_SECONDS, TTL_SECONDS};
use crate::error::Error;
use crate::store::{self as instances, DB};
use crate::{record, registry, settings};

/// How often a request that was overtaken looks again before it gives up with 409.
const MAX_TRIES: usize = 5;

/// `POST /discovery/register`: 201, or 200 with the same id when it was registered before.
pub async fn register(
    context: Context,
    user: Permitted<DiscoveryWrite>,
    request: Keyed<domain::NewInstance>,
) -> Result<Response, Error> {
    let offer = domain::parse(request.body, &settings::upstreams().await?).map_err(Error::Invalid)?;
    let once = Once::new(&DB, user.actor(), "discovery.register", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    for _ in 0..MAX_TRIES {
        let known = registry::current().await?.instances;
        let known =
            known.into_iter().find(|known| known.offer.name == offer.name && known.offer.url == offer.url);
        let done = match known {
            Some(known) => renew(&context, &known, &offer, user.actor(), &once).await,
            None => add(&context, &offer, user.actor(), &once).await,
        };
        match done {
            Err(Error::Internal(error)) if instances::is_overtaken(&error) => {}
            Err(Error::Internal(error)) if instances::is_full(&error) => return Err(Error::Full),
            Err(Error::Internal(error)) => return once.replayed(error).await,
            done => return done,
        }
    }
    Err(Error::Contended)
}

async fn add(context: &Context, offer: &Offer, actor: String, once: &Once) -> Result<Response, Error> {
    let id = InstanceId::generate();
    let answer =
        Answer::json(StatusCode::CREATED, &registered(id, offer))?.at(format!("/discovery/services/{id}"));
    record::registered(context, (id, offer), actor, (once, &answer)).await?;
    Ok(answer.into_response())
}

/// A renewal that changes nothing is a heartbeat.
async fn renew(
    context: &Context,
    known: &Instance,
    offer: &Offer,
    actor: String,
    once: &Once,
) -> Result<Response, Error> {
    let answer = Answer::json(StatusCode::OK, &registered(known.id, offer))?;
    if known.up && known.offer == *offer && heard_of(known.id).await?.is_some() {
        return Ok(once.answer_once(answer).await?);
    }
    record::renewed(context, (known.id, offer), actor, (once, &answer)).await?;
    Ok(answer.into_response())
}

fn registered(id: InstanceId, offer: &Offer) -> api::Registered {
    let (name, url) = (offer.name.clone(), offer.url.clone());
    api::Registered { id, name, url, status: Status::Up, ttl_seconds: TTL_SECONDS }
}

/// Note that an instance was heard of; whether the log has it as up, or `None` when it is not there any more.
async fn heard_of(id: InstanceId) -> Result<Option<bool>, Error> {
    let now = Timestamp::now();
    Ok(instances::heard_of(id, now, now.plus_seconds(-REMOVED_AFTER_SECONDS)).await?)
}

/// `POST /discovery/heartbeat/{id}`: 200; 404 once the instance was removed.
pub async fn heartbeat(
    context: Context,
    user: Permitted<DiscoveryWrite>,
    Path(id): Path<InstanceId>,
) -> Result<Json<api::Heard>, Error> {
    if !heard_of(id).await?.ok_or(Error::NotFound)? {
        match record::up(&context, id, user.actor()).await {
            // Another heartbeat did the same.
            Err(error) if instances::is_overtaken(&error) => {}
            other => other?,
        }
    }
    Ok(Json(api::Heard { id, status: Status::Up, ttl_seconds: TTL_SECONDS }))
}

/// `DELETE /discovery/unregister/{id}`: 204.
pub async fn unregister(
    context: Context,
    user: Permitted<DiscoveryWrite>,
    Path(id): Path<InstanceId>,
) -> Result<StatusCode, Error> {
    find(id).await?;
    match record::unregistered(&context, id, user.actor()).await {
        Err(error) if instances::is_overtaken(&error) => Err(Error::NotFound),
        other => Ok(other.map(|()| StatusCode::NO_CONTENT)?),
    }
}

/// `GET /discovery/services`: 200.
pub async fn list(user: Option<User>, page: Page) -> Result<Json<List<api::Instance>>, Error> {
    let page = page.of::<InstanceId>("discovery", ())?;
    let after = |instance: &Instance| page.after.is_none_or(|after| instance.id > after);
    let all = registry::current().await?.instances.into_iter().filter(after);
    let shown = all.map(|instance| show(instance, user.as_ref())).collect();
    Ok(Json(page.list(shown, |instance: &api::Instance| instance.id)))
}

/// `GET /discovery/services/{id}`: 200.
pub async fn get(user: Option<User>, Path(id): Path<InstanceId>) -> Result<Json<api::Instance>, Error> {
    Ok(Json(show(find(id).await?, user.as_ref())))
}

async fn find(id: InstanceId) -> Result<Instance, Error> {
    let mut all = registry::current().await?.instances.into_iter();
    all.find(|instance| instance.id == id).ok_or(Error::NotFound)
}

fn show(instance: Instance, user: Option<&User>) -> api::Instance {
    let Instance { id, offer, up, registered_at, seen_at } = instance;
    let details = user.is_some_and(|user| user.may(DiscoveryRead)).then_some(api::Details {
        url: offer.url,
        tags: offer.tags,
        weight: offer.weight,
        health_path: offer.health_path,
        registered_at,
        last_seen_at: seen_at,
    });
    api::Instance { id, name: offer.name, status: Status::of(up), details }
}

/// `POST /discovery/cleanup`: 200 with what was done.
pub async fn cleanup(_: Permitted<DiscoveryWrite>) -> Result<Json<api::CleanedUp>, Error> {
    clean_up().await
}

/// `POST /internal/gateway/sweep`: the same.
pub async fn sweep(_: ServiceCaller) -> Result<Json<api::CleanedUp>, Error> {
    clean_up().await
}

async fn clean_up() -> Result<Json<api::CleanedUp>, Error> {
    let registry::Current { down, removed, .. } = registry::current().await?;
    Ok(Json(api::CleanedUp { down, removed }))
}
