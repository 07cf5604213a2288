//! The vault of the identity plug-in: personal data is encrypted by it before it is stored.

use std::pin::Pin;

use crate::identity::bindings::jangteo::identity::vault::{self, Failure};
use crate::{Code, Problem};

pub use crate::identity::bindings::jangteo::identity::vault::Item;

/// The purpose of e-mail addresses, in texts and in fingerprints of their normal form.
pub const EMAIL: &str = "email";
/// The purpose of people's names.
pub const NAME: &str = "name";

impl Item {
    /// `text`, which is `owner`'s `purpose`.
    pub fn new(purpose: &str, owner: impl Into<String>, text: impl Into<String>) -> Self {
        Self { purpose: purpose.to_owned(), owner: owner.into(), text: text.into() }
    }
}

/// The ciphertexts of some clear texts.
///
/// # Errors
/// 503 when the keys cannot be read or are not fit.
pub async fn encrypt<const N: usize>(items: [Item; N]) -> Result<[String; N], Problem> {
    exactly(sealed(items.into()).await?)
}

/// The clear texts of some ciphertexts, each of the purpose and owner that it was encrypted for.
///
/// # Errors
/// 503 when the keys cannot be read or are not fit; 500 when a text cannot be decrypted.
pub async fn decrypt<const N: usize>(items: [Item; N]) -> Result<[String; N], Problem> {
    exactly(decrypt_all(items.into()).await?)
}

/// As [`decrypt`], for lists: one call, however many there are.
pub async fn decrypt_all(items: Vec<Item>) -> Result<Vec<String>, Problem> {
    if items.is_empty() { Ok(Vec::new()) } else { opened(items).await }
}

/// Keyed hashes of texts, by which the encrypted texts can be found.
///
/// # Errors
/// 503 when the keys cannot be read or are not fit.
pub async fn fingerprints(purpose: &str, texts: Vec<String>) -> Result<Vec<String>, Problem> {
    hashed(purpose.to_owned(), texts).await
}

/// As [`fingerprints`], of one text.
pub async fn fingerprint(purpose: &str, text: String) -> Result<String, Problem> {
    let [hash] = exactly(fingerprints(purpose, vec![text]).await?)?;
    Ok(hash)
}

/// Boxed, so that a component has one copy of a call's code, not one per caller: some are near their size limit.
type Answer = Pin<Box<dyn Future<Output = Result<Vec<String>, Problem>> + Send>>;

fn sealed(items: Vec<Item>) -> Answer {
    Box::pin(unlocked(move || vault::encrypt(&items)))
}

fn opened(items: Vec<Item>) -> Answer {
    Box::pin(unlocked(move || vault::decrypt(&items)))
}

fn hashed(purpose: String, texts: Vec<String>) -> Answer {
    Box::pin(unlocked(move || vault::fingerprint(&purpose, &texts)))
}

/// The instance's first call finds the vault locked.
async fn unlocked(call: impl Fn() -> Result<Vec<String>, Failure>) -> Result<Vec<String>, Problem> {
    match call() {
        Err(Failure::Locked) => {
            vault::unlock().await.map_err(problem)?;
            call().map_err(problem)
        }
        answer => answer.map_err(problem),
    }
}

fn exactly<const N: usize>(texts: Vec<String>) -> Result<[String; N], Problem> {
    texts.try_into().map_err(|_| Problem::internal(anyhow::anyhow!("the vault answered another number")))
}

fn problem(failure: Failure) -> Problem {
    match failure {
        Failure::Unavailable(why) => {
            logline::log!("vault: {why}");
            Problem::new(Code::UNAVAILABLE, "Personal data cannot be read or written now; try again")
        }
        Failure::Locked => Problem::internal(anyhow::anyhow!("the vault is locked after its unlocking")),
        Failure::Unreadable => Problem::internal(anyhow::anyhow!("the vault cannot decrypt what is stored")),
    }
}
