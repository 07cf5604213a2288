//! What can go wrong, and how clients see it.

use axum::response::{IntoResponse, Response};
use edge::{Code, FieldError, Problem};
use serde_json::json;

use crate::domain::{Shortage, Unsold};

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Edge(Problem),
    #[error("not valid")]
    Invalid(Vec<FieldError>),
    #[error("no such product")]
    NotFound,
    #[error(transparent)]
    Unsold(#[from] Unsold),
    #[error("out of stock")]
    OutOfStock(Vec<Shortage>),
    #[error("no such reservation")]
    NotReserved,
    #[error("the reservation is settled")]
    Settled,
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

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Edge(problem) => problem,
            Error::Invalid(errors) => Problem::validation(errors),
            Error::NotFound => Problem::not_found("product"),
            Error::NotReserved => Problem::not_found("reservation"),
            Error::Settled | Error::Contended => Problem::new(Code::CONFLICT, detail),
            Error::Unsold(Unsold::Unknown(id)) => {
                Problem::validation(vec![FieldError::new("items", detail)]).with("productId", id)
            }
            Error::Unsold(Unsold::MixedCurrencies) => {
                Problem::validation(vec![FieldError::new("items", detail)])
            }
            Error::Unsold(Unsold::PriceChanged { product_id, price }) => {
                Problem::new(Code::PRICE_CHANGED, detail)
                    .with("productId", product_id)
                    .with("price", json!(price))
            }
            Error::OutOfStock(lines) => {
                Problem::new(Code::OUT_OF_STOCK, "Some lines ask for more than there is")
                    .with("lines", json!(lines))
            }
            Error::Internal(source) => Problem::internal(source),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
