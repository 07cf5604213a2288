//! What the sweep has done here.

use axum::Json;
use edge::ServiceCaller;
use serde_json::{Value, json};

use super::checkpoints;
use crate::error::Error;

/// `POST /internal/audit/sweep`: entries whose time is over are removed; how many were, and whether there are more.
pub async fn sweep(_: ServiceCaller) -> Result<Json<Value>, Error> {
    let (removed, more) = checkpoints::retain_now().await?;
    Ok(Json(json!({ "removed": removed, "more": more })))
}
