//! Which imports of a dependency need which inherited configuration.

use anyhow::{Result, bail};

use crate::manifest::Inherit;

/// Interfaces, without their versions, by the configuration that grants them.
///
/// Not listed are the interfaces every Rust program imports (`wasi:cli`, `io`, `clocks`, `random`, `filesystem`) and
/// `wasi:sockets`, through which the host lets nobody out.
const GRANTS: [(&str, &str); 5] = [
    ("ai_models", "fermyon:spin/llm"),
    (
        "allowed_outbound_hosts",
        "wasi:http/client wasi:http/outgoing-handler spin:redis/redis spin:mqtt/mqtt spin:mysql/mysql \
         spin:postgres/postgres fermyon:spin/http fermyon:spin/mqtt fermyon:spin/mysql fermyon:spin/postgres \
         fermyon:spin/redis",
    ),
    ("key_value_stores", "spin:key-value/key-value fermyon:spin/key-value wasi:keyvalue/store"),
    ("sqlite_databases", "spin:sqlite/sqlite fermyon:spin/sqlite"),
    ("variables", "spin:variables/variables fermyon:spin/variables fermyon:spin/config wasi:config/store"),
];

/// Refuses a dependency that imports what it does not inherit.
///
/// Spin composes such a dependency with an adapter that denies every call; here the mistake shows at load.
/// `environment` matters only where the parent has one (`has_environment`): it would be seen otherwise.
pub fn check<'a>(
    imports: impl Iterator<Item = &'a str>,
    inherit: &Inherit,
    has_environment: bool,
) -> Result<()> {
    for import in imports {
        let interface = import.split_once('@').map_or(import, |(name, _)| name);
        let granted_by = GRANTS.iter().find(|(_, all)| all.split(' ').any(|name| name == interface));
        let environment = has_environment && interface == "wasi:cli/environment";
        match granted_by.map(|(name, _)| *name).or(environment.then_some("environment")) {
            Some(name) if !inherit.includes(name) => bail!(
                "imports {import} but does not inherit `{name}`: add inherit_configuration = [\"{name}\"]"
            ),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_must_be_inherited() {
        for (import, name) in [
            ("spin:sqlite/sqlite@3.1.0", "sqlite_databases"),
            ("spin:key-value/key-value@3.0.0", "key_value_stores"),
            ("spin:variables/variables@3.0.0", "variables"),
            ("spin:redis/redis@3.0.0", "allowed_outbound_hosts"),
            ("wasi:http/client@0.3.0", "allowed_outbound_hosts"),
        ] {
            let check = |inherit| check([import].into_iter(), &inherit, false);
            let error = check(Inherit::Some(vec!["files".into()])).unwrap_err().to_string();
            assert!(error.contains(import) && error.contains(name), "{error}");
            assert!(check(Inherit::All(false)).is_err());
            assert!(check(Inherit::All(true)).is_ok());
            assert!(check(Inherit::Some(vec![name.into()])).is_ok());
        }
    }

    #[test]
    fn what_every_program_imports_needs_no_grant() {
        let nothing = Inherit::All(false);
        for import in ["wasi:cli/environment@0.2.6", "wasi:io/streams@0.2.6", "wasi:http/types@0.3.0"] {
            assert!(check([import].into_iter(), &nothing, false).is_ok(), "{import}");
        }
        assert!(check(["wasi:cli/environment@0.2.6"].into_iter(), &nothing, true).is_err());
    }
}
