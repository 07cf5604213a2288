//! The keys of a deployment, pure: which one signs, which ones verify, what is published of them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jwt_simple::common::{HeaderOptions, VerificationOptions};
use jwt_simple::prelude::{
    Ed25519KeyPair, Ed25519PublicKey, EdDSAKeyPairLike, EdDSAPublicKeyLike, HS256Key, JWTClaims, MACLike,
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::claims::ACCESS_SECONDS;
use crate::settings::Algorithm;

/// For how long a new key is published before it signs, in seconds: as long as copies of the key set may be kept, so
/// that nobody meets a token of a key that they cannot know.
pub const ANNOUNCED_SECONDS: u64 = 60;
/// For how long a key verifies after its successor signs, in seconds: until its last token is dead, with some room
/// for clocks that differ.
pub const OVERLAP_SECONDS: u64 = ACCESS_SECONDS as u64 + 30;
/// What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A key and its time.
pub struct Key {
    /// `kid` of its tokens: the RFC 7638 thumbprint, or for HS256 the start of a hash of what is derived from it.
    pub kid: String,
    /// From when on it signs, in seconds since the epoch.
    pub signs_from: u64,
    material: Material,
}

enum Material {
    Hs256(HS256Key),
    EdDsa(Ed25519KeyPair, Ed25519PublicKey),
}

impl Key {
    /// The key that is made of `secret`: any bytes for HS256, a seed of 32 bytes for EdDSA.
    pub fn new(algorithm: Algorithm, secret: &[u8], signs_from: u64) -> Result<Self, String> {
        let (kid, material) = match algorithm {
            Algorithm::Hs256 => hs256(secret)?,
            Algorithm::EdDsa => eddsa(secret)?,
        };
        Ok(Self { kid, signs_from, material })
    }

    /// A signed token.
    pub fn sign<C: Serialize>(
        &self,
        claims: JWTClaims<C>,
        options: &HeaderOptions,
    ) -> Result<String, String> {
        let token = match &self.material {
            Material::Hs256(key) => key.authenticate_with_options(claims, options),
            Material::EdDsa(pair, _) => pair.sign_with_options(claims, options),
        };
        token.map_err(|error| error.to_string())
    }

    /// The claims of a token that this key signed, by its own algorithm.
    pub fn verify<C: Serialize + DeserializeOwned>(
        &self,
        token: &str,
        mut options: VerificationOptions,
    ) -> Result<JWTClaims<C>, jwt_simple::Error> {
        options.required_key_id = Some(self.kid.clone());
        match &self.material {
            Material::Hs256(key) => key.verify_token(token, Some(options)),
            Material::EdDsa(_, public) => public.verify_token(token, Some(options)),
        }
    }

    /// The public key as a JWK (RFC 8037, section 2); a secret one has none.
    fn jwk(&self) -> Option<String> {
        let Material::EdDsa(_, public) = &self.material else { return None };
        let (kid, x) = (&self.kid, URL_SAFE_NO_PAD.encode(public.to_bytes()));
        Some(format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{kid}","use":"sig","alg":"EdDSA"}}"#))
    }
}

fn hs256(secret: &[u8]) -> Result<(String, Material), String> {
    let hash = Sha256::digest(mac(secret, "jangteo/jwt")?);
    let kid: String = hex::encode(hash).chars().take(16).collect();
    let key = HS256Key::from_bytes(secret).with_key_id(&kid);
    Ok((kid, Material::Hs256(key)))
}

fn eddsa(seed: &[u8]) -> Result<(String, Material), String> {
    let pair =
        Ed25519KeyPair::from_der(&[PKCS8.as_slice(), seed].concat()).map_err(|error| error.to_string())?;
    let public = pair.public_key();
    let x = URL_SAFE_NO_PAD.encode(public.to_bytes());
    let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)));
    Ok((kid.clone(), Material::EdDsa(pair.with_key_id(&kid), public)))
}

/// HMAC-SHA-256 of `message`.
pub fn mac(key: &[u8], message: impl AsRef<[u8]>) -> Result<Vec<u8>, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| error.to_string())?;
    mac.update(message.as_ref());
    Ok(mac.finalize().into_bytes().to_vec())
}

/// All keys of one algorithm that matter, and the issuer they speak for.
pub struct Ring {
    /// `iss` of our tokens.
    pub issuer: String,
    /// Newest first; never empty.
    keys: Vec<Key>,
}

impl Ring {
    /// The ring of these keys, newest first.
    pub fn new(issuer: &str, keys: Vec<Key>) -> Self {
        Self { issuer: issuer.to_owned(), keys }
    }

    /// The key that signs now.
    pub fn signing(&self, now: u64) -> Option<&Key> {
        self.keys.iter().find(|key| key.signs_from <= now)
    }

    /// The key with this `kid`, if it verifies now.
    pub fn verifying(&self, kid: &str, now: u64) -> Option<&Key> {
        self.alive(now).find(|key| key.kid == kid)
    }

    /// The public keys that verify now or will, as a JWK set (RFC 7517, section 5).
    pub fn key_set(&self, now: u64) -> String {
        let keys: Vec<_> = self.alive(now).filter_map(Key::jwk).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    /// A key lives on for a while after its successor, which stands before it, has begun to sign.
    fn alive(&self, now: u64) -> impl Iterator<Item = &Key> {
        let successors = std::iter::once(None).chain(self.keys.iter().map(Some));
        let is_dead = move |successor: &Key| successor.signs_from.saturating_add(OVERLAP_SECONDS) <= now;
        let pairs = self.keys.iter().zip(successors);
        pairs.filter(move |(_, successor)| !successor.is_some_and(is_dead)).map(|(key, _)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(algorithm: Algorithm, times: &[u64]) -> Ring {
        let key = |(at, from): (usize, &u64)| Key::new(algorithm, &[at as u8 + 1; 32], *from).unwrap();
        Ring::new("us", times.iter().enumerate().map(key).collect())
    }

    #[test]
    fn a_new_key_is_published_then_signs_and_the_old_one_verifies_until_its_tokens_are_dead() {
        let ring = ring(Algorithm::EdDsa, &[1000, 0]);
        let (new, old) = (ring.keys[0].kid.clone(), ring.keys[1].kid.clone());
        let signing = |now| ring.signing(now).unwrap().kid.clone();
        let known = |now| [&new, &old].map(|kid| ring.verifying(kid, now).is_some());
        let published = |now| [&new, &old].map(|kid| ring.key_set(now).contains(kid));
        for (now, signs, verify) in [
            (999, &old, [true, true]),
            (1000, &new, [true, true]),
            (1000 + OVERLAP_SECONDS - 1, &new, [true, true]),
            (1000 + OVERLAP_SECONDS, &new, [true, false]),
        ] {
            assert_eq!((&signing(now), known(now), published(now)), (signs, verify, verify), "at {now}");
        }
    }

    #[test]
    fn an_unknown_kid_has_no_key() {
        assert!(ring(Algorithm::Hs256, &[0]).verifying("other", 1).is_none());
    }

    #[test]
    fn a_secret_key_is_not_published() {
        assert_eq!(ring(Algorithm::Hs256, &[0]).key_set(1), r#"{"keys":[]}"#);
    }

    /// RFC 8037, appendix A: key, JWK and thumbprint.
    #[test]
    fn a_jwk_and_its_kid_are_the_rfcs() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = Key::new(Algorithm::EdDsa, &seed, 0).unwrap();
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(key.jwk().unwrap().contains(r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#));
        assert!(Key::new(Algorithm::EdDsa, &seed[1..], 0).is_err());
    }
}
