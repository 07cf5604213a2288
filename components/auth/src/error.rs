//! What can go wrong, and how clients see it.

use axum::response::{IntoResponse, Response};
use edge::{Code, FieldError, Problem};
use http::{HeaderValue, header};

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0:?}")]
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
    #[error("another request is refreshing this session; try again")]
    Busy,
    #[error("hashing: {0}")]
    Hashing(String),
    #[error(transparent)]
    Database(#[from] store::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Edge(problem)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Edge(problem) => problem,
            Error::Invalid(errors) => Problem::validation(errors),
            Error::EmailTaken => Problem::new(Code::EMAIL_TAKEN, "Log in, or use another e-mail"),
            Error::WrongCredentials | Error::RefreshToken | Error::SessionEnded => {
                // RFC 9110, section 15.5.2: a 401 says how to authenticate.
                Problem::new(Code::UNAUTHENTICATED, detail)
                    .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            Error::TokenReused => Problem::new(Code::TOKEN_REUSED, detail),
            Error::Busy => Problem::new(Code::UNAVAILABLE, detail),
            error @ (Error::Hashing(_) | Error::Database(_)) => Problem::internal(error),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
