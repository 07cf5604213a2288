//! The signing secret: the variable `jwt_secret`, else one made once in the database by an atomic insert.

use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, Mac};
use jwt_simple::algorithms::HS256Key;
use sha2::{Digest, Sha256};
use spin_sdk::sqlite::{Connection, Value};
use spin_sdk::variables;

/// The shortest secret that is taken, in bytes: as long as the hash's output (RFC 7518, section 3.2).
const MIN_SECRET: usize = 32;

static KEYS: Mutex<Option<Arc<Keys>>> = Mutex::new(None);

/// The deployment's keys, all derived from one secret.
pub struct Keys {
    /// `kid` of the signing key: the start of its hash.
    pub kid: String,
    /// What tokens are signed with.
    pub signing: HS256Key,
    /// `iss` of our tokens.
    pub issuer: String,
    secret: Vec<u8>,
}

impl Keys {
    pub(crate) fn new(secret: Vec<u8>, issuer: String) -> Result<Self, String> {
        if secret.len() < MIN_SECRET {
            return Err(format!("jwt_secret must have at least {MIN_SECRET} bytes"));
        }
        let derived = derive(&secret, "jwt")?;
        let kid: String = Sha256::digest(&derived).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { signing: HS256Key::from_bytes(&secret).with_key_id(&kid), kid, issuer, secret })
    }

    /// HMAC-SHA-256 of `message` under a key that is derived for `purpose` only.
    pub fn seal(&self, purpose: &str, message: &[u8]) -> Result<Vec<u8>, String> {
        mac(&derive(&self.secret, purpose)?, message)
    }
}

fn derive(secret: &[u8], purpose: &str) -> Result<Vec<u8>, String> {
    mac(secret, format!("jangteo/{purpose}").as_bytes())
}

fn mac(key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| error.to_string())?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().to_vec())
}

/// The keys, read once per instance.
pub async fn load() -> Result<Arc<Keys>, String> {
    if let Some(keys) = KEYS.lock().unwrap_or_else(PoisonError::into_inner).clone() {
        return Ok(keys);
    }
    let secret = match variables::get("jwt_secret").await {
        Ok(secret) if !secret.is_empty() => secret.into_bytes(),
        _ => stored_secret().await.map_err(|error| format!("{error:?}"))?,
    };
    let issuer = variables::get("jwt_issuer").await.unwrap_or_else(|_| "jangteo".to_owned());
    let keys = Arc::new(Keys::new(secret, issuer)?);
    *KEYS.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
    Ok(keys)
}

/// The database's secret. Instances that start together race to insert one; all read the winner's.
async fn stored_secret() -> Result<Vec<u8>, spin_sdk::sqlite::Error> {
    let connection = Connection::open_default().await?;
    if let Ok(Some(secret)) = read(&connection).await {
        return Ok(secret);
    }
    let mut fresh = [0u8; MIN_SECRET];
    getrandom::fill(&mut fresh).map_err(|error| spin_sdk::sqlite::Error::Io(error.to_string()))?;
    let table = "CREATE TABLE IF NOT EXISTS identity_secret (one INTEGER PRIMARY KEY CHECK (one = 1), secret BLOB NOT NULL)";
    connection.execute(table, []).await?.collect().await?;
    let insert = "INSERT INTO identity_secret VALUES (1, ?1) ON CONFLICT DO NOTHING";
    connection.execute(insert, [Value::Blob(fresh.to_vec())]).await?.collect().await?;
    let missing = || spin_sdk::sqlite::Error::Io("no secret after the insert".to_owned());
    read(&connection).await?.ok_or_else(missing)
}

async fn read(connection: &Connection) -> Result<Option<Vec<u8>>, spin_sdk::sqlite::Error> {
    let rows = connection.execute("SELECT secret FROM identity_secret", []).await?.collect().await?;
    Ok(rows.first().and_then(|row| row.get::<&[u8]>(0)).map(<[u8]>::to_vec))
}
