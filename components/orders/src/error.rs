//! What can go wrong, and how clients see it.

use axum::response::{IntoResponse, Response};
use edge::{Code, FieldError, Problem};
use http::{HeaderValue, header};

use crate::domain::{InvalidTransition, Status};

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Edge(Problem),
    #[error("not valid")]
    Invalid(Vec<FieldError>),
    #[error("no such order")]
    NotFound,
    #[error(transparent)]
    InvalidTransition(#[from] InvalidTransition),
    #[error("a part of the order was shipped, so it cannot be cancelled")]
    PartlyShipped,
    /// Seconds until one of them expires.
    #[error("Pay or cancel some of your orders first, or wait until they expire")]
    TooMany(i64),
    /// Their access token is still good.
    #[error("The account was erased")]
    Erased,
    #[error("others change the order all the time; try again")]
    Contended,
    #[error(transparent)]
    Internal(#[from] store::Error),
}

impl Error {
    /// Whether somebody who sells a line of the order was disabled or erased.
    pub fn is_seller_stopped(&self) -> bool {
        matches!(self, Self::Internal(store::Error::Refused { code, .. }) if code == "seller_stopped")
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Edge(problem)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        if error.is_seller_stopped() {
            let rule = "has a product that is no longer for sale";
            return Problem::validation(vec![FieldError::new("items", rule)]);
        }
        match error {
            Error::Edge(problem) => problem,
            Error::Invalid(errors) => Problem::validation(errors),
            Error::NotFound => Problem::not_found("order"),
            Error::InvalidTransition(InvalidTransition { from, to }) => {
                Problem::new(Code::INVALID_TRANSITION, detail)
                    .with("from", from.to_string())
                    .with("to", to.to_string())
            }
            Error::PartlyShipped => Problem::new(Code::INVALID_TRANSITION, detail)
                .with("from", Status::Paid.to_string())
                .with("to", Status::Cancelled.to_string()),
            Error::TooMany(seconds) => Problem::new(Code::TOO_MANY_ATTEMPTS, detail)
                .header(header::RETRY_AFTER, HeaderValue::from(seconds)),
            Error::Contended => Problem::new(Code::CONFLICT, detail),
            Error::Internal(store::Error::Refused { code, .. }) if code == "buyer_erased" => {
                Error::Erased.into()
            }
            Error::Erased => Problem::new(Code::UNAUTHENTICATED, detail),
            Error::Internal(source) => Problem::internal(source),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
