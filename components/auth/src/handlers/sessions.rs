//! One's own sessions: see them, end them. A session that was ended cannot do so any more, whatever is left of
//! its access token's time.

use axum::Json;
use contract::SessionId;
use contract::auth::RevocationReason;
use edge::{Context, List, Page, Path, User};
use http::StatusCode;

use super::accounts::live;
use crate::error::Error;
use crate::record::sessions;
use crate::store::OwnSession;
use crate::{api, record, store as auth};

/// `GET /api/auth/sessions`: 200 with those that are alive, newest first.
pub async fn list(user: User, page: Page) -> Result<Json<List<api::Session>>, Error> {
    live(&user).await?;
    let page = page.of::<SessionId>("sessions", user.id)?;
    let found = auth::live_sessions(user.id, page.after, page.rows()).await?;
    let current = user.session()?;
    let shown = found.into_iter().map(|session| show(session, current)).collect();
    Ok(Json(page.list(shown, |session: &api::Session| session.id)))
}

/// `DELETE /api/auth/sessions`: 204, and all of them have ended, the one that asks, too.
pub async fn end_all(context: Context, user: User) -> Result<StatusCode, Error> {
    live(&user).await?;
    let event = sessions::ended(user.id, None, user.actor());
    record::of_account(&context, record::in_session(event, user.session()?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/auth/sessions/{id}`: 204, also for one that has ended before.
pub async fn end(context: Context, user: User, Path(id): Path<SessionId>) -> Result<StatusCode, Error> {
    live(&user).await?;
    match auth::session(id).await? {
        Some((session, ..)) if session.account_id == user.id => {
            sessions::revoked(&context, &session, RevocationReason::EndedByOwner).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        _ => Err(Error::NotFound("session")),
    }
}

/// A session as its owner sees it; `current` is the one that asks.
pub fn show(session: OwnSession, current: SessionId) -> api::Session {
    api::Session {
        current: session.id == current,
        id: session.id,
        created_at: session.started_at,
        last_used_at: session.used_at,
        ended_at: session.ended_at,
        user_agent: session.user_agent,
    }
}
