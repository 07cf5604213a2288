//! The schemas of events' data.

use axum::response::{IntoResponse, Response};
use edge::{Path, Problem};
use http::header;

use super::openapi::CACHE;
use crate::catalogue;

/// `GET /schemas/{type}.json`: JSON Schema 2020-12 of the data of the CloudEvents of this type.
pub async fn get(Path(name): Path<String>) -> Result<Response, Problem> {
    let schema = name.strip_suffix(".json").and_then(catalogue::schema);
    let schema = schema.ok_or_else(|| Problem::not_found("schema"))?;
    let kind = (header::CONTENT_TYPE, "application/schema+json");
    Ok(([kind, CACHE, (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], schema.to_string()).into_response())
}
