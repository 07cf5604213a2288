//! The limits of logins and signups: who tries too often gets 429 and when to try again.

use edge::Context;
use store::Timestamp;

use crate::domain::hex;
use crate::domain::throttle::{FREE_TRIES, origin};
use crate::error::Error;
use crate::settings;
use crate::store::throttle;

/// Count a login of the account with this hash of its e-mail, which need not exist: per account and address,
/// so that nobody locks the owner out from elsewhere. The key is forgotten by a session that starts.
pub async fn login(context: &Context, email_hash: &str) -> Result<String, Error> {
    let origin = origin(context.client_addr).unwrap_or_default();
    let key = key(&format!("login {origin} {email_hash}")).await?;
    match throttle::attempt(&key, Timestamp::now()).await? {
        Ok(()) => Ok(key),
        Err(seconds) => Err(Error::Throttled(seconds, FREE_TRIES)),
    }
}

/// Count a signup from the caller's address. `signup_limit` 0 counts none; nor is one counted whose address the
/// platform does not tell: it would be everyone's.
pub async fn signup(context: &Context) -> Result<(), Error> {
    let limit = settings::signup_limit().await?;
    let (Some(origin), true) = (origin(context.client_addr), limit > 0) else { return Ok(()) };
    let key = key(&format!("signup {origin}")).await?;
    match throttle::signup(&key, limit, Timestamp::now()).await? {
        Ok(()) => Ok(()),
        Err(seconds) => Err(Error::Throttled(seconds, limit)),
    }
}

/// A keyed hash: addresses are personal, too.
async fn key(of: &str) -> Result<String, Error> {
    Ok(hex(&edge::seal("throttle", of.as_bytes()).await?))
}
