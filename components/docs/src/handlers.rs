//! The page and its files: compressed to who takes that, and not at all to who has them.

use axum::response::{IntoResponse, Response};
use edge::{Path, Preconditions, Problem, etag, headers};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::files::{Content, File, PAGE};

/// The page may load what this host has, and call it. Swagger UI draws its icons from `data:` URLs.
const POLICY: &str = "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A copy is good while its tag is: so the files of two versions never meet.
const CACHE: &str = "public, no-cache";

/// `GET /docs`
pub async fn page(asked: HeaderMap, known: Preconditions) -> Result<Response, Problem> {
    answer(&PAGE, &asked, &known)
}

/// `GET /docs/{file}`
pub async fn file(
    Path(file): Path<File>,
    asked: HeaderMap,
    known: Preconditions,
) -> Result<Response, Problem> {
    answer(file.content(), &asked, &known)
}

fn answer(content: &Content, asked: &HeaderMap, known: &Preconditions) -> Result<Response, Problem> {
    let as_gzip = content.is_gzip && headers::takes_encoding(asked, "gzip");
    let revision = content.revision(as_gzip);
    let mut response = if known.unchanged(revision) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if as_gzip {
        ([(header::CONTENT_ENCODING, "gzip")], content.bytes).into_response()
    } else {
        content.unpacked()?.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag(revision));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content.kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}
