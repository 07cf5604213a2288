//! The services that can be called here: ours, and those that registered.

use axum::Json;
use contract::permissions::DiscoveryRead;
use edge::{Context, User};

use super::health::ask_all;
use crate::api::Status;
use crate::api::discovery::{LiveInstance, Service, Services};
use crate::error::Error;
use crate::registry;

/// `GET /services`: 200.
pub async fn list(context: Context, user: Option<User>) -> Result<Json<Services>, Error> {
    let ours = ask_all(&context).await.into_iter();
    let ours = ours.map(|(name, health)| (name.to_owned(), true, health.status, Vec::new()));
    let mut all: Vec<_> = ours.collect();
    let sees_urls = user.is_some_and(|user| user.may(DiscoveryRead));
    for name in registry::names().await? {
        let live = registry::live(&name).await?;
        let status = Status::of(!live.is_empty());
        let instance = |registry::Instance { id, url, weight }| LiveInstance {
            id,
            weight,
            url: sees_urls.then_some(url),
        };
        all.push((name, false, status, live.into_iter().map(instance).collect()));
    }
    let service = |(name, built_in, status, instances)| Service { name, built_in, status, instances };
    Ok(Json(Services { items: all.into_iter().map(service).collect() }))
}
