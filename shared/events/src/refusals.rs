//! Refused permissions become events of the service that refused, and so reach the audit log.

use std::sync::OnceLock;

use contract::every::ServiceEvent;
use edge::Refusal;
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

/// All refusals of one permission to one actor on one route are one stream, whatever the path's parameters are.
fn refused(refusal: Refusal) -> Event {
    let Refusal { actor, permission, route, path, request_id, traceparent } = refusal;
    let stream = format!("refusal:{actor}:{permission}:{route}");
    let permission = permission.to_owned();
    let happened = ServiceEvent::PermissionRefused { permission, path, request_id, repeated: None };
    Event { traceparent, ..Event::new(stream, NEXT, actor, &happened) }
}
