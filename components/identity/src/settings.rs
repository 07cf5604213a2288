//! What the deployment says of tokens: the variables `jwt_algorithm`, `jwt_issuer` and `jwt_secret`.

use std::sync::OnceLock;

use spin_sdk::variables;

/// The shortest secret that is taken, in bytes: as long as the hash's output (RFC 7518, section 3.2).
pub const MIN_SECRET: usize = 32;

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

/// The settings, found fit.
pub struct Settings {
    pub algorithm: Algorithm,
    /// `iss` of our tokens.
    pub issuer: String,
    /// What the only key is made of; without it there are keys in the database, which can be rotated.
    pub secret: Option<Vec<u8>>,
}

impl Settings {
    fn parse(algorithm: &str, issuer: &str, secret: &str) -> Result<Self, String> {
        let known = [Algorithm::Hs256, Algorithm::EdDsa];
        let algorithm = match algorithm {
            "" => Algorithm::Hs256,
            name => known
                .into_iter()
                .find(|known| known.name() == name)
                .ok_or("jwt_algorithm is neither HS256 nor EdDSA")?,
        };
        if !secret.is_empty() && secret.len() < MIN_SECRET {
            return Err(format!("jwt_secret is shorter than {MIN_SECRET} bytes"));
        }
        let issuer = if issuer.is_empty() { "jangteo" } else { issuer }.to_owned();
        let secret = (!secret.is_empty()).then(|| secret.as_bytes().to_vec());
        Ok(Self { algorithm, issuer, secret })
    }
}

/// The settings, read once per instance; or what is wrong with them, in words that anyone may see.
pub async fn load() -> Result<&'static Settings, String> {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    if let Some(settings) = SETTINGS.get() {
        return Ok(settings);
    }
    let (algorithm, issuer) = (variable("jwt_algorithm").await?, variable("jwt_issuer").await?);
    let settings = Settings::parse(&algorithm, &issuer, &variable("jwt_secret").await?)?;
    Ok(SETTINGS.get_or_init(|| settings))
}

/// A variable; empty when the manifest gives none. One that cannot be read is not taken for an empty one: another
/// key would be used.
pub async fn variable(name: &str) -> Result<String, String> {
    match variables::get(name).await {
        Ok(value) => Ok(value.trim().to_owned()),
        Err(variables::Error::Undefined(_)) => Ok(String::new()),
        Err(error) => {
            logline::log!("variable {name}: {}", logline::words(&error));
            Err(format!("the variable {name} cannot be read"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_fit() {
        let settings = Settings::parse("", "", "").ok().unwrap();
        assert_eq!((settings.algorithm, settings.issuer.as_str()), (Algorithm::Hs256, "jangteo"));
        assert!(settings.secret.is_none());
        assert_eq!(Settings::parse("EdDSA", "", "").ok().unwrap().algorithm, Algorithm::EdDsa);
    }

    #[test]
    fn a_short_secret_and_an_unknown_algorithm_are_refused_without_showing_them() {
        let (short, fit) = ("x".repeat(31), "x".repeat(32));
        assert_eq!(Settings::parse("", "", &short).err().unwrap(), "jwt_secret is shorter than 32 bytes");
        assert!(Settings::parse("", "", &fit).is_ok());
        for name in ["none", "hs256", "HS512", "RS256"] {
            let why = Settings::parse(name, "", &fit).err().unwrap();
            assert_eq!(why, "jwt_algorithm is neither HS256 nor EdDSA");
        }
    }
}
