//! The chores that no request does: overdue orders and holds end, and waiting events are delivered.
//!
//! Internal routes cannot be reached from outside, and a scheduler is outside: a Kubernetes CronJob, a crontab, another
//! Spin app. So there is this one public route for a caller with a permission of its own; it asks each service in the
//! gateway's name.

use std::collections::BTreeMap;

use axum::Json;
use contract::SERVICES;
use contract::permissions::SystemSweep;
use edge::{Context, Permitted, Problem};
use http::StatusCode;
use serde_json::Value;

use crate::CLIENT;
use crate::api::Swept;

/// What is asked of whom, in this order: a payment that turns out to be made keeps its order from expiring, and an
/// order that expires frees its stock.
const CHORES: [(&str, &str); 6] = [
    ("payments", "reconcile"),
    ("orders", "sweep"),
    ("products", "sweep"),
    ("audit", "sweep"),
    ("auth", "sweep"),
    ("gateway", "sweep"),
];

/// `POST /api/admin/sweep`: 200 with what was done, or 503 when a service did not do its part; the others did.
pub async fn sweep(
    context: Context,
    _: Permitted<SystemSweep>,
) -> Result<(StatusCode, Json<Swept>), Problem> {
    let mut swept = Swept { done: BTreeMap::new(), failed: Vec::new() };
    for (service, chore) in CHORES {
        match ask(&context, service, chore).await {
            Some(answer) => _ = swept.done.insert(service, answer),
            None => swept.failed.push(format!("{service}/{chore}")),
        }
    }
    for service in SERVICES {
        if ask(&context, service, "relay").await.is_none() {
            swept.failed.push(format!("{service}/relay"));
        }
    }
    let status = if swept.failed.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(swept)))
}

async fn ask(context: &Context, service: &str, chore: &str) -> Option<Value> {
    let reply = CLIENT.post(context, service, chore, &()).await.ok()?;
    reply.json().ok().filter(|_| reply.status.is_success())
}
