//! Lists: `?limit=&cursor=` in, `{items, nextCursor}` out. Cursors continue an index, never an OFFSET.

use std::hash::{Hash, Hasher};
use std::str::FromStr;

use axum::extract::FromRequestParts;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::request::Parts;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{FieldError, Problem};

/// Items of a page when the client does not say.
const DEFAULT_LIMIT: u32 = 20;
/// The most items of a page: keeps an answer well under a megabyte.
const MAX_LIMIT: u32 = 100;

/// The page that a client asks for. [`Page::of`] makes it a page of one list.
#[derive(Clone, Debug)]
pub struct Page {
    limit: u32,
    cursor: Option<String>,
}

/// A page of one list. Its places have keys of type `K`, by which the list is sorted.
#[derive(Clone, Debug)]
pub struct PageOf<K> {
    limit: u32,
    list: [u8; 8],
    /// The key after which the page starts.
    pub after: Option<K>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; `null` on the last. Whether there is one, the number of items does not
    /// say.
    pub next_cursor: Option<String>,
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for List<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Page", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let items = generator.subschema_for::<T>();
        schemars::json_schema!({
            "type": "object",
            "required": ["items", "nextCursor"],
            "properties": {
                "items": { "type": "array", "items": items },
                "nextCursor": { "$ref": "#/components/schemas/Cursor" },
            },
        })
    }
}

impl Page {
    /// The page of the list `name` with these `filters` (the owner of the list is one of them).
    ///
    /// A cursor carries a hash of both, because the cursor of another list would leave items out, or show them twice.
    /// It is no secret, so its key is checked like any input.
    ///
    /// # Errors
    /// 422 when the cursor is not one of this very list.
    pub fn of<K: FromStr>(self, name: &str, filters: impl Hash) -> Result<PageOf<K>, Problem> {
        let mut hasher = Fingerprint(Sha256::new());
        (name, filters).hash(&mut hasher);
        let list = hasher.finish().to_be_bytes();
        let place = |cursor: String| {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            std::str::from_utf8(bytes.strip_prefix(&list)?).ok()?.parse().ok()
        };
        let after = match self.cursor.map(place) {
            Some(None) => {
                return Err(wrong(
                    "cursor",
                    "must be the nextCursor of an earlier page of the same list and filters",
                ));
            }
            after => after.flatten(),
        };
        Ok(PageOf { limit: self.limit, list, after })
    }
}

impl<K> PageOf<K> {
    /// How many rows to ask the database for: one more than the page holds, to know whether there are more.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page made of the `rows()` rows that were found; `key` is the place of an item in the order.
    pub fn list<T, D: ToString>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> D) -> List<T> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| self.cursor(key(last)));
        List { items: rows, next_cursor }
    }

    /// As [`list`](Self::list), of a search that looks at a limited number of rows for a page. If there are more rows,
    /// the next page begins after `looked`, even when this one is not full, or empty.
    pub fn list_of_some<T, D: ToString>(
        &self,
        rows: Vec<T>,
        key: impl Fn(&T) -> D,
        looked: Option<D>,
    ) -> List<T> {
        let mut list = self.list(rows, key);
        if list.next_cursor.is_none() {
            list.next_cursor = looked.map(|place| self.cursor(place));
        }
        list
    }

    fn cursor(&self, place: impl ToString) -> String {
        URL_SAFE_NO_PAD.encode([&self.list, place.to_string().as_bytes()].concat())
    }
}

/// A hasher that is the same in every build and is hard to make collide: the first 64 bits of a SHA-256.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
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
        Ok(Self { limit, cursor: params.cursor })
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
    use proptest::prelude::*;

    use super::*;

    fn page(cursor: Option<&str>) -> Page {
        Page { limit: 2, cursor: cursor.map(str::to_owned) }
    }

    fn next(name: &str, filters: impl Hash) -> String {
        let page = page(None).of::<i64>(name, filters).unwrap();
        page.list(vec![7, 8, 9], |number| *number).next_cursor.unwrap()
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        let page = page(None).of::<i64>("orders", ()).unwrap();
        assert_eq!(page.list(vec![1, 2], |number| *number).next_cursor, None);
        let list = page.list(vec![1, 2, 3], |number| *number);
        assert_eq!((list.items, list.next_cursor.is_some()), (vec![1, 2], true));
    }

    #[test]
    fn a_search_that_looked_at_some_goes_on_after_them() {
        let page = page(None).of::<i64>("orders", ()).unwrap();
        let next = |rows, looked| page.list_of_some(rows, |number| *number, looked).next_cursor;
        assert_eq!(next(vec![9], None), None);
        assert_eq!(next(vec![], Some(4)), Some(page.cursor(4)));
        assert_eq!(next(vec![9, 8, 7], Some(4)), Some(page.cursor(8)));
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_and_filters() {
        let cursor = next("orders", ("alice", Some("PAID")));
        let of = |name: &str, who: &str, status| page(Some(&cursor)).of::<i64>(name, (who, status));
        assert_eq!(of("orders", "alice", Some("PAID")).unwrap().after, Some(8));
        assert!(of("payments", "alice", Some("PAID")).is_err());
        assert!(of("orders", "bob", Some("PAID")).is_err());
        assert!(of("orders", "alice", None).is_err());
    }

    #[test]
    fn a_cursor_whose_key_is_of_another_type_is_refused() {
        let page = page(None).of::<String>("orders", ()).unwrap();
        let cursor = page.list(vec!["1", "x", "3"], |text| *text).next_cursor.unwrap();
        assert!(super::Page { limit: 2, cursor: Some(cursor) }.of::<i64>("orders", ()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_as_a_cursor(text in ".*") {
            prop_assert!(page(Some(&text)).of::<i64>("orders", ()).is_err());
            let encoded = URL_SAFE_NO_PAD.encode(text);
            prop_assert!(page(Some(&encoded)).of::<i64>("orders", ()).is_err());
        }
    }
}
