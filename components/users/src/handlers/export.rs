//! The export: all that the services hold of somebody, in one document (GDPR, articles 15 and 20).

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::UserId;
use edge::{Context, Path, User};
use futures::future::try_join;
use http::{StatusCode, header};
use serde_json::Value;
use store::Timestamp;

use super::profiles::{profile, show};
use super::reach::{authorise, by, refused};
use crate::error::Error;
use crate::{CLIENT, api, record};

/// Items per page that other services are asked for: the most that a page holds.
const PAGE: u32 = 100;

/// `GET /api/users/{id}/export`: 200 with a file to keep. It is told to the audit log.
pub async fn export(context: Context, user: User, Path(id): Path<UserId>) -> Result<Response, Error> {
    authorise(&user, id)?;
    let profile = profile(id).await?;
    // First, for auth knows whether the session is alive and the account within the caller's reach.
    let sessions = held(&context, &user, "auth", format!("accounts/{id}/sessions?{}", by(&user)?)).await?;
    let (orders, payments) = try_join(
        held(&context, &user, "orders", format!("buyers/{id}/orders?")),
        held(&context, &user, "payments", format!("buyers/{id}/payments?")),
    )
    .await?;
    let exported_at = Timestamp::now();
    record::exported(&context, id, user.actor()).await?;
    let document = api::Export { exported_at, profile: show(profile), sessions, orders, payments };
    let name = format!("attachment; filename=\"jangteo-{id}.json\"");
    let headers = [(header::CONTENT_DISPOSITION, name), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((headers, Json(document)).into_response())
}

/// All items of a list of another service, page by page.
async fn held(context: &Context, user: &User, service: &str, path: String) -> Result<Vec<Value>, Error> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let after = cursor.map(|cursor: String| format!("&cursor={cursor}")).unwrap_or_default();
        let reply = CLIENT.get(context, service, &format!("{path}&limit={PAGE}{after}")).await?;
        if reply.status != StatusCode::OK {
            return Err(refused(user, &reply));
        }
        let page: api::Items = reply.json()?;
        all.extend(page.items);
        cursor = match page.next_cursor {
            Some(next) => Some(next),
            None => return Ok(all),
        };
    }
}
