//! Fault points: places at which a test can have the service stall, to kill the host there. They exist only where
//! the variable `fault_points` names them (comma separated); each stalls the first request that reaches it.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;
use store::Event;

use crate::RELAY;
use crate::store::DB;

/// Between two looks at nothing, while the host waits to be killed.
const NAP: Duration = Duration::from_secs(1);

/// Stall here for good if `name` is switched on and no request stalled here before. A switch that fires is an event
/// of the log, and so reaches the audit log.
pub async fn point(name: &'static str) {
    if !switched_on().await.iter().any(|on| on == name) {
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

async fn switched_on() -> &'static [String] {
    static POINTS: OnceLock<Vec<String>> = OnceLock::new();
    if let Some(points) = POINTS.get() {
        return points;
    }
    let list = spin_sdk::variables::get("fault_points").await.unwrap_or_default();
    POINTS.get_or_init(|| list.split(',').map(|name| name.trim().to_owned()).collect())
}
