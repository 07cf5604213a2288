//! The Node.js packages of `tests/typescript`, which make and check a TypeScript client.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

use crate::root;

/// The folder that has them in `node_modules`; made by the first who asks, if `scripts/test` has not made it.
pub fn typescript() -> PathBuf {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        let prepared = Command::new(root().join("tests/typescript/prepare")).status().expect("bash");
        assert!(prepared.success(), "tests/typescript/prepare failed, see above");
    });
    root().join("target/typescript")
}
