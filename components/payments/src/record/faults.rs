//! Fault points: places at which a test can have the service stall, to kill the host there. They exist only where
//! the variable `fault_points` names them (comma separated); each stalls the first request that reaches it.

use std::time::Duration;

use contract::payments::PaymentEvent;
use store::Event;

use super::SELF;
use crate::store::DB;
use crate::{RELAY, settings};

/// Between two looks at nothing, while the host waits to be killed.
const NAP: Duration = Duration::from_secs(1);

/// Stall here for good if `name` is switched on and no request stalled here before. A switch that fires is an event
/// of the log, and so reaches the audit log.
pub async fn point(name: &'static str) {
    if !settings::fault_points().await.iter().any(|on| on == name) {
        return;
    }
    if is_first(name).await {
        logline::log!("ALERT fault point {name}: stalled");
        loop {
            spin_sdk::time::sleep(NAP).await;
        }
    }
}

/// Append that the fault point `name` stalls a request; whether this is the first one. The stream's first version is
/// there once: that decides which request it is.
async fn is_first(name: &str) -> bool {
    let injected = PaymentEvent::FaultInjected { point: name.to_owned() };
    let appended = DB.append(Event::new(format!("fault:{name}"), 1, SELF, &injected)).await.is_ok();
    if appended {
        RELAY.kick();
    }
    appended
}
