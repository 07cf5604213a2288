//! What a statement can fail with, in terms a handler can decide on.

use spin_sdk::sqlite;

/// Why a statement did not run or was undone.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A UNIQUE or PRIMARY KEY constraint; the text names `table.column`s, comma separated.
    #[error("already there: {0}")]
    Unique(String),
    /// A CHECK constraint; the text is its expression or name.
    #[error("check failed: {0}")]
    Check(String),
    /// A trigger's `RAISE(ABORT, 'code:detail')`.
    #[error("refused: {code}: {detail}")]
    Refused {
        /// The part before the first colon: snake_case.
        code: String,
        /// The part after it; may be empty.
        detail: String,
    },
    /// The idempotency key was used before; see [`Replay`](crate::Replay).
    #[error("idempotency key was used before")]
    Replayed(Box<crate::Replay>),
    /// The database was migrated by a newer version of the service than this one.
    #[error("the database of {service} has {what} {found}, this version knows {known}: run a newer one")]
    Newer {
        /// Whose tables.
        service: String,
        /// Whether the tables are newer (`migration`) or their triggers and views (`fold`).
        what: &'static str,
        /// The number that the database has.
        found: i64,
        /// The last one that this version knows.
        known: i64,
    },
    /// The tables were made before the first release.
    #[error("the tables of {service} are of 0.1.0, which was never released: start with an empty database")]
    Unreleased {
        /// Whose tables.
        service: String,
    },
    /// Anything else: the database is away, full, or the SQL is wrong.
    #[error("database: {0}")]
    Database(String),
}

impl From<sqlite::Error> for Error {
    fn from(error: sqlite::Error) -> Self {
        match error {
            sqlite::Error::Io(text) => Self::from_text(&text),
            other => Self::Database(logline::words(&other)),
        }
    }
}

impl Error {
    /// Read SQLite's text. libSQL wraps the same text in its own, hence `find` and not `strip_prefix`.
    fn from_text(text: &str) -> Self {
        let after = |mark: &str| text.find(mark).and_then(|at| text.get(at + mark.len()..));
        if let Some(columns) = after("UNIQUE constraint failed: ") {
            return Self::Unique(columns.to_owned());
        }
        if let Some(check) = after("CHECK constraint failed: ") {
            return Self::Check(check.to_owned());
        }
        match text.split_once(':') {
            Some((code, detail)) if is_code(code) => {
                Self::Refused { code: code.to_owned(), detail: detail.to_owned() }
            }
            _ => Self::Database(text.to_owned()),
        }
    }

    /// Whether this is a violation of the unique constraint that covers `column` (`table.column`).
    pub fn is_unique(&self, column: &str) -> bool {
        matches!(self, Self::Unique(columns) if columns.split(", ").any(|c| c.trim() == column))
    }
}

/// Codes raised by our triggers are one snake_case word; SQLite's own texts have spaces.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn texts_of_sqlite_become_cases() {
        assert!(Error::from_text("UNIQUE constraint failed: t.a, t.b").is_unique("t.b"));
        assert!(!Error::from_text("UNIQUE constraint failed: t.a").is_unique("t.b"));
        assert!(
            matches!(Error::from_text("CHECK constraint failed: n >= 0"), Error::Check(c) if c == "n >= 0")
        );
        assert!(matches!(Error::from_text("out_of_stock:sku:3"),
            Error::Refused { code, detail } if code == "out_of_stock" && detail == "sku:3"));
        assert!(matches!(Error::from_text("no such table: nope"), Error::Database(_)));
    }
}
