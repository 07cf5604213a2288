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
