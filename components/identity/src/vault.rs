//! Encrypting personal data and finding it again, pure but for the nonces.
//!
//! XChaCha20-Poly1305: its nonces of 24 bytes may be random. What a text is and whose it is are authenticated with
//! it, so that a ciphertext that is put into another row or column cannot be read.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::bindings::exports::jangteo::identity::vault::Item;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
const NONCE_BYTES: usize = 24;
/// Names the algorithm and the layout, so that both may change one day.
const VERSION: &str = "v1";
/// Characters of a key's id: it tells a few keys apart, and is no secret.
const ID_CHARS: usize = 8;

/// The known text by which keys are recognised, and its purpose, which no other text has.
const CANARY: &str = "canary";

/// The keys, newest first: the first one encrypts, all decrypt, and the last one makes the fingerprints, which could
/// not be found again if its key changed.
#[derive(Clone)]
pub struct Ring {
    keys: Vec<(String, XChaCha20Poly1305)>,
    fingerprints: [u8; KEY_BYTES],
}

impl Ring {
    /// Read a list of keys, separated by commas, of 64 hexadecimal digits each.
    pub fn parse(list: &str) -> Result<Self, String> {
        let unfit = || format!("must be a list of keys of {} hexadecimal digits each", 2 * KEY_BYTES);
        let keys: Option<Vec<_>> = list.split(',').map(|key| bytes(key.trim())).collect();
        let keys = keys.ok_or_else(unfit)?;
        let fingerprints = *keys.last().ok_or_else(unfit)?;
        let keys = keys.iter().map(|key| (id(key), XChaCha20Poly1305::new(&(*key).into()))).collect();
        Ok(Self { keys, fingerprints })
    }

    /// The ciphertext of an item.
    pub fn encrypt(&self, item: &Item) -> Result<String, String> {
        let mut nonce = [0u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
        let (id, cipher) = self.keys.first().ok_or("no key")?;
        let aad = belonging(item);
        let payload = Payload { msg: item.text.as_bytes(), aad: &aad };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|error| error.to_string())?;
        Ok(format!("{VERSION}.{id}.{}", URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// The clear text of an item; `None` when it is not the ciphertext of such a one.
    pub fn decrypt(&self, item: &Item) -> Option<String> {
        let (wanted, sealed) = item.text.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')?;
        let (_, cipher) = self.keys.iter().find(|(id, _)| id == wanted)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: &belonging(item) };
        String::from_utf8(cipher.decrypt(&XNonce::from(*nonce), payload).ok()?).ok()
    }

    /// The id of the key that encrypts, and a known text encrypted by it.
    pub fn canary(&self) -> Result<(&str, String), String> {
        let (id, _) = self.keys.first().ok_or("no key")?;
        Ok((id, self.encrypt(&canary(CANARY))?))
    }

    /// Whether one of the keys encrypted this [`canary`](Self::canary).
    pub fn decrypts_canary(&self, ciphertext: &str) -> bool {
        self.decrypt(&canary(ciphertext)).is_some_and(|text| text == CANARY)
    }

    /// The known text's keyed hash.
    pub fn canary_fingerprint(&self) -> Result<String, String> {
        self.fingerprint(CANARY, CANARY)
    }

    /// The keyed hash of a text, hex.
    pub fn fingerprint(&self, purpose: &str, text: &str) -> Result<String, String> {
        let key = mac(&self.fingerprints, &format!("jangteo/fingerprint/{purpose}"))?;
        Ok(hex::encode(mac(&key, text)?))
    }
}

fn canary(text: &str) -> Item {
    Item { purpose: CANARY.to_owned(), owner: String::new(), text: text.to_owned() }
}

/// What is authenticated with an item's text. No purpose has a line break.
fn belonging(item: &Item) -> Vec<u8> {
    format!("{}\n{}", item.purpose, item.owner).into_bytes()
}

fn bytes(digits: &str) -> Option<[u8; KEY_BYTES]> {
    let mut key = [0u8; KEY_BYTES];
    if digits.len() != 2 * KEY_BYTES || !digits.is_ascii() {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

fn id(key: &[u8]) -> String {
    hex::encode(Sha256::digest(key)).chars().take(ID_CHARS).collect()
}

fn mac(key: &[u8], message: &str) -> Result<Vec<u8>, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| error.to_string())?;
    mac.update(message.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        hex::encode([byte; KEY_BYTES])
    }

    fn item(purpose: &str, owner: &str, text: &str) -> Item {
        Item { purpose: purpose.to_owned(), owner: owner.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn only_the_same_purpose_and_owner_read_a_text_again() {
        let ring = Ring::parse(&key(1)).ok().unwrap();
        let sealed = ring.encrypt(&item("name", "alice", "김철수")).unwrap();
        assert!(sealed.starts_with("v1.") && !sealed.contains("김"), "{sealed}");
        assert_eq!(ring.decrypt(&item("name", "alice", &sealed)).as_deref(), Some("김철수"));
        assert_eq!(ring.decrypt(&item("name", "bob", &sealed)), None);
        assert_eq!(ring.decrypt(&item("email", "alice", &sealed)), None);
        assert_ne!(ring.encrypt(&item("name", "alice", "김철수")).unwrap(), sealed);
    }

    #[test]
    fn altered_and_foreign_texts_are_unreadable() {
        let ring = Ring::parse(&key(1)).ok().unwrap();
        let sealed = ring.encrypt(&item("name", "alice", "Alice")).unwrap();
        let (head, body) = sealed.rsplit_once('.').unwrap();
        let mut body = URL_SAFE_NO_PAD.decode(body).unwrap();
        for at in [0, NONCE_BYTES, body.len() - 1] {
            body[at] ^= 1;
            let altered = format!("{head}.{}", URL_SAFE_NO_PAD.encode(&body));
            assert_eq!(ring.decrypt(&item("name", "alice", &altered)), None);
            body[at] ^= 1;
        }
        for text in ["", "Alice", "v1", "v1.", "v1..", "v2.x.y", "v1.00000000.AAAA", &format!("{head}.AAAA")]
        {
            assert_eq!(ring.decrypt(&item("name", "alice", text)), None, "{text}");
        }
        assert_eq!(Ring::parse(&key(2)).ok().unwrap().decrypt(&item("name", "alice", &sealed)), None);
    }

    #[test]
    fn a_new_key_in_front_leaves_the_old_readable_and_the_fingerprints_as_they_are() {
        let old = Ring::parse(&key(1)).ok().unwrap();
        let both = Ring::parse(&format!("{}, {}", key(2), key(1).to_uppercase())).ok().unwrap();
        let sealed = old.encrypt(&item("name", "alice", "Alice")).unwrap();
        assert_eq!(both.decrypt(&item("name", "alice", &sealed)).as_deref(), Some("Alice"));
        let new = both.encrypt(&item("name", "alice", "Alice")).unwrap();
        assert_eq!(old.decrypt(&item("name", "alice", &new)), None);
        assert_eq!(old.fingerprint("email", "a@b.kr"), both.fingerprint("email", "a@b.kr"));
        assert_ne!(old.fingerprint("email", "a@b.kr"), old.fingerprint("name", "a@b.kr"));
    }

    #[test]
    fn a_canary_tells_which_keys_are_there_and_which_one_finds() {
        let ring = |keys: &[u8]| {
            Ring::parse(&keys.iter().map(|byte| key(*byte)).collect::<Vec<_>>().join(",")).ok().unwrap()
        };
        let (old, rotated) = (ring(&[1]), ring(&[2, 1]));
        let (id, text) = rotated.canary().unwrap();
        assert_ne!(id, old.canary().unwrap().0);
        assert!(rotated.decrypts_canary(&text) && ring(&[3, 2, 1]).decrypts_canary(&text));
        assert!(!old.decrypts_canary(&text) && !ring(&[3]).decrypts_canary(&text));
        let finds = |keys: &[u8]| ring(keys).canary_fingerprint();
        assert_eq!(finds(&[2, 1]), finds(&[1]));
        assert_ne!(finds(&[1, 2]), finds(&[1]));
    }

    #[test]
    fn keys_that_are_not_fit_are_refused_and_not_shown() {
        for list in ["", "secret", &key(1)[1..], &format!("{},", key(1)), &format!("{}g", &key(1)[1..])] {
            let error = Ring::parse(list).err().unwrap();
            assert!(list.is_empty() || !error.contains(list), "{error}");
        }
    }
}
