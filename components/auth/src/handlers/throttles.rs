//! The limits of logins, signups and mails. A caller who tries too often gets 429 with `Retry-After`.

use contract::ResetId;
use edge::{Context, origin};
use store::Timestamp;

use crate::domain::throttle::{
    ADDRESS_WINDOW_MS, FREE_TRIES, MAILS_PER_ACCOUNT, MAILS_PER_ADDRESS, MAILS_WINDOW_MS, SIGNUP_WINDOW_MS,
};
use crate::error::Error;
use crate::settings;
use crate::store::throttle::{self, Tries};

/// Count a login of the account with this hash of its e-mail, which need not exist: per account across addresses and
/// per address across accounts. An address from which the account has a live session counts by itself, so that
/// strangers do not lock the owner out.
pub async fn login(context: &Context, email_hash: &str) -> Result<Tries, Error> {
    claim(guesses(context, email_hash).await?, email_hash).await
}

/// What logins of this account from the caller's address are counted as.
pub async fn guesses(context: &Context, email_hash: &str) -> Result<Tries, Error> {
    let address = origin_of(context).await?;
    let own = key(&format!("login {} {email_hash}", address.as_deref().unwrap_or_default())).await?;
    let strangers = Some(key(&format!("strangers {email_hash}")).await?);
    Ok(Tries { own, strangers, address })
}

/// Count a try at the current password by somebody with a session of the account, wherever they are: only who has one
/// can use these up.
pub async fn confirmation(email_hash: &str) -> Result<Tries, Error> {
    let own = key(&format!("confirmation {email_hash}")).await?;
    claim(Tries { own, strangers: None, address: None }, email_hash).await
}

async fn claim(tries: Tries, email_hash: &str) -> Result<Tries, Error> {
    let claimed = throttle::claim(&tries, email_hash, Timestamp::now()).await?;
    claimed.map_err(|seconds| Error::Throttled(seconds, FREE_TRIES))
}

/// Where a request comes from, as sessions and counts know it; `None` when the platform does not tell.
pub async fn origin_of(context: &Context) -> Result<Option<String>, Error> {
    match origin(context.client_addr) {
        Some(origin) => key(&format!("address {origin}")).await.map(Some),
        None => Ok(None),
    }
}

/// Whether one more mail may go to this hash of an e-mail, which need not have an account, so that nobody fills
/// another's mailbox. Who asks for many is refused.
pub async fn reset_mail(context: &Context, email_hash: &str) -> Result<bool, Error> {
    let now = Timestamp::now();
    if let Some(address) = origin_of(context).await? {
        let own = key(&format!("mails {address}")).await?;
        let asked = throttle::count(&own, MAILS_PER_ADDRESS, ADDRESS_WINDOW_MS, now).await?;
        asked.map_err(|seconds| Error::Throttled(seconds, MAILS_PER_ADDRESS))?;
    }
    let own = key(&format!("mail {email_hash}")).await?;
    Ok(throttle::count(&own, MAILS_PER_ACCOUNT, MAILS_WINDOW_MS, now).await?.is_ok())
}

/// Count a token for a new password that is not good, by the caller's address. One whose address the platform does not
/// tell is not counted: it would be everyone's, and nobody guesses 256 bits.
pub async fn bad_reset(context: &Context) -> Result<(), Error> {
    match origin_of(context).await? {
        Some(address) => alone(format!("reset from {address}")).await,
        None => Ok(()),
    }
}

/// Count a try with a good token, whatever others do at the same address: only who has the token can use these up.
pub async fn good_reset(id: ResetId) -> Result<(), Error> {
    alone(format!("reset {id}")).await
}

async fn alone(what: String) -> Result<(), Error> {
    claim(Tries { own: key(&what).await?, strangers: None, address: None }, "").await.map(drop)
}

/// Count a signup from the caller's address. `signup_limit` 0 counts none; nor is one counted whose address the
/// platform does not tell: it would be everyone's.
pub async fn signup(context: &Context) -> Result<(), Error> {
    let limit = settings::signup_limit().await?;
    if limit == 0 {
        return Ok(());
    }
    let Some(origin) = origin(context.client_addr) else { return Ok(()) };
    let key = key(&format!("signup {origin}")).await?;
    match throttle::count(&key, limit, SIGNUP_WINDOW_MS, Timestamp::now()).await? {
        Ok(()) => Ok(()),
        Err(seconds) => Err(Error::Throttled(seconds, limit)),
    }
}

/// A keyed hash: addresses are personal, too.
async fn key(of: &str) -> Result<String, Error> {
    Ok(hex::encode(edge::seal("throttle", of.as_bytes()).await?))
}
