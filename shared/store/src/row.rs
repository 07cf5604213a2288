//! Reading columns by position, with an error that names what was wrong.

use money::Currency;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as Unreadable, StrDeserializer};
use spin_sdk::sqlite::{RowResult, Value};

use crate::Error;

/// One row of an answer. Columns are read by position, as the `SELECT` beside the call lists them.
pub struct Row(RowResult);

impl Row {
    pub(crate) fn new(row: RowResult) -> Self {
        Self(row)
    }

    fn value(&self, column: usize) -> Result<&Value, Error> {
        self.0.values.get(column).ok_or_else(|| wrong(column, "missing"))
    }

    /// A TEXT column.
    pub fn text(&self, column: usize) -> Result<String, Error> {
        self.opt_text(column)?.ok_or_else(|| wrong(column, "NULL, not TEXT"))
    }

    /// A TEXT column that may be NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text.clone())),
            _ => Err(wrong(column, "not TEXT")),
        }
    }

    /// An INTEGER column.
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.opt_int(column)?.ok_or_else(|| wrong(column, "NULL, not INTEGER"))
    }

    /// An INTEGER column that may be NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Integer(number) => Ok(Some(*number)),
            _ => Err(wrong(column, "not INTEGER")),
        }
    }

    /// An INTEGER column that stands for true (not 0) or false (0).
    pub fn bool(&self, column: usize) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    /// A TEXT column that holds the text form of `T`, such as a state or a time.
    pub fn parsed<T: DeserializeOwned>(&self, column: usize) -> Result<T, Error> {
        self.opt_parsed(column)?.ok_or_else(|| wrong(column, "NULL, not TEXT"))
    }

    /// As [`parsed`](Self::parsed), of a column that may be NULL.
    pub fn opt_parsed<T: DeserializeOwned>(&self, column: usize) -> Result<Option<T>, Error> {
        let read = |text: String| T::deserialize(StrDeserializer::<Unreadable>::new(&text));
        let parsed = self.opt_text(column)?.map(read).transpose();
        parsed.map_err(|error| wrong(column, &error.to_string()))
    }

    /// A TEXT column that holds a currency's code, which may have been withdrawn since.
    pub fn currency(&self, column: usize) -> Result<Currency, Error> {
        Currency::recorded(&self.text(column)?).map_err(|error| wrong(column, &error.to_string()))
    }

    /// A TEXT column that holds JSON.
    pub fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, Error> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|e| wrong(column, &e.to_string()))
    }
}

fn wrong(column: usize, what: &str) -> Error {
    Error::Database(format!("column {column}: {what}"))
}
