//! The Python of `tests/python`, whose libraries judge what we make.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

use crate::root;

/// The interpreter; made by the first who asks, if `scripts/test` has not made it.
pub fn python() -> PathBuf {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        let prepared = Command::new(root().join("tests/python/prepare")).status().expect("bash");
        assert!(prepared.success(), "tests/python/prepare failed, see above");
    });
    root().join("target/python/bin/python")
}
