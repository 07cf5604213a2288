//! Reading columns by name, with an error that names what was wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use money::Currency;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as Unreadable, StrDeserializer};
use spin_sdk::sqlite::Value;
use spin_sdk::sqlite::wit::sqlite::QueryResult;

use crate::Error;

/// One row of an answer. Columns are found by the names that the statement gives them: an expression needs an `AS`.
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
    /// The column after the last one read. Most are read in the order of the statement, so the next one is found at
    /// once.
    next: AtomicUsize,
}

impl Row {
    /// The rows of an answer.
    pub fn all(answer: QueryResult) -> Vec<Self> {
        let columns: Arc<[String]> = answer.columns.into();
        let row = |values| Self { columns: columns.clone(), values, next: AtomicUsize::new(0) };
        answer.rows.into_iter().map(|found| row(found.values)).collect()
    }

    fn value(&self, column: &str) -> Result<&Value, Error> {
        let next = self.next.load(Ordering::Relaxed);
        let at = match self.columns.get(next) {
            Some(name) if name == column => Some(next),
            _ => self.columns.iter().position(|name| name == column),
        };
        let value = at.and_then(|at| self.values.get(at)).ok_or_else(|| wrong(column, "missing"))?;
        self.next.store(at.map_or(0, |at| at.saturating_add(1)), Ordering::Relaxed);
        Ok(value)
    }

    /// A TEXT column.
    pub fn text(&self, column: &str) -> Result<String, Error> {
        self.opt_text(column)?.ok_or_else(|| wrong(column, "NULL, not TEXT"))
    }

    /// A TEXT column that may be NULL.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, Error> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text.clone())),
            _ => Err(wrong(column, "not TEXT")),
        }
    }

    /// A BLOB column.
    pub fn blob(&self, column: &str) -> Result<&[u8], Error> {
        match self.value(column)? {
            Value::Blob(bytes) => Ok(bytes),
            _ => Err(wrong(column, "not BLOB")),
        }
    }

    /// An INTEGER column.
    pub fn int(&self, column: &str) -> Result<i64, Error> {
        self.opt_int(column)?.ok_or_else(|| wrong(column, "NULL, not INTEGER"))
    }

    /// An INTEGER column that may be NULL.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, Error> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Integer(number) => Ok(Some(*number)),
            _ => Err(wrong(column, "not INTEGER")),
        }
    }

    /// An INTEGER column that stands for true (not 0) or false (0).
    pub fn bool(&self, column: &str) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    /// A TEXT column that holds the text form of `T`, such as a state or a time.
    pub fn parsed<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        self.opt_parsed(column)?.ok_or_else(|| wrong(column, "NULL, not TEXT"))
    }

    /// As [`parsed`](Self::parsed), of a column that may be NULL.
    pub fn opt_parsed<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, Error> {
        let read = |text: String| T::deserialize(StrDeserializer::<Unreadable>::new(&text));
        let parsed = self.opt_text(column)?.map(read).transpose();
        parsed.map_err(|error| wrong(column, &error.to_string()))
    }

    /// A TEXT column that holds a currency's code, which may have been withdrawn since.
    pub fn currency(&self, column: &str) -> Result<Currency, Error> {
        Currency::recorded(&self.text(column)?).map_err(|error| wrong(column, &error.to_string()))
    }

    /// A TEXT column that holds JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|e| wrong(column, &e.to_string()))
    }
}

fn wrong(column: &str, what: &str) -> Error {
    Error::Database(format!("column {column}: {what}"))
}

#[cfg(test)]
mod tests {
    use spin_sdk::sqlite::RowResult;

    use super::*;

    fn row(columns: &[(&str, Value)]) -> Row {
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let values = columns.iter().map(|(_, value)| value.clone()).collect();
        Row::all(QueryResult { columns: names, rows: vec![RowResult { values }] }).remove(0)
    }

    #[test]
    fn columns_are_found_by_their_names_in_any_order_and_again() {
        let row = row(&[("id", "x".into()), ("price", 7.into()), ("gone", Value::Null), ("on", 1.into())]);
        for _ in 0..2 {
            assert_eq!((row.text("id").unwrap(), row.int("price").unwrap()), ("x".to_owned(), 7));
            assert_eq!((row.opt_text("gone").unwrap(), row.opt_int("gone").unwrap()), (None, None));
            assert!(row.bool("on").unwrap());
            assert_eq!((row.int("on").unwrap(), row.int("price").unwrap()), (1, 7));
        }
    }

    #[test]
    fn an_error_names_the_column() {
        let row = row(&[("id", "x".into()), ("price", Value::Null)]);
        for (found, said) in [
            (row.int("total").map(drop), "column total: missing"),
            (row.int("id").map(drop), "column id: not INTEGER"),
            (row.text("price").map(drop), "column price: NULL, not TEXT"),
        ] {
            assert!(found.unwrap_err().to_string().ends_with(said), "{said}");
        }
        // After one that is not there the others still are.
        assert_eq!(row.text("id").unwrap(), "x");
    }
}
