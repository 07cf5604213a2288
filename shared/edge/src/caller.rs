//! Extractors that say who may call a handler: a person, or another service.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use contract::permissions::Permission;
use contract::{SessionId, UserId};
use http::{HeaderMap, HeaderValue, header, request::Parts};

use crate::{Code, Kind, Principal, Problem, Relation, access_log, identity};

/// A person with a valid access token. Anyone else gets 401.
pub struct User {
    principal: Arc<Principal>,
    /// The person's.
    pub id: UserId,
}

/// A person who has the permission `P`. Anyone else gets 401 or 403. A handler that takes a [`User`] instead needs no
/// permission of everyone: it decides by the caller's relation to the thing.
pub struct Permitted<P>(User, PhantomData<P>);

/// Another service of this deployment, with a service token. Anyone else gets 401.
pub struct ServiceCaller(Arc<Principal>);

/// A person or a service, for routes that both use. Anyone else gets 401.
pub struct Caller(Arc<Principal>);

impl Caller {
    /// Refuse a person who lacks the permission `P` with 403; services may.
    pub fn require<P: Permission>(&self, permission: P) -> Result<(), Problem> {
        match self.0.kind {
            Kind::Service => Ok(()),
            Kind::User => self.0.require(permission),
        }
    }

    /// Whether this is a service.
    pub fn is_service(&self) -> bool {
        self.0.kind == Kind::Service
    }
}

impl Deref for Caller {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl User {
    /// The session that the token belongs to.
    ///
    /// # Errors
    /// 401 when it is none of auth's: another identity provider may have made the token.
    pub fn session(&self) -> Result<SessionId, Problem> {
        self.principal.session.parse().map_err(|_| foreign("session"))
    }

    /// The caller's relation to a thing of `owner`, where the permission `any` covers everyone's things. `None` for a
    /// stranger, who must not learn that it exists. An owner with the permission `any` is still the owner: nobody
    /// decides about their own thing as if it were another's.
    pub fn relation(&self, owner: UserId, any: impl Permission) -> Option<Relation> {
        if self.id == owner { Some(Relation::Owner) } else { self.may(any).then_some(Relation::Overseer) }
    }
}

impl Deref for User {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl<P> Deref for Permitted<P> {
    type Target = User;
    fn deref(&self) -> &User {
        &self.0
    }
}

impl Deref for ServiceCaller {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let principal = of_kind(parts, Kind::User).await?;
        match principal.subject.parse() {
            Ok(id) => Ok(Self { principal, id }),
            Err(_) => Err(foreign("user")),
        }
    }
}

impl<S: Sync, P: Permission> FromRequestParts<S> for Permitted<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let user = User::from_request_parts(parts, state).await?;
        if user.holds(P::NAME) {
            Ok(Self(user, PhantomData))
        } else {
            Err(Problem::forbidden(user.actor(), P::NAME))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ServiceCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        of_kind(parts, Kind::Service).await.map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        caller(parts).await.map(Self)
    }
}

async fn of_kind(parts: &Parts, kind: Kind) -> Result<Arc<Principal>, Problem> {
    let principal = caller(parts).await?;
    if principal.kind == kind {
        Ok(principal)
    } else {
        Err(challenge(Problem::new(Code::UNAUTHENTICATED, "The token is of another kind")))
    }
}

/// The problem of a token that the identity plug-in verified, and whose `what` can be none of ours.
fn foreign(what: &str) -> Problem {
    logline::log!("the identity plug-in names a {what} that is no UUID");
    challenge(Problem::new(Code::UNAUTHENTICATED, format!("The access token names no {what} of ours")))
}

async fn caller(parts: &Parts) -> Result<Arc<Principal>, Problem> {
    let answer = match bearer(&parts.headers) {
        Some(token) => identity::verify(token).await,
        None => Err(Problem::new(Code::UNAUTHENTICATED, "Send `Authorization: Bearer <access token>`")),
    };
    if let (Ok(principal), Some(seen)) = (&answer, parts.extensions.get::<access_log::Caller>()) {
        seen.is(|| principal.actor());
    }
    answer.map_err(challenge)
}

/// The token of `Authorization: Bearer …` (RFC 6750); the scheme's case does not matter. Two headers count as none,
/// because another reader might take the other one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (lines.next()?.to_str().ok()?, lines.next()) else { return None };
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// RFC 6750 section 3: a 401 says how to authenticate.
pub(crate) fn challenge(problem: Problem) -> Problem {
    let how = match problem.code() {
        Code::TOKEN_EXPIRED => "Bearer error=\"invalid_token\", error_description=\"expired\"",
        Code::UNAUTHENTICATED => "Bearer",
        _ => return problem,
    };
    problem.header(header::WWW_AUTHENTICATE, HeaderValue::from_static(how))
}
