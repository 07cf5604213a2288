//! From a manifest to an application that is ready to serve.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result};
use wasmtime::component::InstancePre;

use crate::allowed_hosts::AllowedHosts;
use crate::build;
use crate::instance::{Busy, Handler, MAX_REQUESTS};
use crate::logs::Logs;
use crate::manifest::{Manifest, Route};
use crate::private;
use crate::redis_trigger::{self, Subscriber, Subscriptions};
use crate::router::Router;
use crate::runtime_config::RuntimeConfig;
use crate::server::{Dispatcher, Running, Target};
use crate::state::{Guest, State};
use crate::variables::{Sources, Variables};

/// How to load and serve an application.
#[derive(Clone, Debug)]
pub struct Options {
    /// The manifest's path.
    pub manifest: PathBuf,
    /// Where databases and logs go; `.spin` beside the manifest by default.
    pub state_dir: PathBuf,
    /// Where HTTP listens, `127.0.0.1:3000` by default; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Values of variables, above all other sources.
    pub variables: BTreeMap<String, String>,
    /// Whether `SPIN_VARIABLE_*` of the process and of `.env` beside the manifest count; false by default.
    pub ambient_variables: bool,
    /// Requests one instance takes in its life; Spin's default of 128 by default.
    pub max_instance_reuse_count: usize,
    /// A runtime configuration file.
    pub runtime_config: Option<PathBuf>,
    /// Where compiled components are kept; by default `host-cache` in `target/` beside the manifest, if there is
    /// one, or else in `.spin/`.
    pub cache_dir: PathBuf,
}

impl Options {
    /// The defaults for a manifest.
    pub fn new(manifest: impl Into<PathBuf>) -> Self {
        let manifest = manifest.into();
        let dir = folder(&manifest);
        let target = Some(dir.join("target")).filter(|target| target.is_dir());
        Self {
            state_dir: dir.join(".spin"),
            cache_dir: target.unwrap_or_else(|| dir.join(".spin")).join("host-cache"),
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            variables: BTreeMap::new(),
            ambient_variables: false,
            max_instance_reuse_count: MAX_REQUESTS,
            runtime_config: None,
            manifest,
        }
    }
}

fn folder(manifest: &Path) -> &Path {
    manifest.parent().unwrap_or(Path::new(""))
}

/// A loaded application.
pub struct App {
    listen: SocketAddr,
    dispatcher: Option<Arc<Dispatcher>>,
    subscriptions: Subscriptions,
}

impl App {
    /// Reads the manifest, composes and compiles its components, and checks all it grants.
    pub async fn load(options: Options) -> Result<Self> {
        let manifest = Arc::new(Manifest::read(&options.manifest)?);
        let dir = folder(&options.manifest);
        let mut sources = Sources { given: options.variables, ..Sources::default() };
        if options.ambient_variables {
            sources = sources.with_ambient(dir)?;
        }
        sources.check(&manifest.variables)?;
        let variables = Variables::resolve(&manifest.variables, &sources)?;
        private::own_folder(&options.state_dir).context("cannot make the state folder")?;
        let config = RuntimeConfig::load(options.runtime_config.as_deref(), &options.state_dir)?;
        let guests = guests(&manifest, &variables, &config, &options.state_dir)?;
        let compiled = build::all(&manifest, dir, &options.cache_dir).await?;
        let find = |id: &String| {
            let guest = guests.get(id).context("no such component")?;
            Ok((guest.clone(), compiled.get(id).context("not compiled")?.clone()))
        };
        let dispatcher = dispatcher(&manifest, options.max_instance_reuse_count, find)?.map(Arc::new);
        if let Some(dispatcher) = &dispatcher {
            guests.values().for_each(|guest| drop(guest.dispatcher.set(Arc::downgrade(dispatcher))));
        }
        let subscriptions = redis_trigger::subscriptions(&manifest, &variables, |id| {
            let (guest, pre) = find(id)?;
            let subscriber = Subscriber::new(guest, pre);
            subscriber
                .with_context(|| format!("component.{id} does not export spin:redis/inbound-redis@3.0.0"))
        })?;
        Ok(Self { listen: options.listen, dispatcher, subscriptions })
    }

    /// Starts the triggers.
    pub async fn serve(self) -> Result<Running> {
        let redis = tokio::spawn(redis_trigger::run(self.subscriptions));
        Running::start(self.dispatcher, self.listen, redis).await
    }
}

/// The HTTP side of the application, if it has one.
fn dispatcher(
    manifest: &Manifest,
    max_requests: usize,
    find: impl Fn(&String) -> Result<(Arc<Guest>, InstancePre<State>)>,
) -> Result<Option<Dispatcher>> {
    let triggers = &manifest.trigger.http;
    let (mut routes, mut handlers, busy) = (Vec::new(), Vec::new(), Busy::default());
    for trigger in triggers {
        let response = trigger.static_response.clone().map(Box::new);
        let target = response.map(Target::Static).or(trigger.component.clone().map(Target::Component));
        if let Route::Pattern(route) = &trigger.route {
            routes.push((route.clone(), target.context("no target")?));
        }
    }
    for id in triggers.iter().filter_map(|t| t.component.as_ref()).collect::<BTreeSet<_>>() {
        let (guest, pre) = find(id)?;
        let handler = Handler::new(guest, pre, busy.clone(), max_requests);
        let handler =
            handler.with_context(|| format!("component.{id} does not export wasi:http/handler@0.3.0"));
        handlers.push((id.clone(), handler?));
    }
    let application = &manifest.application;
    let info = serde_json::json!({ "name": application.name, "version": application.version });
    let info = serde_json::to_vec_pretty(&info)?.into();
    let dispatcher = Dispatcher::new(Router::new(routes)?, handlers, info, busy);
    Ok((!triggers.is_empty()).then_some(dispatcher))
}

fn guests(
    manifest: &Manifest,
    variables: &Variables,
    config: &RuntimeConfig,
    state_dir: &Path,
) -> Result<HashMap<String, Arc<Guest>>> {
    let ids: Vec<&str> = manifest.component.keys().map(String::as_str).collect();
    let guest = |id: &String| {
        let component = manifest.component(id)?;
        let guest = Guest {
            id: id.clone(),
            environment: component.environment.clone(),
            variables: variables.of_component(&component.variables)?,
            databases: grant(&component.sqlite_databases, &config.databases, "sqlite_databases")?,
            stores: grant(&component.key_value_stores, &config.stores, "key_value_stores")?,
            allowed_hosts: AllowedHosts::parse(&component.allowed_outbound_hosts, variables, &ids)?,
            logs: Logs::open(state_dir, id).context("cannot open its logs in the state folder")?,
            dispatcher: OnceLock::new(),
        };
        Ok::<_, anyhow::Error>((id.clone(), Arc::new(guest)))
    };
    let named = |id| guest(id).with_context(|| format!("component.{id}"));
    manifest.triggered().collect::<BTreeSet<_>>().into_iter().map(named).collect()
}

fn grant<T: Clone>(labels: &[String], known: &HashMap<String, T>, key: &str) -> Result<HashMap<String, T>> {
    let one = |label: &String| {
        let unknown = || format!("{key}: the label {label:?} is not in the runtime configuration");
        Ok((label.clone(), known.get(label).with_context(unknown)?.clone()))
    };
    labels.iter().map(one).collect()
}
