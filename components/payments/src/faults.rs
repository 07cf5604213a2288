//! Fault points: places at which a test can have the service stall, to kill the host there. They exist only where
//! the variable `fault_points` names them (comma separated); each stalls the first request that reaches it.

use std::time::Duration;

use serde_json::json;
use store::Event;

use crate::store::DB;
use crate::{RELAY, settings};

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
    // The stream's first version is there once: that decides which request it is.
    let event = Event::new(
        format!("fault:{name}"),
        1,
        "fault.injected",
        "service:payments",
        json!({ "point": name }),
    );
    if DB.append(event).await.is_ok() {
        RELAY.kick();
        logline::log!("ALERT fault point {name}: stalled");
        loop {
            spin_sdk::time::sleep(NAP).await;
        }
    }
}
