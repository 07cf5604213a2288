//! The rules of the registry. No I/O, no clock.

pub mod target;

use std::collections::BTreeSet;

use clock::Timestamp;
use contract::gateway::Offer;
use contract::{InstanceId, SERVICES};
use edge::FieldError;
use serde::Deserialize;
use target::Upstreams;

/// The most instances: all are read at once, up to once a second per instance of the gateway, which is 100 KB then.
/// The fold refuses more.
pub const MAX_INSTANCES: usize = 256;
/// Who was not heard of for so long is not called: two heartbeats of every 10 s may be lost.
pub const TTL_SECONDS: i64 = 30;
/// Who was not heard of for so long is removed: a restart is faster.
pub const REMOVED_AFTER_SECONDS: i64 = 90;
/// The longest name of a service: a label of DNS (RFC 1035).
pub const MAX_NAME: usize = 63;
/// The most tags, and the longest, in characters: words for programs, not documents.
pub const MAX_TAGS: usize = 20;
pub const MAX_TAG: usize = 50;
/// The largest weight: shares as percentages.
pub const MAX_WEIGHT: i64 = 100;

/// Begin paths of ours, or will: nobody else's service may be called so. Besides these, the names of our services.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "chat",
    "console",
    "discovery",
    "docs",
    "events",
    "health",
    "identity",
    "internal",
    "jangteo",
    "metrics",
    "openapi",
    "schemas",
    "services",
    "tickets",
    "v1",
];

/// An instance that wants to be called.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewInstance {
    /// Of its service. Names of this system's own services and paths are refused.
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = MAX_NAME), regex(pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))
    )]
    pub name: String,
    /// Where it answers.
    #[cfg_attr(feature = "schema", schemars(length(max = target::MAX_URL), regex(pattern = "^[Hh][Tt][Tt][Pp]")))]
    pub url: String,
    /// What is to be known of it, each in one word.
    #[cfg_attr(
        feature = "schema",
        schemars(length(max = MAX_TAGS), inner(length(min = 1, max = MAX_TAG), regex(pattern = "^[!-~]+$")))
    )]
    #[serde(default)]
    pub tags: Vec<String>,
    /// Its share of the calls, beside those of the others of its name.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = MAX_WEIGHT), extend("default" = 1)))]
    pub weight: Option<i64>,
    /// Where its health is told, below its URL.
    #[cfg_attr(feature = "schema", schemars(length(max = target::MAX_PATH), regex(pattern = "^/")))]
    pub health_path: Option<String>,
}

/// A registered instance.
#[derive(Clone, Debug)]
pub struct Instance {
    pub id: InstanceId,
    pub offer: Offer,
    /// As the log tells.
    pub up: bool,
    pub registered_at: Timestamp,
    pub seen_at: Timestamp,
}

/// What the silence of an instance means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    None,
    Down,
    Expired,
}

impl Instance {
    pub fn silence(&self, now: Timestamp) -> Silence {
        if self.seen_at <= now.plus_seconds(-REMOVED_AFTER_SECONDS) {
            Silence::Expired
        } else if self.seen_at <= now.plus_seconds(-TTL_SECONDS) {
            Silence::Down
        } else {
            Silence::None
        }
    }
}

/// Check what somebody registers; every field that is not valid is named.
pub fn parse(new: NewInstance, upstreams: &Upstreams) -> Result<Offer, Vec<FieldError>> {
    let mut errors = Vec::new();
    let name = new.name;
    if let Err(why) = check_name(&name) {
        errors.push(FieldError::new("name", why));
    }
    let (url, health_path) = parse_target(&mut errors, &new.url, new.health_path, upstreams);
    let weight = new.weight.unwrap_or(1);
    if !(1..=MAX_WEIGHT).contains(&weight) {
        errors.push(FieldError::new("weight", format!("must be from 1 to {MAX_WEIGHT}")));
    }
    let tags = parse_tags(&mut errors, &new.tags);
    if errors.is_empty() { Ok(Offer { name, url, tags, weight, health_path }) } else { Err(errors) }
}

fn parse_target(
    errors: &mut Vec<FieldError>,
    url: &str,
    health_path: Option<String>,
    upstreams: &Upstreams,
) -> (String, Option<String>) {
    match upstreams.target(url) {
        Err(why) => errors.push(FieldError::new("url", why)),
        Ok(url) => {
            if health_path.as_deref().is_some_and(|path| !target::is_path(&url, path)) {
                let why = format!("must be a path of at most {} characters", target::MAX_PATH);
                errors.push(FieldError::new("healthPath", why));
            }
            return (target::written(&url), health_path);
        }
    }
    (String::new(), None)
}

/// The tags, each once.
fn parse_tags(errors: &mut Vec<FieldError>, tags: &[String]) -> Vec<String> {
    if tags.len() > MAX_TAGS {
        errors.push(FieldError::new("tags", format!("must have at most {MAX_TAGS} items")));
    }
    for (at, _) in tags.iter().enumerate().filter(|(_, tag)| !is_tag(tag)) {
        let why = format!("must be 1 to {MAX_TAG} printable ASCII characters without spaces");
        errors.push(FieldError::new(format!("tags[{at}]"), why));
    }
    tags.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

fn is_tag(tag: &str) -> bool {
    (1..=MAX_TAG).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_graphic())
}

/// A label of DNS in lower case that is none of ours.
fn check_name(name: &str) -> Result<(), String> {
    let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=MAX_NAME).contains(&name.len())
        || !name.chars().all(fit)
        || name.starts_with('-')
        || name.ends_with('-')
    {
        return Err(format!("must be 1 to {MAX_NAME} of a-z, 0-9 and -, with - only inside"));
    }
    if is_ours(name) { Err("is a name of this system".to_owned()) } else { Ok(()) }
}

/// Whether a name is one of ours, alone or before `-service`, in the singular too: `orders`, `order-service`.
pub fn is_ours(name: &str) -> bool {
    let base = name.strip_suffix("-service").unwrap_or(name);
    let plural = format!("{base}s");
    SERVICES.iter().chain(RESERVED).any(|ours| *ours == base || *ours == plural)
}

#[cfg(test)]
mod tests;
