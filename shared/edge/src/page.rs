//! Lists: `?limit=&cursor=` in, `{items, nextCursor}` out. Cursors continue an index, never an OFFSET.

use axum::extract::FromRequestParts;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::request::Parts;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{FieldError, Problem};

/// Items of a page when the client does not say.
const DEFAULT_LIMIT: u32 = 20;
/// The most items of a page: keeps an answer well under a megabyte.
const MAX_LIMIT: u32 = 100;

/// The page that is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    limit: u32,
    /// The key after which the page starts, as [`Page::list`] wrote it into the last answer.
    pub after: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

impl Page {
    /// How many rows to ask the database for: one more than the page holds, to know whether there are more.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page made of the `rows()` rows that were found; `key` is the place of an item in the order.
    pub fn list<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> String) -> List<T> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        List { items: rows, next_cursor }
    }
}

#[derive(Deserialize)]
struct Params {
    limit: Option<String>,
    cursor: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(params) = Query::<Params>::from_request_parts(parts, state).await?;
        let limit = params.limit.map_or(Some(DEFAULT_LIMIT), |text| text.parse().ok());
        let limit = limit
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| wrong("limit", &format!("must be a number from 1 to {MAX_LIMIT}")))?;
        let after = params.cursor.map(|cursor| {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
            bytes
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| wrong("cursor", "must be the nextCursor of an earlier page"))
        });
        Ok(Self { limit, after: after.transpose()? })
    }
}

/// Query parameters of type `T`; 422 when they do not fit.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(wrong("query", &rejection.body_text())),
        }
    }
}

/// Path parameters of type `T`; a path that cannot be one (such as `%ff`, not UTF-8) leads nowhere: 404.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(params)) => Ok(Self(params)),
            Err(_) => Err(Problem::not_found("resource")),
        }
    }
}

fn wrong(field: &str, detail: &str) -> Problem {
    Problem::validation(vec![FieldError::new(field, detail)])
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn the_last_page_has_no_cursor() {
        let page = Page { limit: 2, after: None };
        assert_eq!(page.list(vec!["a", "b"], |s| s.to_string()).next_cursor, None);
        let list = page.list(vec!["a", "b", "c"], |s| s.to_string());
        assert_eq!((list.items, list.next_cursor.as_deref()), (vec!["a", "b"], Some("Yg")));
    }
}
