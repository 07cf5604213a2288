//! Refused permissions become events of the service that refused, and so reach the audit log.

use std::sync::OnceLock;

use edge::Refusal;
use serde_json::json;
use store::{Event, NEXT};

use crate::Relay;

static RELAY: OnceLock<&'static Relay> = OnceLock::new();

/// Note `permission.refused` in `relay`'s log for each refusal.
pub(crate) fn record(relay: &'static Relay) {
    _ = RELAY.set(relay);
    edge::on_refusal(|refusal| {
        if let Some(relay) = RELAY.get() {
            relay.note(refused(refusal));
        }
    });
}

/// What is refused to whom on which route is one stream, whatever stands in the path's variable parts.
fn refused(refusal: Refusal) -> Event {
    let Refusal { actor, permission, route, path, request_id, traceparent } = refusal;
    let stream = format!("refusal:{actor}:{permission}:{route}");
    let data = json!({ "permission": permission, "path": path, "requestId": request_id });
    Event { traceparent, ..Event::new(stream, NEXT, "permission.refused", actor, data) }
}
