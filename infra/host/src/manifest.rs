//! The Spin v2 manifest. Keys the host does not know or support are errors that name them; fields that start with
//! `_` are the keys Spin's schema says mean nothing at run time.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// `spin.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    spin_manifest_version: i64,
    pub application: Application,
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub trigger: Triggers,
    #[serde(default)]
    pub component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    pub name: String,
    pub version: Option<String>,
    #[serde(default)]
    pub trigger: TriggerDefaults,
    #[serde(rename = "authors")]
    _authors: Option<IgnoredAny>,
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "targets")]
    _targets: Option<IgnoredAny>,
    #[serde(rename = "tool")]
    _tool: Option<IgnoredAny>,
}

/// `[application.trigger]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerDefaults {
    pub redis: Option<RedisDefaults>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisDefaults {
    /// May hold `{{ expressions }}`.
    pub address: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    pub default: Option<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(rename = "secret")]
    pub _secret: Option<bool>,
    #[serde(rename = "description")]
    pub _description: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triggers {
    #[serde(default)]
    pub http: Vec<HttpTrigger>,
    #[serde(default)]
    pub redis: Vec<RedisTrigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTrigger {
    pub route: Route,
    /// Who answers: a component …
    pub component: Option<String>,
    /// … or the host.
    pub static_response: Option<StaticResponse>,
    executor: Option<Executor>,
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Route {
    Pattern(String),
    /// Reachable by service chaining only.
    Private {
        private: bool,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Executor {
    r#type: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticResponse {
    pub status_code: Option<u16>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisTrigger {
    /// May hold `{{ expressions }}`, as may the address.
    pub channel: String,
    pub component: String,
    pub address: Option<String>,
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// A path, from the manifest's folder.
    pub source: String,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Templates over the application's variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    #[serde(default)]
    pub key_value_stores: Vec<String>,
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub dependencies: BTreeMap<String, Dependency>,
    #[serde(default)]
    pub dependencies_inherit_configuration: bool,
    #[serde(rename = "build")]
    _build: Option<IgnoredAny>,
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "profile")]
    _profile: Option<IgnoredAny>,
    #[serde(rename = "targets")]
    _targets: Option<IgnoredAny>,
    #[serde(rename = "tool")]
    _tool: Option<IgnoredAny>,
}

/// A dependency that is a file or another component; registries and URLs are not supported.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    pub path: Option<String>,
    pub component: Option<String>,
    /// The export to use, if it is not named as the import.
    pub export: Option<String>,
    #[serde(default)]
    pub inherit_configuration: Inherit,
}

/// `inherit_configuration`
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Inherit {
    All(bool),
    Some(Vec<String>),
}

impl Default for Inherit {
    fn default() -> Self {
        Self::All(false)
    }
}

impl Inherit {
    pub fn includes(&self, name: &str) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Some(names) => names.iter().any(|n| n == name),
        }
    }
}

impl Manifest {
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let manifest: Self =
            toml::from_str(text).context("unknown to or not supported by the embedded host")?;
        ensure!(manifest.spin_manifest_version == 2, "spin_manifest_version must be 2");
        for (name, variable) in &manifest.variables {
            let complete = variable.required != variable.default.is_some();
            ensure!(complete, "variables.{name}: give either `default` or `required = true`");
        }
        for (id, component) in &manifest.component {
            for (name, dependency) in &component.dependencies {
                let one = dependency.path.is_some() != dependency.component.is_some();
                ensure!(one, "component.{id}.dependencies.{name:?}: give either `path` or `component`");
            }
        }
        for trigger in &manifest.trigger.http {
            trigger.check().with_context(|| format!("trigger.http with route {:?}", trigger.route))?;
        }
        manifest.triggered().try_for_each(|id| manifest.component(id).map(drop))?;
        Ok(manifest)
    }

    pub fn component(&self, id: &str) -> Result<&Component> {
        self.component.get(id).with_context(|| format!("there is no component {id:?}"))
    }

    /// The components triggers lead to, some perhaps twice; all others are only dependencies of these.
    pub fn triggered(&self) -> impl Iterator<Item = &String> {
        let http = self.trigger.http.iter().filter_map(|t| t.component.as_ref());
        http.chain(self.trigger.redis.iter().map(|t| &t.component))
    }
}

impl HttpTrigger {
    fn check(&self) -> Result<()> {
        let one = self.component.is_some() != self.static_response.is_some();
        ensure!(one, "give either `component` or `static_response`");
        if let Some(Executor { r#type }) = &self.executor {
            ensure!(matches!(r#type.as_str(), "http" | "spin"), "executor: type {type:?} is not supported");
        }
        match self.route {
            Route::Private { private: false } => bail!("route must be a pattern or {{ private = true }}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"a\"\n";

    fn error_of(text: &str) -> String {
        format!("{:#}", Manifest::parse(&format!("{HEAD}{text}")).err().unwrap())
    }

    #[test]
    fn inert_keys_are_accepted() {
        let text = "authors = []\ntool = { x = 1 }\n[[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\nid = \"i\"\n\
            [component.c]\nsource = \"c.wasm\"\nbuild = { command = \"make\" }\ntool = {}\ndescription = \"d\"\n\
            dependencies = { \"a:b/c@1.0.0\" = { path = \"d.wasm\", inherit_configuration = [\"variables\"] } }";
        let manifest = Manifest::parse(&format!("{HEAD}{text}")).unwrap();
        assert!(
            manifest.component["c"].dependencies["a:b/c@1.0.0"].inherit_configuration.includes("variables")
        );
    }

    #[test]
    fn what_is_not_known_or_supported_is_named() {
        for (text, part) in [
            ("[nonsense]", "nonsense"),
            ("[component.c]\nsource = \"c\"\nfiles = [\"x\"]", "files"),
            ("[component.c]\nsource = \"c\"\nai_models = [\"x\"]", "ai_models"),
            ("[component.c]\nsource = { url = \"http://x\", digest = \"y\" }", "source"),
            ("[component.c]\nsource = \"c\"\n[component.c.dependencies]\n\"a:b\" = \"1.0\"", "a:b"),
            ("[component.c]\nsource = \"c\"\n[component.c.dependencies]\n\"a:b\" = {}", "a:b"),
            ("[[trigger.mqtt]]\ntopic = \"x\"", "mqtt"),
            ("[[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"", "\"c\""),
            ("[[trigger.http]]\nroute = \"/x\"", "static_response"),
            ("[[trigger.http]]\nroute = { private = false }\nstatic_response = {}", "private"),
            ("[[trigger.http]]\nroute = \"/\"\nstatic_response = {}\nexecutor = { type = \"wagi\" }", "wagi"),
            ("[variables]\nv = {}", "variables.v"),
        ] {
            let error = error_of(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
