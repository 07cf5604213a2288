//! Personal data and secrets on their way into the database: ciphertexts, keyed hashes, hashes of passwords; and tokens
//! that identity derives.

use contract::{ResetId, UserId};
use edge::vault::{self, Item};

use crate::domain::account::{Draft, normalised};
use crate::domain::password::{self, Unhashable};
use crate::domain::reset;
use crate::error::Error;
use crate::store::NewAccount;

/// The keyed hash by which an account is found.
pub async fn email_hash(email: &str) -> Result<String, Error> {
    Ok(vault::fingerprint(vault::EMAIL, normalised(email)).await?)
}

/// An account from checked data. This is where the password is hashed: tens of milliseconds.
pub async fn new_account(draft: &Draft, roles: Vec<String>) -> Result<NewAccount, Error> {
    let id = UserId::generate();
    let personal =
        [Item::new(vault::EMAIL, id, draft.email.as_str()), Item::new(vault::NAME, id, draft.name.as_str())];
    let [email, name] = vault::encrypt(personal).await?;
    let email_hash = email_hash(&draft.email).await?;
    let password_hash = hashed(&draft.password)?;
    Ok(NewAccount { id, email, email_hash, name, password_hash, roles })
}

/// The hash of a password under a fresh salt. Tens of milliseconds.
pub fn hashed(password: &str) -> Result<String, Error> {
    let mut salt = [0u8; password::SALT_BYTES];
    getrandom::fill(&mut salt).map_err(Unhashable::by)?;
    Ok(password::hash(password, salt)?)
}

/// The token of this id: identity derives it, so that it need not be stored to be mailed.
pub async fn reset_token(id: ResetId) -> Result<String, Error> {
    Ok(reset::token(id, &edge::seal("password-reset", id.as_bytes()).await?))
}
