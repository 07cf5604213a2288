//! Sessions: log in, refresh, log out.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::auth::RevocationReason;
use contract::{SessionId, UserId};
use edge::{Answer, Context, Grant, JsonBody, Keyed, Once, text};
use http::{HeaderMap, StatusCode, header};
use store::Timestamp;

use super::{passwords, throttles};
use crate::domain::session::{Claim, Decision, Session, decide, digest, same};
use crate::domain::{password, role};
use crate::error::Error;
use crate::personal::email_hash;
use crate::record::sessions::{self, Device};
use crate::record::{self, accounts};
use crate::store::DB;
use crate::{api, bootstrap, store as auth};

/// How much of a `User-Agent` is kept, in characters: enough to know one's device by.
const MAX_USER_AGENT: usize = 200;
/// How often a rotation that was overtaken looks again. Once is enough, but for a replica that lags.
const MAX_TRIES: usize = 3;

/// `POST /api/auth/login`: 200 with tokens. Unknown account, wrong password and disabled account are one answer
/// after one amount of work: a look-up and a hash. It is noted after the response.
pub async fn login(
    context: Context,
    headers: HeaderMap,
    JsonBody(body): JsonBody<api::Login>,
) -> Result<Response, Error> {
    bootstrap::ensure(&context).await;
    let email_hash = email_hash(&body.email).await?;
    let tries = throttles::login(&context, &email_hash).await?;
    let found = auth::credentials(&email_hash).await?;
    let hash = found.as_ref().map_or(password::NOBODY, |account| &account.password_hash);
    let is_right = password::verify(&body.password, hash);
    let Some(account) = found.as_ref().filter(|account| is_right && !account.disabled) else {
        record::note(&context, accounts::login_failed(found.as_ref()));
        return Err(Error::WrongCredentials);
    };
    let claim = Claim { session: SessionId::generate(), generation: 1 };
    let token = token_of(&claim).await?;
    let device = Device { origin: throttles::origin_of(&context).await?, user_agent: user_agent(&headers) };
    sessions::started(&context, claim.session, account, device, &digest(&token), &tries).await?;
    passwords::rehash_if_outdated(&context, account, &body.password).await;
    let permissions = role::effective(&account.roles, &account.custom);
    tokens(account.account_id, account.roles.clone(), permissions, claim.session, token).await
}

/// `POST /api/auth/refresh`: 200 with the next tokens, and the roles the account has now.
pub async fn refresh(
    context: Context,
    JsonBody(body): JsonBody<api::RefreshToken>,
) -> Result<Response, Error> {
    let claim = genuine(&body.refresh_token).await?;
    let digest = digest(&body.refresh_token);
    for _ in 0..MAX_TRIES {
        let (session, roles, custom) = auth::session(claim.session).await?.ok_or(Error::RefreshToken)?;
        let now = Timestamp::now();
        let token = match decide(&session, claim.generation, &digest, now) {
            Decision::Refuse => return Err(Error::RefreshToken),
            Decision::Revoke => {
                sessions::revoked(&context, &session, RevocationReason::TokenReused).await?;
                return Err(Error::TokenReused);
            }
            Decision::Repeat => current(&session).await?,
            Decision::Rotate => match rotate(&context, &session, now).await? {
                Some(token) => token,
                None => continue,
            },
        };
        let permissions = role::effective(&roles, &custom);
        return tokens(session.account_id, roles, permissions, session.id, token).await;
    }
    Err(Error::Busy)
}

/// `POST /api/auth/logout`: 204 and the family is revoked; 204 for a token that is worth nothing, too.
pub async fn logout(context: Context, request: Keyed<api::RefreshToken>) -> Result<Response, Error> {
    let answer = Answer::empty(StatusCode::NO_CONTENT);
    let claim = match genuine(&request.body.refresh_token).await {
        Err(Error::RefreshToken) => return Ok(answer.into_response()),
        other => other?,
    };
    let Some((session, ..)) = auth::session(claim.session).await? else { return Ok(answer.into_response()) };
    let once = Once::new(&DB, session.account_id.into(), "auth.logout", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    match sessions::logged_out(&context, &session, &once, &answer).await {
        Err(Error::Database(error)) => once.replayed(error).await,
        other => other.map(|()| answer.into_response()),
    }
}

/// The claim of `token`, provided that we made the token.
async fn genuine(token: &str) -> Result<Claim, Error> {
    let claim = Claim::parse(token).ok_or(Error::RefreshToken)?;
    if same(&token_of(&claim).await?, token) { Ok(claim) } else { Err(Error::RefreshToken) }
}

async fn token_of(claim: &Claim) -> Result<String, Error> {
    Ok(claim.token(&edge::seal("refresh", claim.message().as_bytes()).await?))
}

async fn current(session: &Session) -> Result<String, Error> {
    token_of(&Claim { session: session.id, generation: session.generation }).await
}

/// The successor of the session's token, or `None` when another request was faster.
async fn rotate(context: &Context, session: &Session, now: Timestamp) -> Result<Option<String>, Error> {
    let generation = session.generation.saturating_add(1);
    let token = token_of(&Claim { session: session.id, generation }).await?;
    let origin = throttles::origin_of(context).await?;
    let refreshed = sessions::refreshed(context, session, &digest(&token), origin.as_deref(), now).await?;
    Ok(refreshed.then_some(token))
}

/// The answer with a new access token. RFC 6749, section 5.1: nobody may keep it.
async fn tokens(
    subject: UserId,
    roles: Vec<String>,
    permissions: Vec<String>,
    session: SessionId,
    refresh_token: String,
) -> Result<Response, Error> {
    let issued =
        edge::issue_access(Grant { subject: subject.into(), roles, permissions, session: session.into() })
            .await?;
    let body = api::Tokens {
        access_token: issued.token,
        refresh_token,
        token_type: "Bearer",
        expires_in: issued.expires_in,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let agent = std::str::from_utf8(headers.get(header::USER_AGENT)?.as_bytes()).ok()?;
    Some(text::stripped(agent, MAX_USER_AGENT))
}
