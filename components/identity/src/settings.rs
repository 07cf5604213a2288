//! What the deployment says of tokens and of the vault's keys.

use variables::{Checks, Variable, read};

use crate::vault::Ring;

/// The shortest secret that is taken, in bytes: as long as the hash's output (RFC 7518, section 3.2).
pub const MIN_SECRET: usize = 32;
/// The longest issuer, in characters: it is in every token.
const MAX_ISSUER: usize = 255;
/// What `data_key` is in a component that is not given it. No manifest can say this.
const NOT_GIVEN: &str = "\0";

static ALGORITHM: Variable<Algorithm> = Variable::new("jwt_algorithm", "HS256", |text| {
    read::choice(text, &[Algorithm::Hs256, Algorithm::EdDsa].map(|known| (known.name(), known)))
});
static ISSUER: Variable<String> = Variable::new("jwt_issuer", "jangteo", |text| read::text(text, MAX_ISSUER));
static SECRET: Variable<Option<String>> =
    Variable::new("jwt_secret", "", |text| read::secret(text, MIN_SECRET));
/// The vault's keys.
pub static DATA_KEY: Variable<DataKey> = Variable::new("data_key", NOT_GIVEN, DataKey::read);
/// All of them.
pub static CHECKS: Checks = &[&ALGORITHM, &ISSUER, &SECRET, &DATA_KEY];

/// How tokens are signed. One per deployment: a token of the other is refused, whatever its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: who verifies could sign, too.
    Hs256,
    /// Ed25519 (RFC 8037): anyone may verify, by the published key set.
    EdDsa,
}

impl Algorithm {
    /// Its name in headers, keys and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Where the vault's keys come from.
pub enum DataKey {
    /// The component has nothing personal, and no vault.
    NotGiven,
    /// The database: one is made there.
    Stored,
    /// The variable.
    Set(Ring),
}

impl DataKey {
    fn read(text: &str) -> Result<Self, String> {
        match text.trim() {
            NOT_GIVEN => Ok(Self::NotGiven),
            "" => Ok(Self::Stored),
            keys => Ring::parse(keys).map(Self::Set),
        }
    }
}

/// The settings of tokens, found fit.
pub struct Settings {
    pub algorithm: Algorithm,
    /// `iss` of our tokens.
    pub issuer: &'static str,
    /// What the only key is made of; without it there are keys in the database, which can be rotated.
    pub secret: Option<&'static str>,
}

/// The settings, or what is wrong with them, in words that anyone may see.
pub async fn load() -> Result<Settings, String> {
    let text = |unfit: variables::Unfit| unfit.to_string();
    Ok(Settings {
        algorithm: *ALGORITHM.get().await.map_err(text)?,
        issuer: ISSUER.get().await.map_err(text)?,
        secret: SECRET.get().await.map_err(text)?.as_deref(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_key_is_not_given_stored_or_a_list() {
        assert!(matches!(DataKey::read(NOT_GIVEN), Ok(DataKey::NotGiven)));
        assert!(matches!(DataKey::read(" "), Ok(DataKey::Stored)));
        assert!(matches!(DataKey::read(&"0f".repeat(32)), Ok(DataKey::Set(_))));
        for unfit in ["secret", "0f", &"0g".repeat(32), &format!("{},", "0f".repeat(32))] {
            let why = DataKey::read(unfit).err().unwrap();
            assert_eq!(why, "must be a list of keys of 64 hexadecimal digits each");
        }
    }
}
