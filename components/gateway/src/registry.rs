//! What is known of registered instances now.
//!
//! [`current`] reads the database, and notes who has been silent for too long. [`live`] is for calls, which are many:
//! it reads a snapshot, a second old at most, that the instances of the gateway share in the key-value store. A change
//! deletes it. What is lost of it, or cannot be read, is made anew from the database.

use std::collections::BTreeSet;
use std::sync::Arc;

use clock::Timestamp;
use contract::InstanceId;
use url::Url;

use crate::domain::{self, Silence};
use crate::error::Error;
use crate::snapshot::{self, Entry, Snapshot};
use crate::{record, settings, store as instances};

/// An instance that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    pub id: InstanceId,
    pub url: String,
    pub weight: i64,
}

/// What the database says, and what was found out by reading it.
#[derive(Default)]
pub struct Current {
    /// In the order of their registration.
    pub instances: Vec<domain::Instance>,
    /// How many are down since.
    pub down: usize,
    /// How many were removed.
    pub removed: usize,
}

/// All instances; who has been silent for too long is down or removed from now on.
pub async fn current() -> Result<Current, store::Error> {
    let (now, mut current) = (Timestamp::now(), Current::default());
    for mut instance in instances::all().await? {
        match instance.silence(now) {
            Silence::Expired => current.removed += usize::from(noted(record::expired(&instance).await)?),
            Silence::Down if instance.up && noted(record::down(&instance).await)? => {
                current.down += 1;
                instance.up = false;
                current.instances.push(instance);
            }
            Silence::Down | Silence::None => current.instances.push(instance),
        }
    }
    Ok(current)
}

/// Whether it was noted; not when another request was faster, or the instance was heard of.
fn noted(appended: Result<(), store::Error>) -> Result<bool, store::Error> {
    match appended {
        Err(error) if instances::is_overtaken(&error) => Ok(false),
        other => other.map(|()| true),
    }
}

/// The instances of `name` that can be called: heard of lately, and on a server that the deployment still names.
pub async fn live(name: &str) -> Result<Vec<Instance>, Error> {
    let (snapshot, upstreams) = (snapshot().await?, settings::upstreams().await?);
    let allowed = |entry: &&Entry| Url::parse(&entry.url).is_ok_and(|url| upstreams.allows(&url));
    let of_name = snapshot.instances.iter().filter(|entry| entry.up && entry.name == name);
    let instance = |entry: &Entry| Instance { id: entry.id, url: entry.url.clone(), weight: entry.weight };
    Ok(of_name.filter(allowed).map(instance).collect())
}

/// The names of services that have instances, live or not.
pub async fn names() -> Result<BTreeSet<String>, Error> {
    Ok(snapshot().await?.instances.iter().map(|entry| entry.name.clone()).collect())
}

async fn snapshot() -> Result<Arc<Snapshot>, store::Error> {
    if let Some(kept) = snapshot::find().await {
        return Ok(kept);
    }
    let at = Timestamp::now();
    let entry = |domain::Instance { id, offer, up, .. }| Entry {
        id,
        name: offer.name,
        url: offer.url,
        weight: offer.weight,
        up,
    };
    let instances = current().await?.instances.into_iter().map(entry).collect();
    Ok(snapshot::keep(Snapshot { at, instances }).await)
}
