//! Application variables: their sources, `{{ expressions }}`, and `spin:variables`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use wasmtime::component::HasSelf;

use crate::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use crate::manifest::Variable;
use crate::state::{Access, State};

const ENV_PREFIX: &str = "SPIN_VARIABLE_";
/// How alike two names are at least of which one is taken for the other, misspelt; 1 is the same.
const ALIKE: f64 = 0.7;

/// Where values come from, strongest first.
#[derive(Default)]
pub struct Sources {
    /// `--variable name=value`
    pub given: BTreeMap<String, String>,
    /// `SPIN_VARIABLE_*` of the process, over those of `.env`.
    pub ambient: BTreeMap<String, String>,
}

impl Sources {
    /// Adds `SPIN_VARIABLE_*` of the process and of `.env` in `dir`.
    pub fn with_ambient(mut self, dir: &Path) -> Result<Self> {
        let file = dir.join(".env");
        if file.exists() {
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            self.ambient.extend(text.lines().filter_map(parse_env_line));
        }
        self.ambient.extend(std::env::vars());
        self.ambient.retain(|name, _| name.starts_with(ENV_PREFIX));
        Ok(self)
    }

    /// Refuses names that the manifest does not declare. Spin ignores them, and then serves with other settings than it
    /// was told.
    pub fn check(&self, declared: &BTreeMap<String, Variable>) -> Result<()> {
        if let Some(name) = self.given.keys().find(|name| !declared.contains_key(*name)) {
            bail!("there is no variable {name:?}{}", hint(name, declared, str::to_owned));
        }
        for name in self.ambient.keys() {
            let known = declared.keys().any(|known| env_name(known) == *name);
            let lower = name.strip_prefix(ENV_PREFIX).unwrap_or(name).to_ascii_lowercase();
            if !known {
                bail!("{name} sets no variable of the manifest{}", hint(&lower, declared, env_name));
            }
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&String> {
        self.given.get(name).or_else(|| self.ambient.get(&env_name(name)))
    }
}

/// The declared name that is meant, if there is one.
fn hint(wrong: &str, declared: &BTreeMap<String, Variable>, show: impl Fn(&str) -> String) -> String {
    let likeness = |name: &&String| strsim::normalized_damerau_levenshtein(wrong, name);
    let nearest = declared.keys().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let meant = nearest.filter(|name| likeness(name) >= ALIKE);
    meant.map(|name| format!("; is {} meant?", show(name))).unwrap_or_default()
}

fn env_name(name: &str) -> String {
    format!("{ENV_PREFIX}{}", name.to_ascii_uppercase())
}

fn parse_env_line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let value = value.trim();
    let quoted = |quote: char| value.strip_prefix(quote)?.split_once(quote).map(|(inner, _)| inner);
    let bare = || value.split_once(" #").map_or(value, |(v, _)| v.trim_end());
    let value = quoted('"').or_else(|| quoted('\'')).unwrap_or_else(bare);
    (!name.starts_with('#')).then(|| (name.trim().to_owned(), value.to_owned()))
}

/// The values of the application's variables.
#[derive(Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Gives every declared variable its value; a required one without a value is an error.
    pub fn resolve(declared: &BTreeMap<String, Variable>, sources: &Sources) -> Result<Self> {
        let value = |(name, variable): (&String, &Variable)| {
            check_name(name).map_err(|reason| anyhow!("variables: {reason}"))?;
            let value = sources.get(name).or(variable.default.as_ref());
            let hint = || {
                format!("the variable {name:?} has no value: give --variable {name}=… or {}", env_name(name))
            };
            Ok((name.clone(), value.with_context(hint)?.clone()))
        };
        declared.iter().map(value).collect::<Result<_>>().map(Self)
    }

    /// Replaces the `{{ name }}`s of a template.
    pub fn expand(&self, template: &str) -> Result<String> {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((literal, tail)) = rest.split_once("{{") {
            let (name, after) =
                tail.split_once("}}").with_context(|| format!("unmatched '{{{{' in {template:?}"))?;
            let value = self.0.get(name.trim());
            out.push_str(literal);
            out.push_str(
                value.with_context(|| format!("unknown variable {:?} in {template:?}", name.trim()))?,
            );
            rest = after;
        }
        Ok(out + rest)
    }

    /// A component's own variables with their expressions replaced.
    pub fn of_component(&self, templates: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
        let one = |(name, template): (&String, &String)| {
            check_name(name).map_err(|reason| anyhow!("variables: {reason}"))?;
            Ok((name.clone(), self.expand(template).with_context(|| format!("variables.{name}"))?))
        };
        templates.iter().map(one).collect()
    }
}

/// Spin's rules for variable names; the error is Spin's text.
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let reason = if name.is_empty() {
        "must not be empty".to_owned()
    } else if let Some(c) = name.chars().find(|c| !allowed(*c)) {
        let rule = "Variable names may contain only lower-case letters, numbers, and underscores.";
        format!("invalid character {c:?}. {rule}")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "must start with a lowercase ASCII letter".to_owned()
    } else if name.ends_with('_') {
        "must end with a lowercase ASCII letter or digit".to_owned()
    } else if name.contains("__") {
        "must not contain multiple consecutive underscores".to_owned()
    } else {
        return Ok(());
    };
    Err(format!("{name:?}: {reason}"))
}

impl<T: Send> HostWithStore<T> for HasSelf<State> {
    async fn get(accessor: Access<'_, T>, name: String) -> Result<String, Error> {
        check_name(&name).map_err(Error::InvalidName)?;
        let guest = accessor.with(|mut access| access.get().guest.clone());
        let undefined = || Error::Undefined(format!("no variable for {:?}.{name:?}", guest.id));
        guest.variables.get(&name).cloned().ok_or_else(undefined)
    }
}

impl Host for State {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_replaced_and_literals_kept() {
        let vars = Variables([("a", "1"), ("b", "2")].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        for (template, expected) in
            [("", ""), ("x", "x"), ("{{a}}{{ b }}", "12"), ("x-{{ a }}-y", "x-1-y"), ("}} {", "}} {")]
        {
            assert_eq!(vars.expand(template).unwrap(), expected);
        }
        assert!(vars.expand("{{ nope }}").unwrap_err().to_string().contains("nope"));
        assert!(vars.expand("{{ open").unwrap_err().to_string().contains("unmatched"));
    }

    #[test]
    fn the_strongest_source_wins() {
        let variable = || Variable { default: Some("default".to_owned()), ..Variable::default() };
        let declared = ["given", "ambient", "fallback"].map(|name| (name.to_owned(), variable()));
        let mut sources = Sources::default();
        sources.given.insert("given".into(), "1".into());
        for name in ["SPIN_VARIABLE_GIVEN", "SPIN_VARIABLE_AMBIENT"] {
            sources.ambient.insert(name.into(), "2".into());
        }
        let vars = Variables::resolve(&declared.into(), &sources).unwrap();
        assert_eq!(vars.expand("{{ given }} {{ ambient }} {{ fallback }}").unwrap(), "1 2 default");
    }

    #[test]
    fn unknown_names_are_refused_and_the_meant_one_is_said() {
        let declared = ["jwt_secret", "data_key"].map(|name| (name.to_owned(), Variable::default())).into();
        let said = |given: &[&str], ambient: &[&str]| {
            let map = |names: &[&str]| names.iter().map(|name| (name.to_string(), String::new())).collect();
            let sources = Sources { given: map(given), ambient: map(ambient) };
            sources.check(&declared).err().map(|error| error.to_string())
        };
        assert_eq!(said(&["jwt_secret"], &["SPIN_VARIABLE_DATA_KEY"]), None);
        let typo = said(&["jwt_secert"], &[]).unwrap();
        assert_eq!(typo, "there is no variable \"jwt_secert\"; is jwt_secret meant?");
        assert_eq!(said(&["colour"], &[]).unwrap(), "there is no variable \"colour\"");
        for name in ["SPIN_VARIABLE_DATAKEY", "SPIN_VARIABLE_data_key", "SPIN_VARIABLE_DATA_KEYS"] {
            let typo = said(&[], &[name]).unwrap();
            assert_eq!(
                typo,
                format!("{name} sets no variable of the manifest; is SPIN_VARIABLE_DATA_KEY meant?")
            );
        }
    }

    #[test]
    fn a_required_variable_without_a_value_is_named() {
        let declared = [("secret_key".to_owned(), Variable { required: true, ..Variable::default() })];
        let error = Variables::resolve(&declared.into(), &Sources::default()).err().unwrap().to_string();
        assert!(error.contains("\"secret_key\""), "{error}");
    }

    #[test]
    fn dotenv_lines_are_read_as_shells_do() {
        for (line, expected) in [
            ("A=b", "b"),
            ("export A=b c ", "b c"),
            ("A='b # c' # d", "b # c"),
            ("A=\"\"", ""),
            ("A=b # c", "b"),
        ] {
            assert_eq!(parse_env_line(line), Some(("A".to_owned(), expected.to_owned())), "{line}");
        }
        assert_eq!(parse_env_line("# A=b"), None);
    }

    #[test]
    fn names_follow_spin() {
        assert!(check_name("a_b2").is_ok());
        for name in ["", "A", "a-b", "2a", "a_", "a__b", "_a"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
