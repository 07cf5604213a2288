//! `--runtime-config-file`: which file or server is behind a database or key-value label.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::key_value::Backend;
use crate::sqlite::Database;

/// Databases and stores by label. The label `default` exists without any configuration.
#[derive(Default)]
pub struct RuntimeConfig {
    pub databases: HashMap<String, Database>,
    pub stores: HashMap<String, Backend>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    sqlite_database: HashMap<String, Entry>,
    #[serde(default)]
    key_value_store: HashMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    r#type: String,
    path: Option<PathBuf>,
    url: Option<String>,
    // Of `libsql`, so that the refusal is about the type and not about this key.
    #[serde(rename = "token")]
    _token: Option<String>,
}

impl RuntimeConfig {
    /// Reads `file`, if given; relative paths in it start from its folder. The defaults live in `state_dir`.
    pub fn load(file: Option<&Path>, state_dir: &Path) -> Result<Self> {
        let Some(file) = file else {
            return Self::parse("", Path::new(""), state_dir);
        };
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let dir = file.parent().unwrap_or(Path::new(""));
        Self::parse(&text, dir, state_dir).with_context(|| format!("in {}", file.display()))
    }

    fn parse(text: &str, dir: &Path, state_dir: &Path) -> Result<Self> {
        let file: File = toml::from_str(text).context("unknown to or not supported by the embedded host")?;
        let mut config = Self::default();
        for (label, entry) in file.sqlite_database {
            let database = entry.database(dir).with_context(|| format!("sqlite_database.{label}"))?;
            config.databases.insert(label, database);
        }
        for (label, entry) in file.key_value_store {
            let store = entry.store(dir).with_context(|| format!("key_value_store.{label}"))?;
            config.stores.insert(label, store);
        }
        let database = || state_dir.join("sqlite_db.db").into();
        config.databases.entry("default".to_owned()).or_insert_with(database);
        let store = || Backend::sqlite(state_dir.join("sqlite_key_value.db"));
        config.stores.entry("default".to_owned()).or_insert_with(store);
        Ok(config)
    }
}

impl Entry {
    fn database(self, dir: &Path) -> Result<Database> {
        match self.r#type.as_str() {
            "spin" => Ok(dir.join(self.path.context("`path` is missing")?).into()),
            "libsql" => bail!("type \"libsql\" is not supported by the embedded host yet"),
            other => bail!("type {other:?} is not known"),
        }
    }

    fn store(self, dir: &Path) -> Result<Backend> {
        match self.r#type.as_str() {
            "spin" => Ok(Backend::sqlite(dir.join(self.path.context("`path` is missing")?))),
            "redis" => Backend::redis(&self.url.context("`url` is missing")?),
            other => bail!("type {other:?} is not supported by the embedded host"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RuntimeConfig> {
        RuntimeConfig::parse(text, Path::new("/conf"), Path::new("/state"))
    }

    #[test]
    fn the_default_labels_always_exist() {
        let config = parse("").unwrap();
        assert_eq!(config.databases["default"].as_path(), Path::new("/state/sqlite_db.db"));
        assert!(config.stores.contains_key("default"));
    }

    #[test]
    fn labels_are_mapped_and_paths_start_from_the_file() {
        let database = "[sqlite_database.default]\ntype = \"spin\"\npath = \"a.db\"\n";
        let store = "[key_value_store.cache]\ntype = \"redis\"\nurl = \"redis://localhost\"";
        let config = parse(&format!("{database}{store}")).unwrap();
        assert_eq!(config.databases["default"].as_path(), Path::new("/conf/a.db"));
        assert!(config.stores.contains_key("cache"));
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let libsql = "[sqlite_database.default]\ntype = \"libsql\"\nurl = \"http://x\"\ntoken = \"t\"";
        for (text, part) in [
            (libsql, "sqlite_database.default: type \"libsql\" is not supported"),
            ("[key_value_store.x]\ntype = \"azure_cosmos\"", "azure_cosmos"),
            ("[llm_compute]\ntype = \"spin\"", "llm_compute"),
            ("[sqlite_database.default]\ntype = \"spin\"", "path"),
        ] {
            let error = format!("{:#}", parse(text).err().unwrap());
            assert!(error.contains(part), "{error}");
        }
    }
}
