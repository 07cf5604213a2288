//! The vault's keys: the variable `data_key`, else one made once in the database by an atomic insert.

use std::sync::OnceLock;

use spin_sdk::sqlite::{Error, Value};

use crate::database::run;
use crate::settings::variable;
use crate::vault::{KEY_BYTES, Ring};

static RING: OnceLock<Ring> = OnceLock::new();

/// The keys, once they are read.
pub fn ring() -> Option<&'static Ring> {
    RING.get()
}

/// Read the keys, once per instance.
pub async fn load() -> Result<(), String> {
    if RING.get().is_none() {
        let ring = match configured().await? {
            Some(ring) => ring,
            None => Ring::parse(&stored().map_err(|error| logline::words(&error))?)?,
        };
        // Whoever was faster read the same keys.
        _ = RING.set(ring);
    }
    Ok(())
}

/// The keys of the variable; `None` when it is empty or not granted.
pub async fn configured() -> Result<Option<Ring>, String> {
    let keys = variable("data_key").await?;
    if keys.is_empty() { Ok(None) } else { Ring::parse(&keys).map(Some) }
}

/// The database's key, as the variable would spell it. Instances that start together race to insert one; all read
/// the winner's.
fn stored() -> Result<String, Error> {
    if let Ok(Some(key)) = read() {
        return Ok(key);
    }
    let mut fresh = [0u8; KEY_BYTES];
    getrandom::fill(&mut fresh).map_err(|error| Error::Io(error.to_string()))?;
    let table = "CREATE TABLE IF NOT EXISTS identity_data_key (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL)";
    run(table, [])?;
    let insert = "INSERT INTO identity_data_key VALUES (1, ?1) ON CONFLICT DO NOTHING";
    run(insert, [Value::Blob(fresh.to_vec())])?;
    read()?.ok_or_else(|| Error::Io("no data key after the insert".to_owned()))
}

fn read() -> Result<Option<String>, Error> {
    let rows = run("SELECT hex(key) FROM identity_data_key", [])?;
    Ok(rows.first().and_then(|row| row.get::<&str>(0)).map(str::to_owned))
}
