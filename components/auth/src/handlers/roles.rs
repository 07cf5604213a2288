//! Roles: the built-in ones, custom ones, and who has which. A change shows in the next access token.

use axum::Json;
use axum::response::{IntoResponse, Response};
use contract::UserId;
use contract::auth::{AuthEvent, Role};
use contract::permissions::{Permission, RolesRead, RolesWrite};
use edge::{
    Answer, Code, Context, FieldError, JsonBody, Keyed, List, Once, Page, Path, Permitted, Preconditions,
    Problem, etag,
};
use http::{StatusCode, header};

use super::authority::{permitted, within};
use crate::domain::role::{self, Custom};
use crate::error::Error;
use crate::record::roles as events;
use crate::store::authority::Authority;
use crate::store::{DB, roles};
use crate::{api, record, store as auth};

/// The most roles of an account: its access token stays small.
const MAX_ROLES: usize = 20;
/// How often a write that was overtaken tries anew before it gives up.
const MAX_TRIES: usize = 3;

/// `GET /api/auth/roles`: 200; the built-in ones come before the custom ones.
pub async fn list(_: Permitted<RolesRead>, page: Page) -> Result<Json<List<api::Role>>, Error> {
    let page = page.of::<String>("roles", ())?;
    let (mut found, after): (Vec<_>, _) = match page.after.as_deref() {
        None => (built_in().collect(), None),
        Some(name) if role::is_built_in(name) => {
            (built_in().skip_while(|role| role.name != name).skip(1).collect(), None)
        }
        custom => (Vec::new(), custom),
    };
    found.extend(roles::list(after, page.rows()).await?.into_iter().map(show));
    Ok(Json(page.list(found, |role| role.name.clone())))
}

/// `GET /api/auth/roles/{role}`: 200, or 304 when the client's copy is current. A built-in one has no revision.
pub async fn get(
    _: Permitted<RolesRead>,
    Path(name): Path<String>,
    preconditions: Preconditions,
) -> Result<Response, Error> {
    if let Some(role) = built_in().find(|role| role.name == name) {
        return Ok(Json(role).into_response());
    }
    let (role, revision) = roles::find(&name).await?.ok_or(Error::NotFound("role"))?;
    let tag = [(header::ETAG, etag(revision))];
    if preconditions.unchanged(revision) {
        Ok((StatusCode::NOT_MODIFIED, tag).into_response())
    } else {
        Ok((tag, Json(show(role))).into_response())
    }
}

/// `POST /api/auth/roles`: 201; 409 for a name that is taken.
pub async fn create(
    context: Context,
    user: Permitted<RolesWrite>,
    request: Keyed<api::NewRole>,
) -> Result<Response, Error> {
    let who = permitted(&user).await?;
    let once = Once::new(&DB, user.actor(), "auth.roles.create", request.key);
    if let Some(answer) = once.earlier().await? {
        return Ok(answer);
    }
    let api::NewRole { name, permissions } = request.body;
    let role = Custom::parse(&name, permissions).map_err(Error::Invalid)?;
    within(&who, &role.permissions)?;
    let revision = roles::revision(&role.name).await?.saturating_add(1);
    let event = events::role(AuthEvent::RoleCreated, &role, revision, user.actor());
    let location = format!("/api/auth/roles/{}", role.name);
    let answer = Answer::json(StatusCode::CREATED, &show(role))?.at(location).tagged(revision);
    let event = once.keep(event, &answer).await?;
    match record::of_account(&context, who.judged(event, &[RolesWrite::NAME], None)).await {
        Ok(_) => Ok(answer.into_response()),
        Err(Error::Database(error)) if roles::is_taken(&error) || auth::is_overtaken(&error) => {
            Err(Error::RoleExists)
        }
        Err(Error::Database(error)) => once.replayed(error).await,
        Err(error) => Err(error),
    }
}

/// `PUT /api/auth/roles/{role}`: 200; 409 for a built-in one; 412 when `If-Match` names another revision. What the role
/// has and gets must be the caller's, too.
pub async fn change(
    context: Context,
    user: Permitted<RolesWrite>,
    Path(name): Path<String>,
    preconditions: Preconditions,
    JsonBody(body): JsonBody<api::RoleChange>,
) -> Result<Response, Error> {
    let who = permitted(&user).await?;
    let role = existing(&name, body.permissions)?;
    within(&who, &role.permissions)?;
    let revision = write(&context, &who, &preconditions, AuthEvent::RoleChanged, &role).await?;
    Ok(([(header::ETAG, etag(revision))], Json(show(role))).into_response())
}

/// `DELETE /api/auth/roles/{role}`: 204; nobody has it any more; 412 when `If-Match` names another revision.
pub async fn remove(
    context: Context,
    user: Permitted<RolesWrite>,
    Path(name): Path<String>,
    preconditions: Preconditions,
) -> Result<StatusCode, Error> {
    let who = permitted(&user).await?;
    write(&context, &who, &preconditions, AuthEvent::RoleRemoved, &existing(&name, Vec::new())?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Append an event to an existing role, if it is the one that the client knows and has nothing that they lack; the new
/// revision.
async fn write(
    context: &Context,
    who: &Authority,
    preconditions: &Preconditions,
    happens: fn(Role) -> AuthEvent,
    role: &Custom,
) -> Result<i64, Error> {
    for _ in 0..MAX_TRIES {
        let (now, revision) = roles::find(&role.name).await?.ok_or(Error::NotFound("role"))?;
        within(who, &now.permissions)?;
        preconditions.check(revision)?;
        let next = revision.saturating_add(1);
        let event = events::role(happens, role, next, who.id.to_string());
        match record::of_account(context, who.judged(event, &[RolesWrite::NAME], None)).await {
            Err(Error::Database(error)) if auth::is_overtaken(&error) => {}
            other => return other.map(|_| next),
        }
    }
    Err(Error::Busy)
}

/// `PUT /api/auth/users/{id}/roles`: 200 with the roles the account has now. The database sees to it that
/// somebody stays ADMIN.
pub async fn assign(
    context: Context,
    user: Permitted<RolesWrite>,
    Path(id): Path<UserId>,
    JsonBody(body): JsonBody<api::Roles>,
) -> Result<Json<api::Roles>, Error> {
    let who = permitted(&user).await?;
    let wanted = distinct(body.roles)?;
    let holder = roles::holder(id).await?.ok_or(Error::NotFound("user"))?;
    // Neither give nor take what one does not have: whose roles say more is out of reach.
    let custom = roles::permissions_of(&wanted).await?;
    within(&who, &role::effective(&wanted, &custom))?;
    within(&who, &holder.permissions())?;
    let event = events::roles_changed(id, &wanted, user.actor());
    record::of_account(&context, who.judged(event, &[RolesWrite::NAME], Some(id))).await?;
    Ok(Json(api::Roles { roles: wanted }))
}

/// The roles, each once.
pub(super) fn distinct(mut roles: Vec<String>) -> Result<Vec<String>, Error> {
    roles.sort_unstable();
    roles.dedup();
    if roles.len() > MAX_ROLES {
        let detail = format!("must have at most {MAX_ROLES} items");
        return Err(Error::Invalid(vec![FieldError::new("roles", detail)]));
    }
    Ok(roles)
}

fn existing(name: &str, permissions: Vec<String>) -> Result<Custom, Error> {
    if role::is_built_in(name) {
        return Err(Problem::new(Code::CONFLICT, "A built-in role stays as it is").into());
    }
    Custom::parse(name, permissions).map_err(|errors| {
        if errors.iter().any(|e| e.field == "name") {
            Error::NotFound("role")
        } else {
            Error::Invalid(errors)
        }
    })
}

fn built_in() -> impl Iterator<Item = api::Role> {
    role::built_in().map(|(name, permissions)| api::Role {
        name: name.to_owned(),
        permissions: permissions.iter().map(|&permission| permission.to_owned()).collect(),
        built_in: true,
    })
}

fn show(role: Custom) -> api::Role {
    api::Role { name: role.name, permissions: role.permissions, built_in: false }
}
