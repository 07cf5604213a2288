//! The public operations: routes, handlers, and what the API's description says of them.

use edge::Api;

use crate::handlers;

/// All of them.
pub fn operations() -> Api {
    Api::new("docs")
        .at(&["/docs", "/docs/"])
        .get("", handlers::page, |o| {
            o.named("getDocs", "This document as a page")
                .about("It loads nothing from other hosts, and can send the requests.")
                .answers_as::<String>(200, "text/html", "The page.")
        })
        .at(&["/docs"])
        .get("/{file}", handlers::file, |o| {
            o.named("getDocsFile", "A file of that page")
                .answers_as::<String>(200, "text/javascript", "The file.")
                .answers_as::<String>(200, "text/css", "The file.")
                .answers_as::<String>(200, "text/plain", "The file.")
        })
}
