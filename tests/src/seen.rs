//! Which kinds of events the stories have made happen: one file for each in `target/events-seen`, with examples.

use std::fs::{OpenOptions, create_dir_all};
use std::io::Write as _;
use std::path::Path;

use rusqlite::Connection;

use crate::root;

/// Examples of a kind that are kept per story.
const EXAMPLES: u32 = 5;

/// Remember what is in the event logs of a database.
pub fn remember(database: &Path) -> anyhow::Result<()> {
    let folder = root().join("target/events-seen");
    create_dir_all(&folder)?;
    let db = Connection::open(database)?;
    let mut tables = db.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%\\_events' ESCAPE '\\'",
    )?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let sql = format!(
            "SELECT type, data FROM \
             (SELECT type, data, row_number() OVER (PARTITION BY type ORDER BY random()) AS n FROM {table}) \
             WHERE n <= {EXAMPLES}"
        );
        let mut statement = db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, data): (String, String) = (row.get(0)?, row.get(1)?);
            let mut file = OpenOptions::new().create(true).append(true).open(folder.join(kind))?;
            // One write: stories end at the same time.
            file.write_all(format!("{data}\n").as_bytes())?;
        }
    }
    Ok(())
}
