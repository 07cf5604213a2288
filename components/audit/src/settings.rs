//! What the deployment may set.

use variables::{Checks, Variable, read};

/// The longest retention, in days: a hundred years, so that every resulting moment can be written.
const LONGEST_RETENTION: f64 = 36_500.0;

/// For how many days entries are kept; 0 for ever. Parts of days are for tests.
pub static RETENTION_DAYS: Variable<f64> =
    Variable::new("audit_retention_days", "0", |text| read::number(text, 0.0..=LONGEST_RETENTION));

/// All of them.
pub static CHECKS: Checks = &[&RETENTION_DAYS];
