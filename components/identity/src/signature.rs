//! Signatures that others keep and check without us.

use ed25519_compact::{KeyPair, Seed};

use crate::bindings::exports::jangteo::identity::issuer::Signature;
use crate::keys::Keys;

/// Sign with the key of `purpose`, which is derived from the deployment's secret and so needs no storage. Without
/// noise, as RFC 8032 says: the same message has the same signature, and can be recognised by signing again.
pub fn sign(keys: &Keys, purpose: &str, message: &[u8]) -> Result<Signature, String> {
    let seed = keys.seal(&format!("ed25519/{purpose}"), b"seed")?;
    let pair = KeyPair::from_seed(Seed::from_slice(&seed).map_err(|error| error.to_string())?);
    Ok(Signature { public_key: pair.pk.to_vec(), signature: pair.sk.sign(message, None).to_vec() })
}

#[cfg(test)]
mod tests {
    use ed25519_compact::{PublicKey, Signature as Ed25519};

    use super::*;

    #[test]
    fn each_purpose_has_a_key_of_its_own_and_signs_the_same_twice() {
        let keys = Keys::new(vec![1; 32], "us".to_owned()).unwrap();
        let one = sign(&keys, "audit", b"x").unwrap();
        let key = PublicKey::from_slice(&one.public_key).unwrap();
        assert!(key.verify(b"x", &Ed25519::from_slice(&one.signature).unwrap()).is_ok());
        assert_eq!(sign(&keys, "audit", b"x").unwrap().signature, one.signature);
        assert_ne!(sign(&keys, "other", b"x").unwrap().public_key, one.public_key);
    }
}
