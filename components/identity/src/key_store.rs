//! Where keys come from: the variable `jwt_secret`, else the database, which also keeps the secret of `seal`.
//!
//! That secret is no signing key and is never rotated: refresh tokens and look-up hashes are made with it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jwt_simple::prelude::Clock;
use spin_sdk::sqlite::Value;
use store::{Error, Row};

use crate::database::run;
use crate::keys::{ANNOUNCED_SECONDS, Key, OVERLAP_SECONDS, Ring, mac};
use crate::settings::{self, Algorithm, MIN_SECRET, Settings};

/// How old an instance's copy of the keys may be, in seconds. Far less than a new key is announced, so that it is
/// known everywhere before it signs, and no unknown `kid` is worth a look into the database.
const COPY_SECONDS: u64 = 5;
/// More keys than can be alive at once: there is one rotation per [`ANNOUNCED_SECONDS`].
const MAX_KEYS: i64 = 16;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS identity_keys (
  algorithm TEXT NOT NULL,
  generation INTEGER NOT NULL,  -- 1, 2, 3 …: two rotations at once make one key
  secret BLOB NOT NULL,         -- 32 random bytes: the HMAC key, or the Ed25519 seed
  signs_from INTEGER NOT NULL,  -- seconds since the epoch
  PRIMARY KEY (algorithm, generation)
) WITHOUT ROWID";

/// Why no key was made.
pub enum NotRotated {
    /// The key is `jwt_secret`, which only the deployment can change.
    Configured,
    /// The keys cannot be read or written now.
    Unavailable(String),
}

/// The instance's copy of the keys, and when it was read.
static COPY: Mutex<Option<(Arc<Ring>, u64)>> = Mutex::new(None);

/// The time by which keys are chosen, in seconds since the epoch.
pub fn now() -> u64 {
    Clock::now_since_epoch().as_secs()
}

/// The keys as they were some seconds ago at most.
pub async fn load() -> Result<Arc<Ring>, String> {
    let settings = settings::load().await?;
    let known = copy().clone();
    if let Some((ring, read_at)) = &known
        && (settings.secret.is_some() || now().abs_diff(*read_at) < COPY_SECONDS)
    {
        return Ok(ring.clone());
    }
    let keys = match settings.secret {
        Some(secret) => configured(settings.algorithm, secret.as_bytes()).map(|key| vec![key]),
        None => stored(settings.algorithm).map_err(text),
    };
    let ring = match (keys, known) {
        (Ok(keys), _) => Arc::new(Ring::new(settings.issuer, keys)),
        (Err(error), None) => return Err(error),
        // Better the keys of a while ago than none, when the database is away for a moment.
        (Err(error), Some((ring, _))) => {
            logline::log!("identity keys: {error}");
            ring
        }
    };
    *copy() = Some((ring.clone(), now()));
    Ok(ring)
}

/// Make the next key, or find the one that was made and does not sign yet.
pub async fn rotate() -> Result<(Key, Algorithm), NotRotated> {
    let Settings { algorithm, secret, .. } = settings::load().await.map_err(NotRotated::Unavailable)?;
    if secret.is_some() {
        return Err(NotRotated::Configured);
    }
    let mut keys = rotated(algorithm).map_err(|error| NotRotated::Unavailable(text(error)))?;
    *copy() = None;
    Ok((keys.swap_remove(0), algorithm))
}

/// HMAC-SHA-256 of `message` under a key that is derived for `purpose` only.
pub async fn seal(purpose: &str, message: &[u8]) -> Result<Vec<u8>, String> {
    static ROOT: OnceLock<Vec<u8>> = OnceLock::new();
    let root = match ROOT.get() {
        Some(root) => root,
        None => {
            let root = sealing_secret().map_err(text)?;
            ROOT.get_or_init(|| root)
        }
    };
    mac(&mac(root, format!("jangteo/{purpose}"))?, message)
}

fn copy() -> std::sync::MutexGuard<'static, Option<(Arc<Ring>, u64)>> {
    COPY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn configured(algorithm: Algorithm, secret: &[u8]) -> Result<Key, String> {
    match algorithm {
        Algorithm::Hs256 => Key::new(algorithm, secret, 0),
        // A seed has 32 bytes, a secret as many as one likes.
        Algorithm::EdDsa => Key::new(algorithm, &mac(secret, "jangteo/ed25519")?, 0),
    }
}

/// The keys in the database, newest first. Instances that start together race to insert the first; all read the
/// winner's.
fn stored(algorithm: Algorithm) -> Result<Vec<Key>, Error> {
    if let Ok(keys) = read(algorithm)
        && !keys.is_empty()
    {
        return Ok(keys);
    }
    run(TABLE, [])?;
    let insert = "INSERT INTO identity_keys VALUES (?1, 1, ?2, 0) ON CONFLICT DO NOTHING";
    run(insert, [name(algorithm), fresh_secret()?])?;
    read(algorithm)
}

/// One statement decides whether a key is made: not while the newest is only announced. Then keys that verify
/// nothing any more are forgotten.
fn rotated(algorithm: Algorithm) -> Result<Vec<Key>, Error> {
    stored(algorithm)?;
    let now = i64::try_from(now()).unwrap_or(i64::MAX);
    let at = |seconds: u64| Value::Integer(now.saturating_add_unsigned(seconds));
    let insert = "INSERT INTO identity_keys SELECT ?1, max(generation) + 1, ?2, ?3 FROM identity_keys \
                  WHERE algorithm = ?1 HAVING max(signs_from) <= ?4 ON CONFLICT DO NOTHING";
    let params = [name(algorithm), fresh_secret()?, at(ANNOUNCED_SECONDS), at(0)];
    run(insert, params)?;
    let delete = "DELETE FROM identity_keys WHERE algorithm = ?1 AND generation < \
                  (SELECT max(generation) FROM identity_keys WHERE algorithm = ?1 AND signs_from <= ?2)";
    let dead = Value::Integer(now.saturating_sub_unsigned(OVERLAP_SECONDS));
    run(delete, [name(algorithm), dead])?;
    read(algorithm)
}

fn read(algorithm: Algorithm) -> Result<Vec<Key>, Error> {
    let sql =
        "SELECT secret, signs_from FROM identity_keys WHERE algorithm = ?1 ORDER BY generation DESC LIMIT ?2";
    let rows = run(sql, [name(algorithm), Value::Integer(MAX_KEYS)])?;
    let key = |row: &Row| {
        let signs_from = u64::try_from(row.int("signs_from")?).unwrap_or_default();
        Key::new(algorithm, row.blob("secret")?, signs_from).map_err(Error::Database)
    };
    rows.iter().map(key).collect()
}

/// The secret of `seal`, made by the first instance that needs it.
fn sealing_secret() -> Result<Vec<u8>, Error> {
    let select = "SELECT secret FROM identity_secret";
    let first = |rows: &[Row]| rows.first().and_then(|row| row.blob("secret").ok()).map(<[u8]>::to_vec);
    if let Ok(rows) = run(select, [])
        && let Some(secret) = first(&rows)
    {
        return Ok(secret);
    }
    let table = "CREATE TABLE IF NOT EXISTS identity_secret \
        (one INTEGER PRIMARY KEY CHECK (one = 1), secret BLOB NOT NULL)";
    run(table, [])?;
    let insert = "INSERT INTO identity_secret VALUES (1, ?1) ON CONFLICT DO NOTHING";
    run(insert, [fresh_secret()?])?;
    let missing = || Error::Database("no secret after the insert".to_owned());
    first(&run(select, [])?).ok_or_else(missing)
}

fn fresh_secret() -> Result<Value, Error> {
    let mut fresh = [0u8; MIN_SECRET];
    getrandom::fill(&mut fresh).map_err(|error| Error::Database(error.to_string()))?;
    Ok(Value::Blob(fresh.to_vec()))
}

fn name(algorithm: Algorithm) -> Value {
    Value::Text(algorithm.name().to_owned())
}

fn text(error: Error) -> String {
    error.to_string()
}
