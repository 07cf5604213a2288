//! Refused permissions become events of the service that refused, and so reach the audit log.

use std::sync::OnceLock;

use edge::Refusal;
use serde_json::json;
use store::{Event, NEXT};
use uuid::Uuid;

use crate::Relay;

static RELAY: OnceLock<&'static Relay> = OnceLock::new();

/// Append `permission.refused` to `relay`'s log for each refusal, after the response.
pub(crate) fn record(relay: &'static Relay) {
    _ = RELAY.set(relay);
    edge::on_refusal(|refusal| {
        spin_sdk::wasip3::spawn(append(refusal));
    });
}

async fn append(refusal: Refusal) {
    let Some(relay) = RELAY.get() else { return };
    // A stream of its own: other streams' versions are their aggregates'.
    let stream = Uuid::now_v7().to_string();
    let mut event = Event::new(
        stream,
        NEXT,
        "permission.refused",
        refusal.actor,
        data(&refusal.permission, &refusal.path, &refusal.request_id),
    );
    event.traceparent = refusal.traceparent;
    match relay.append(event).await {
        Ok(_) => relay.kick(),
        Err(error) => logline::log!("request {} refusal: {error}", refusal.request_id),
    }
}

fn data(permission: &str, path: &str, request_id: &str) -> serde_json::Value {
    json!({ "permission": permission, "path": path, "requestId": request_id })
}
