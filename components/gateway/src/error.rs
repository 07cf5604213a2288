//! What can go wrong in the registry, and how clients see it.

use axum::response::{IntoResponse, Response};
use edge::{Code, FieldError, Problem};
use variables::Unfit;

use crate::domain::MAX_INSTANCES;

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Edge(Problem),
    #[error("not valid")]
    Invalid(Vec<FieldError>),
    #[error("no such instance")]
    NotFound,
    #[error("there are {MAX_INSTANCES} instances already")]
    Full,
    #[error("others change the same all the time; try again")]
    Contended,
    #[error(transparent)]
    Internal(#[from] store::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Edge(problem)
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        Self::Edge(unfit.into())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Edge(problem) => problem,
            Error::Invalid(errors) => Problem::validation(errors),
            Error::NotFound => Problem::not_found("instance"),
            Error::Full | Error::Contended => Problem::new(Code::CONFLICT, detail),
            Error::Internal(source) => Problem::internal(source),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
