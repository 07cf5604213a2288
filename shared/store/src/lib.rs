//! The way to the database: one connection per component instance, forward-only migrations and the fold,
//! and [`append`](Db::append), the single statement that is a whole business transaction.
//!
//! A service declares one `static` [`Db`] and says SQL only in its `store.rs`:
//!
//! ```text
//! static DB: Db = Db::new("orders", MIGRATIONS, FOLD);
//! const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_tables.sql")];
//! const FOLD: &str = include_str!("../migrations/fold.sql");
//! ```

mod connection;
mod error;
mod event;
mod health;
mod limits;
mod migrate;
mod row;
mod script;

pub use clock::Timestamp;
pub use connection::{Db, SYNCHRONOUS};
pub use error::Error;
pub use event::{Appended, Event, Idempotency, NEXT, Replay};
pub use limits::Lease;
pub use row::Row;
pub use script::{script, statements};
pub use spin_sdk::sqlite::Value;

/// Sorts after every id: where a list begins that goes downwards. So one statement serves the first page and the next
/// ones, by a range of an index; `?1 IS NULL OR id < ?1` would look at every row.
pub const AFTER_ALL: &str = "~";

/// What the ids of a list that goes downwards are less than: `after`, the last one of the page before; at its top, all.
pub fn upper_bound<T>(after: Option<contract::Id<T>>) -> String {
    after.map_or_else(|| AFTER_ALL.to_owned(), String::from)
}

/// A list of SQL parameters; each element is anything that converts into a [`Value`].
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}
