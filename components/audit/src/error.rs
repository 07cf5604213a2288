//! What can go wrong, and how clients see it.

use axum::response::{IntoResponse, Response};
use edge::{Code, FieldError, Problem};

use crate::domain::BadEvent;
use crate::domain::binding::Unreadable;

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Edge(Problem),
    #[error("not valid")]
    Invalid(Vec<FieldError>),
    #[error(transparent)]
    BadEvent(#[from] BadEvent),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("{0} still refuses the event")]
    StillRefused(String),
    #[error("no such event")]
    NotFound,
    #[error(transparent)]
    Internal(#[from] store::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Edge(problem)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Edge(problem) => problem,
            Error::Invalid(errors) => Problem::validation(errors),
            Error::BadEvent(bad) => {
                let code = if bad.in_anothers_name { Code::FORBIDDEN } else { Code::MALFORMED };
                Problem::new(code, bad.to_string()).with("index", bad.index).with("attribute", bad.attribute)
            }
            Error::Unreadable(Unreadable::Header { attribute, why }) => {
                let detail = format!("The header ce-{attribute} {why}");
                Problem::new(Code::MALFORMED, detail).with("attribute", attribute)
            }
            Error::Unreadable(Unreadable::MediaType) => {
                Problem::new(Code::UNSUPPORTED_MEDIA_TYPE, Unreadable::MediaType.to_string())
            }
            Error::Unreadable(malformed) => Problem::new(Code::MALFORMED, malformed.to_string()),
            still @ Error::StillRefused(_) => Problem::new(Code::CONFLICT, still.to_string()),
            Error::NotFound => Problem::not_found("event"),
            Error::Internal(source) => Problem::internal(source),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
