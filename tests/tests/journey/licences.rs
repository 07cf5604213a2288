//! Everything that we are built of may be passed on. Known advisories are not asked for: no package registry carries
//! them.

use std::process::Command;

use serde_json::Value;
use tests::root;

/// They ask to be named, and bind none of our code. Mozilla's asks besides for the source of its own files when they
/// are changed (smartstring, of Spin's router); CDLA-Permissive is of data (root certificates).
const ALLOWED: [&str; 12] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0+",
    "Unicode-3.0",
    "Zlib",
];

/// Whether an SPDX expression offers licences that are allowed. Parentheses are not read: at worst it is refused.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|choice| choice.split(" OR ").any(|name| ALLOWED.contains(&name.trim())))
}

#[test]
fn every_dependency_has_a_licence_that_we_can_pass_on() {
    let mut cargo = Command::new(env!("CARGO"));
    let output =
        cargo.args(["metadata", "--locked", "--format-version", "1"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let licence = |package: &Value| package["license"].as_str().unwrap_or_default().to_owned();
    let refused: Vec<_> = packages.iter().filter(|package| !is_allowed(&licence(package))).collect();
    let refused: Vec<_> =
        refused.iter().map(|package| format!("{} ({})", package["id"], licence(package))).collect();
    assert!(packages.len() > 100 && refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn of_licences_that_are_offered_one_must_do_and_of_those_that_add_up_all() {
    for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-3.0) AND ISC"] {
        assert!(is_allowed(good), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "GPL-3.0 OR AGPL-3.0", "(MIT AND GPL-3.0) OR AGPL-3.0"] {
        assert!(!is_allowed(bad), "{bad}");
    }
}
