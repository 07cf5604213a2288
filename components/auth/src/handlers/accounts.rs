//! Accounts: sign up, and say who one is.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::UserId;
use edge::vault::{self, Item};
use edge::{Context, Key, Keyed, Problem, SEALED, User};
use http::{HeaderName, StatusCode, header};

use super::throttles;
use crate::domain::account::Draft;
use crate::error::Error;
use crate::personal::new_account;
use crate::record::accounts;
use crate::store::signups;
use crate::{api, bootstrap, record, settings, store as auth};

/// `POST /api/auth/signup`: 201 with the account and its `Location`; 409 for a taken e-mail, after the same work. A key
/// makes one account, whoever sends it.
pub async fn signup(context: Context, request: Keyed<api::Signup>) -> Result<Response, Error> {
    bootstrap::ensure(&context).await;
    let api::Signup { email, password, name, role } = request.body;
    let draft =
        Draft::parse(&email, &name, password, settings::password_policy().await?).map_err(Error::Invalid)?;
    throttles::signup(&context).await?;
    let account = new_account(&draft, vec![role.name().to_owned()]).await?;
    let mut event = accounts::registered(&account, account.id);
    let key = match request.key {
        Some(key) => Some((fingerprint(&key).await?, key.sealed(SEALED).await?)),
        None => None,
    };
    if let Some((name, key)) = &key {
        event = record::signup_once(event, name, &key.request_hash);
    }
    match (record::registered(&context, event).await, &key) {
        (Err(error), Some((name, key))) if is_there(&error) => match signups::made(name).await? {
            Some(earlier) => replay(key, earlier, draft, role),
            None => Err(error),
        },
        (Err(error), _) => Err(error),
        (Ok(()), _) => {
            let location = place_of(account.id);
            Ok((StatusCode::CREATED, location, Json(show(account.id, draft, role))).into_response())
        }
    }
}

/// `GET /api/auth/me`: 200, or 401 once the session was revoked, whatever is left of the token's time.
pub async fn me(user: User) -> Result<Json<api::Me>, Error> {
    let identity = live(&user).await?;
    let [email, name] = vault::decrypt([
        Item::new(vault::EMAIL, user.id, identity.email),
        Item::new(vault::NAME, user.id, identity.name),
    ])
    .await?;
    Ok(Json(api::Me {
        id: user.id,
        email,
        name,
        roles: user.roles.clone(),
        permissions: user.permissions.clone(),
        session_id: user.session()?,
    }))
}

/// The caller's e-mail and name, encrypted, or 401 once the session was revoked: for what must not wait until the
/// access token expires. It costs one look by primary key.
pub async fn live(user: &User) -> Result<auth::Identity, Error> {
    auth::identity(user.id, user.session()?).await?.ok_or(Error::SessionEnded)
}

/// The form in which a key is stored. All callers who are not signed in share one space of keys, so nobody may read or
/// guess one.
async fn fingerprint(key: &Key) -> Result<String, Problem> {
    Ok(hex::encode(edge::seal("signup", key.key.as_bytes()).await?))
}

/// Whether a signup failed because there is one already, with its e-mail or its key.
fn is_there(error: &Error) -> bool {
    matches!(error, Error::EmailTaken) || matches!(error, Error::Database(error) if signups::is_used(error))
}

/// The answer of the signup that came with this key before: only to who sends the same body, password and all. Whoever
/// sends another learns nothing but that the key is used.
fn replay(key: &Key, earlier: signups::Made, draft: Draft, role: api::OpenRole) -> Result<Response, Error> {
    let location = place_of(earlier.account_id);
    let body = serde_json::to_string(&show(earlier.account_id, draft, role)).map_err(Problem::internal)?;
    let answer = edge::replayed(key, &earlier.request_hash, StatusCode::CREATED, body)?;
    Ok((location, answer).into_response())
}

fn place_of(id: UserId) -> [(HeaderName, String); 1] {
    [(header::LOCATION, format!("/api/users/{id}"))]
}

fn show(id: UserId, draft: Draft, role: api::OpenRole) -> api::Account {
    api::Account { id, email: draft.email, name: draft.name, role: role.name().to_owned() }
}
