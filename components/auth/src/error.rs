//! What can go wrong, and how clients see it.

use axum::response::{IntoResponse, Response};
use edge::{Code, FieldError, Problem};
use http::{HeaderName, HeaderValue, header};

use crate::domain::password::Unhashable;

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Edge(Problem),
    #[error("not valid")]
    Invalid(Vec<FieldError>),
    #[error("the e-mail is taken")]
    EmailTaken,
    /// One case for unknown accounts and wrong passwords: a client must not tell them apart.
    #[error("the e-mail or the password is wrong")]
    WrongCredentials,
    /// Unknown, forged, expired or revoked: which one is nobody's business.
    #[error("the refresh token is not valid; log in again")]
    RefreshToken,
    #[error("the refresh token was used before; its session is ended, log in again")]
    TokenReused,
    #[error("the session has ended; log in again")]
    SessionEnded,
    /// Unknown, forged, used, expired or ended: which one is nobody's business.
    #[error("the token is not valid, or not any more; ask for another one")]
    ResetToken,
    #[error("nobody can log in to the account; enable it first")]
    Disabled,
    #[error("another request is changing the same; try again")]
    Busy,
    #[error("no such {0}")]
    NotFound(&'static str),
    /// By the roles that the database has now, whatever the token says.
    #[error("The permission {0} is needed")]
    Lacking(String),
    /// Between the check and the deed a privilege was taken from the caller.
    #[error("your permissions have just changed")]
    NotPermitted,
    #[error("there must be an ADMIN")]
    LastAdmin,
    #[error("a role does not exist")]
    UnknownRole,
    /// The password was changed after it was checked.
    #[error("the password was changed")]
    StalePassword,
    #[error("the role exists")]
    RoleExists,
    /// Too many tries; seconds until the next one, and how many there are at once.
    #[error("try again in {0} s")]
    Throttled(i64, i64),
    #[error(transparent)]
    Unhashable(#[from] Unhashable),
    #[error(transparent)]
    Database(#[from] store::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Edge(problem)
    }
}

impl From<variables::Unfit> for Error {
    fn from(unfit: variables::Unfit) -> Self {
        Self::Edge(unfit.into())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Edge(problem) => problem,
            Error::Invalid(errors) => Problem::validation(errors),
            Error::EmailTaken => Problem::new(Code::EMAIL_TAKEN, "Log in, or use another e-mail"),
            Error::WrongCredentials => challenge(Problem::new(Code::INVALID_CREDENTIALS, detail)),
            Error::RefreshToken | Error::SessionEnded => {
                challenge(Problem::new(Code::UNAUTHENTICATED, detail))
            }
            Error::ResetToken => Problem::new(Code::RESET_TOKEN_INVALID, detail),
            Error::Disabled => Problem::new(Code::CONFLICT, detail),
            Error::NotFound(what) => Problem::not_found(what),
            Error::Lacking(permission) => {
                Problem::new(Code::FORBIDDEN, detail).with("permission", permission)
            }
            Error::NotPermitted => Problem::new(Code::FORBIDDEN, detail),
            Error::LastAdmin => Problem::new(Code::CONFLICT, "Make another account an ADMIN first"),
            Error::UnknownRole => invalid("roles", "has one that does not exist"),
            Error::StalePassword => invalid("currentPassword", "is not the password any more"),
            Error::RoleExists => Problem::new(Code::CONFLICT, "Use another name, or PUT to change the role"),
            Error::Throttled(seconds, limit) => Problem::new(Code::RATE_LIMITED, detail)
                .header(header::RETRY_AFTER, HeaderValue::from(seconds))
                .header(HeaderName::from_static("ratelimit-limit"), HeaderValue::from(limit))
                .header(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(0))
                .header(HeaderName::from_static("ratelimit-reset"), HeaderValue::from(seconds)),
            Error::TokenReused => Problem::new(Code::TOKEN_REUSED, detail),
            Error::Busy => Problem::new(Code::UNAVAILABLE, detail),
            Error::Database(source) => Problem::internal(source),
            Error::Unhashable(source) => Problem::internal(source),
        }
    }
}

fn invalid(field: &str, detail: &str) -> Problem {
    Problem::validation(vec![FieldError::new(field, detail)])
}

/// RFC 9110, section 15.5.2: a 401 says how to authenticate.
fn challenge(problem: Problem) -> Problem {
    problem.header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
