//! From the components of a manifest to compiled code, ready to be instantiated.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::compose::{self, Plug};
use crate::engine::{self, CacheKey};
use crate::manifest::{Inherit, Manifest};
use crate::state::State;

/// Compiled components by id.
pub type Compiled = HashMap<String, InstancePre<State>>;

/// Composes and compiles all triggered components at once, or takes them from `cache`.
pub async fn all(manifest: &Arc<Manifest>, dir: &Path, cache: &Path) -> Result<Compiled> {
    let engine = engine::shared()?;
    let linker = engine::linker(&engine)?;
    let ids: BTreeSet<_> = manifest.triggered().cloned().collect();
    let jobs = ids.into_iter().map(|id| {
        let (manifest, engine) = (manifest.clone(), engine.clone());
        let (dir, cache) = (dir.to_owned(), cache.to_owned());
        let job = move || {
            let component = one(&manifest, &id, &dir, &engine, &cache);
            component.with_context(|| format!("component.{id}")).map(|component| (id, component))
        };
        async { tokio::task::spawn_blocking(job).await? }
    });
    let mut compiled = Compiled::new();
    for (id, component) in try_join_all(jobs).await? {
        let linked = linker.instantiate_pre(&component).map_err(anyhow::Error::from);
        let linked =
            linked.with_context(|| format!("component.{id}: imports what the embedded host does not have"));
        compiled.insert(id, linked?);
    }
    Ok(compiled)
}

fn one(manifest: &Manifest, id: &str, dir: &Path, engine: &Engine, cache: &Path) -> Result<Component> {
    let component = manifest.component(id)?;
    let source = read(dir, &component.source)?;
    let has_environment = !component.environment.is_empty();
    let mut key = CacheKey::new(engine);
    key.add(&source);
    key.add(&[u8::from(has_environment)]);
    let plugs = plugs(manifest, id, dir)?;
    for Plug { name, bytes, export, inherit } in &plugs {
        key.add(bytes);
        key.add(format!("{name} {export:?} {inherit:?}").as_bytes());
    }
    engine::load(engine, cache, key, || compose::compose(id, source, plugs, has_environment))
}

fn plugs(manifest: &Manifest, id: &str, dir: &Path) -> Result<Vec<Plug>> {
    let component = manifest.component(id)?;
    let inherit_all = component.dependencies_inherit_configuration;
    let mut plugs = Vec::new();
    for (name, dependency) in &component.dependencies {
        let path = match (&dependency.path, &dependency.component) {
            (Some(path), _) => path,
            (None, other) => &manifest.component(other.as_deref().unwrap_or_default())?.source,
        };
        let inherit = match &dependency.inherit_configuration {
            Inherit::All(false) => Inherit::All(inherit_all),
            given => given.clone(),
        };
        ensure!(
            !inherit_all || matches!(inherit, Inherit::All(true)),
            "dependencies.{name:?}: inherit_configuration and dependencies_inherit_configuration exclude each other"
        );
        plugs.push(Plug {
            name: name.clone(),
            bytes: read(dir, path)?,
            export: dependency.export.clone(),
            inherit,
        });
    }
    Ok(plugs)
}

fn read(dir: &Path, path: &str) -> Result<Vec<u8>> {
    let path = dir.join(path);
    std::fs::read(&path).with_context(|| format!("cannot read {} (is it built?)", path.display()))
}
