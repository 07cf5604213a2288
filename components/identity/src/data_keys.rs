//! The vault's keys: the variable `data_key`, else one made once in the database by an atomic insert.
//!
//! Other keys than those that encrypted the data would silently lock everyone out: nobody's e-mail would be found, and
//! the same e-mail would make another account. So the first use of each key that encrypts leaves a known text in the
//! table `identity_canary`. Nothing is answered unless all of them can be decrypted, and unless the key that finds
//! texts again is the one it was.

use std::sync::OnceLock;

use spin_sdk::sqlite::Value;
use store::{Error, Row};

use crate::database::run;
use crate::settings::{DATA_KEY, DataKey};
use crate::vault::{KEY_BYTES, Ring};

static RING: OnceLock<Ring> = OnceLock::new();

const CANARIES: &str = "CREATE TABLE IF NOT EXISTS identity_canary (
  key_id TEXT PRIMARY KEY,     -- of a key that has encrypted something
  text TEXT NOT NULL,          -- a known text, encrypted by it
  fingerprint TEXT NOT NULL    -- of that text, by the key that finds texts again: the same in every row
) WITHOUT ROWID";
/// More keys than anyone keeps in a list.
const MAX_CANARIES: i64 = 1000;

/// Why the keys are not to be used.
pub enum Unfit {
    /// They are not those that data was written with; what is wrong with `data_key`.
    Other(&'static str),
    /// That cannot be told now.
    Unavailable(String),
}

impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// The keys, once they are read.
pub fn ring() -> Option<&'static Ring> {
    RING.get()
}

/// Read the keys for use, once per instance.
pub async fn load() -> Result<(), Unfit> {
    if RING.get().is_none() {
        let set = DATA_KEY.get().await.map_err(|unfit| Unfit::Unavailable(unfit.to_string()))?;
        let made;
        let ring = match set {
            DataKey::Set(ring) => ring,
            DataKey::Stored => {
                made = stored()?;
                &made
            }
            DataKey::NotGiven => return Err(Unfit::Unavailable("data_key is not given here".to_owned())),
        };
        leave_canary(ring)?;
        // Whoever was faster read the same keys.
        _ = RING.set(ring.clone());
    }
    Ok(())
}

/// Whether the keys are those that data was written with; nothing is written.
pub async fn check() -> Result<(), Unfit> {
    match DATA_KEY.get().await {
        Ok(DataKey::Set(ring)) => known_to(&canaries()?, ring),
        Ok(DataKey::Stored) => match (read()?, canaries()?) {
            (Some(ring), canaries) => known_to(&canaries, &ring),
            (None, canaries) if canaries.is_empty() => Ok(()),
            (None, _) => Err(Unfit::Other("is not set, and data was written with one")),
        },
        // Without a vault, or named as unfit by the checks of the settings.
        Ok(DataKey::NotGiven) | Err(_) => Ok(()),
    }
}

/// What is known of a key that has encrypted something.
struct Canary {
    text: String,
    fingerprint: String,
}

fn known_to(canaries: &[Canary], ring: &Ring) -> Result<(), Unfit> {
    let fingerprint = ring.canary_fingerprint().map_err(Unfit::Unavailable)?;
    if canaries.iter().any(|canary| !ring.decrypts_canary(&canary.text)) {
        return Err(Unfit::Other("lacks a key that data was written with"));
    }
    if canaries.iter().all(|canary| canary.fingerprint == fingerprint) {
        Ok(())
    } else {
        Err(Unfit::Other("must end with the key that it began with"))
    }
}

/// One statement decides: of instances with different keys, one leaves the first canary, and the others find it.
fn leave_canary(ring: &Ring) -> Result<(), Unfit> {
    known_to(&canaries()?, ring)?;
    let (id, text) = ring.canary().map_err(Unfit::Unavailable)?;
    let fingerprint = ring.canary_fingerprint().map_err(Unfit::Unavailable)?;
    if !knows(id)? {
        run(CANARIES, [])?;
        let insert = "INSERT INTO identity_canary SELECT ?1, ?2, ?3 \
            WHERE NOT EXISTS (SELECT 1 FROM identity_canary WHERE fingerprint <> ?3) ON CONFLICT DO NOTHING";
        run(insert, [Value::Text(id.to_owned()), Value::Text(text), Value::Text(fingerprint)])?;
    }
    known_to(&canaries()?, ring)
}

fn knows(key_id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM identity_canary WHERE key_id = ?1";
    rows_if_there(run(sql, [Value::Text(key_id.to_owned())])).map(|rows| !rows.is_empty())
}

fn canaries() -> Result<Vec<Canary>, Unfit> {
    let canary = |row: &Row| Ok(Canary { text: row.text("text")?, fingerprint: row.text("fingerprint")? });
    let sql = "SELECT text, fingerprint FROM identity_canary LIMIT ?1";
    let rows = rows_if_there(run(sql, [Value::Integer(MAX_CANARIES)]))?;
    rows.iter().map(canary).collect()
}

/// The database's key. Instances that start together race to insert one; all read the winner's. None is made where data
/// was written with another.
fn stored() -> Result<Ring, Unfit> {
    if let Some(ring) = read()? {
        return Ok(ring);
    }
    let mut fresh = [0u8; KEY_BYTES];
    getrandom::fill(&mut fresh).map_err(|error| Unfit::Unavailable(error.to_string()))?;
    let table = "CREATE TABLE IF NOT EXISTS identity_data_key \
        (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL)";
    run(table, [])?;
    run(CANARIES, [])?;
    let insert = "INSERT INTO identity_data_key SELECT 1, ?1 WHERE NOT EXISTS (SELECT 1 FROM identity_canary) \
        ON CONFLICT DO NOTHING";
    run(insert, [Value::Blob(fresh.to_vec())])?;
    read()?.ok_or(Unfit::Other("is not set, and data was written with one"))
}

fn read() -> Result<Option<Ring>, Unfit> {
    let rows = rows_if_there(run("SELECT hex(key) AS key FROM identity_data_key", []))?;
    let key = rows.first().map(|row| row.text("key")).transpose()?;
    key.map(|key| Ring::parse(&key).map_err(Unfit::Unavailable)).transpose()
}

/// No rows where there is no table yet.
fn rows_if_there(answer: Result<Vec<Row>, Error>) -> Result<Vec<Row>, Error> {
    match answer {
        Err(Error::Database(text)) if text.contains("no such table") => Ok(Vec::new()),
        other => other,
    }
}
