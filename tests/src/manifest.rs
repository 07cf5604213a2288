//! The app's manifest with another payment plug-in.

use std::path::PathBuf;

use crate::root;

/// `spin.toml` with the crate `plugin` in the place of `provider-toss`, inheriting only `inherit`.
pub fn with_provider(plugin: &str, inherit: &str) -> PathBuf {
    let file = plugin.replace('-', "_");
    let wasm = root().join(format!("target/wasm32-wasip2/release/{file}.wasm"));
    assert!(wasm.exists(), "run `scripts/build hello {plugin}`, as scripts/test does");
    let line = |name: &str, inherit: &str| {
        format!(
            "\"jangteo:payments@1.0.0\" = {{ component = \"{name}\", inherit_configuration = [{inherit}] }}"
        )
    };
    let text = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml");
    let old = line("provider-toss", "\"allowed_outbound_hosts\"");
    assert!(text.contains(&old), "spin.toml composes provider-toss");
    let text = text
        .replace(&old, &line("provider-toss", inherit))
        .replace("release/provider_toss.wasm", &format!("release/{file}.wasm"))
        .replace("source = \"target/", &format!("source = \"{}/target/", root().display()));
    let path = root().join(format!("target/with-{plugin}-{}-{}.toml", inherit.len(), std::process::id()));
    std::fs::write(&path, text).expect("a file in target/");
    path
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use contract::SERVICES;

    use super::root;

    fn manifest(path: &str) -> toml::Value {
        toml::from_str(&std::fs::read_to_string(root().join(path)).unwrap()).unwrap()
    }

    /// The services, in order.
    fn services() -> BTreeSet<String> {
        SERVICES.map(str::to_owned).into()
    }

    #[test]
    fn every_component_with_a_log_is_a_service() {
        let components = std::fs::read_dir(root().join("components")).unwrap().map(Result::unwrap);
        let with_log = components.filter(|component| component.path().join("migrations").exists());
        let names = with_log.map(|component| component.file_name().into_string().unwrap());
        assert_eq!(names.collect::<BTreeSet<_>>(), services());
    }

    #[test]
    fn the_bridge_carries_the_events_of_every_service() {
        let bridge = manifest("infra/redis-bridge/spin.toml");
        let triggers = bridge["trigger"]["redis"].as_array().unwrap().iter();
        let channels = triggers.map(|trigger| trigger["channel"].as_str().unwrap().to_owned());
        let wanted = services().into_iter().map(|service| format!("jangteo.{service}"));
        assert_eq!(channels.collect::<BTreeSet<_>>(), wanted.collect());
    }

    #[test]
    fn every_manifest_has_the_version_of_the_code() {
        for path in ["spin.toml", "infra/hello/spin.toml", "infra/redis-bridge/spin.toml"] {
            let version = manifest(path)["application"]["version"].as_str().unwrap().to_owned();
            assert_eq!(version, env!("CARGO_PKG_VERSION"), "{path}");
        }
    }
}
