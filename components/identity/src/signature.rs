//! Signatures that others keep and check without us, pure.

use ed25519_compact::{KeyPair, Seed};

use crate::bindings::exports::jangteo::identity::issuer::Signature;

/// Sign with the key of this seed, which is a sealed value and so needs no storage. Without noise, as RFC 8032 says:
/// the same message has the same signature, and can be recognised by signing again.
pub fn sign(seed: &[u8], message: &[u8]) -> Result<Signature, String> {
    let pair = KeyPair::from_seed(Seed::from_slice(seed).map_err(|error| error.to_string())?);
    Ok(Signature { public_key: pair.pk.to_vec(), signature: pair.sk.sign(message, None).to_vec() })
}

#[cfg(test)]
mod tests {
    use ed25519_compact::{PublicKey, Signature as Ed25519};

    use super::*;

    #[test]
    fn others_can_check_a_signature_and_it_is_the_same_twice() {
        let one = sign(&[1; 32], b"x").unwrap();
        let key = PublicKey::from_slice(&one.public_key).unwrap();
        let signature = Ed25519::from_slice(&one.signature).unwrap();
        assert!(key.verify(b"x", &signature).is_ok() && key.verify(b"y", &signature).is_err());
        assert_eq!(sign(&[1; 32], b"x").unwrap().signature, one.signature);
        assert_ne!(sign(&[2; 32], b"x").unwrap().public_key, one.public_key);
    }
}
