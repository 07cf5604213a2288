//! The vault's keys: the variable `data_key`, else one made once in the database by an atomic insert.

use std::sync::{Arc, Mutex, PoisonError};

use spin_sdk::sqlite::{Connection, Error, Value};

use crate::settings::variable;
use crate::vault::{KEY_BYTES, Ring};

static RING: Mutex<Option<Arc<Ring>>> = Mutex::new(None);

/// The keys, read once per instance.
pub async fn load() -> Result<Arc<Ring>, String> {
    if let Some(ring) = RING.lock().unwrap_or_else(PoisonError::into_inner).clone() {
        return Ok(ring);
    }
    let ring = match configured().await? {
        Some(ring) => ring,
        None => Ring::parse(&stored().await.map_err(|error| format!("{error:?}"))?)?,
    };
    let ring = Arc::new(ring);
    *RING.lock().unwrap_or_else(PoisonError::into_inner) = Some(ring.clone());
    Ok(ring)
}

/// The keys of the variable; `None` when it is empty or not granted.
pub async fn configured() -> Result<Option<Ring>, String> {
    let keys = variable("data_key").await?;
    if keys.is_empty() { Ok(None) } else { Ring::parse(&keys).map(Some) }
}

/// The database's key, as the variable would spell it. Instances that start together race to insert one; all read
/// the winner's.
async fn stored() -> Result<String, Error> {
    let connection = Connection::open_default().await?;
    if let Ok(Some(key)) = read(&connection).await {
        return Ok(key);
    }
    let mut fresh = [0u8; KEY_BYTES];
    getrandom::fill(&mut fresh).map_err(|error| Error::Io(error.to_string()))?;
    let table = "CREATE TABLE IF NOT EXISTS identity_data_key (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL)";
    connection.execute(table, []).await?.collect().await?;
    let insert = "INSERT INTO identity_data_key VALUES (1, ?1) ON CONFLICT DO NOTHING";
    connection.execute(insert, [Value::Blob(fresh.to_vec())]).await?.collect().await?;
    read(&connection).await?.ok_or_else(|| Error::Io("no data key after the insert".to_owned()))
}

async fn read(connection: &Connection) -> Result<Option<String>, Error> {
    let rows = connection.execute("SELECT hex(key) FROM identity_data_key", []).await?.collect().await?;
    Ok(rows.first().and_then(|row| row.get::<&str>(0)).map(str::to_owned))
}
