//! Reading columns by position, with an error that names what was wrong.

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

    /// A TEXT column that holds JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, Error> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|e| wrong(column, &e.to_string()))
    }
}

fn wrong(column: usize, what: &str) -> Error {
    Error::Database(format!("column {column}: {what}"))
}
