//! Fault points: places at which a test can have the service stall, to kill the host there. They exist only where
//! the variable `fault_points` names them (comma separated); each stalls the first request that reaches it.

use std::time::Duration;

use crate::{record, settings};

/// All of them.
pub const POINTS: [&str; 9] = [
    "paying.started",
    "paying.charged",
    "paying.told",
    "paying.authorized",
    "paying.recorded",
    "refunding.requested",
    "refunding.provided",
    "refunding.recorded",
    "refunding.told",
];

/// Between two looks at nothing, while the host waits to be killed.
const NAP: Duration = Duration::from_secs(1);

/// Stall here for good if `name` is switched on and no request stalled here before. A switch that fires is an event
/// of the log, and so reaches the audit log.
pub async fn point(name: &'static str) {
    if !settings::fault_points().await.iter().any(|on| on == name) {
        return;
    }
    if record::fault_injected(name).await {
        logline::log!("ALERT fault point {name}: stalled");
        loop {
            spin_sdk::time::sleep(NAP).await;
        }
    }
}
