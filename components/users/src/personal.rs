//! Encrypts personal data on its way into the database, and decrypts it on its way out.

use contract::UserId;
use edge::Problem;
use edge::vault::{self, EMAIL, Item, NAME};

use crate::domain::search::words;
use crate::domain::{Details, Profile};
use crate::error::Error;
use crate::store::Row;

/// The purpose of telephone numbers.
const PHONE: &str = "phone";
/// The purpose of lists of addresses, as JSON.
const ADDRESSES: &str = "addresses";
/// The purpose of the fingerprints of words of names.
const WORD: &str = "name-word";

/// Details as they are stored: ciphertexts, and fingerprints of the name's words.
pub struct Encrypted {
    pub name: String,
    pub phone: Option<String>,
    pub addresses: Option<String>,
    pub words: Vec<String>,
}

/// The error of a row that lacks a part it must have.
fn incomplete_row() -> Error {
    Error::Internal(store::Error::Database("a profile has another number of parts".to_owned()))
}

/// The profiles of some rows: one call of the vault, however many there are.
pub async fn decrypt(rows: Vec<Row>) -> Result<Vec<Profile>, Error> {
    let mut items = Vec::new();
    for row in &rows {
        items.push(Item::new(EMAIL, row.id, row.email.as_str()));
        items.push(Item::new(NAME, row.id, row.name.as_str()));
        items.extend(row.phone.as_ref().map(|phone| Item::new(PHONE, row.id, phone.as_str())));
        items.extend(row.addresses.as_ref().map(|list| Item::new(ADDRESSES, row.id, list.as_str())));
    }
    let mut texts = vault::decrypt_all(items).await?.into_iter();
    rows.into_iter().map(|row| profile(row, &mut texts)).collect()
}

fn profile(row: Row, texts: &mut impl Iterator<Item = String>) -> Result<Profile, Error> {
    let (email, name) = (texts.next().ok_or_else(incomplete_row)?, texts.next().ok_or_else(incomplete_row)?);
    let phone = row.phone.map(|_| texts.next().ok_or_else(incomplete_row)).transpose()?;
    let addresses = match row.addresses {
        Some(_) => {
            serde_json::from_str(&texts.next().ok_or_else(incomplete_row)?).map_err(Problem::internal)?
        }
        None => Vec::new(),
    };
    Ok(Profile {
        id: row.id,
        email,
        details: Details { name, phone, addresses },
        roles: row.roles,
        disabled: row.disabled,
        revision: row.revision,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// What is stored of the details of `owner`.
pub async fn encrypt(owner: UserId, details: &Details) -> Result<Encrypted, Error> {
    let list = serde_json::to_string(&details.addresses).map_err(Problem::internal)?;
    let phone = details.phone.as_deref();
    let personal = [
        Item::new(NAME, owner, details.name.as_str()),
        Item::new(PHONE, owner, phone.unwrap_or_default()),
        Item::new(ADDRESSES, owner, list),
    ];
    let [name, sealed_phone, addresses] = vault::encrypt(personal).await?;
    Ok(Encrypted {
        words: fingerprints(words(&details.name)).await?,
        name,
        phone: phone.map(|_| sealed_phone),
        addresses: (!details.addresses.is_empty()).then_some(addresses),
    })
}

/// The fingerprints of the words of the name that `owner` has as a ciphertext.
pub async fn words_of(owner: UserId, name: &str) -> Result<Vec<String>, Error> {
    let [name] = vault::decrypt([Item::new(NAME, owner, name)]).await?;
    fingerprints(words(&name)).await
}

/// The fingerprints of words of names.
pub async fn fingerprints(words: Vec<String>) -> Result<Vec<String>, Error> {
    Ok(vault::fingerprints(WORD, words).await?)
}
