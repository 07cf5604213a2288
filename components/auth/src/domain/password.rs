//! Password hashes: argon2id (RFC 9106) as PHC strings, of passwords in their compared form (RFC 8265).

use std::fmt::Display;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use edge::text;

/// OWASP's second choice of parameters: the cheapest in memory that it recommends, since every concurrent
/// login of an instance needs as much. In Wasm 30 to 45 ms of a core on the embedded host (docs/benchmark.md has
/// logins/s), 55-80 ms on Spin 4.1.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Bytes of salt (RFC 9106, section 3.1, recommends 16).
pub const SALT_BYTES: usize = 16;

/// What the password of an account that does not exist is compared with, for the same work as for one that
/// does: random salt and random output, so that no known password matches.
pub const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$lwaop5Rz3HUJOqYmpvbeGg$WXgLbIiyZwOMAeWw0W0SnpkikwuoBJGIL7ouuF4L5T4";

/// Why a password has no hash.
#[derive(Debug, thiserror::Error)]
#[error("hashing: {0}")]
pub struct Unhashable(pub String);

impl Unhashable {
    /// Because of `error`.
    pub fn by(error: impl Display) -> Self {
        Self(error.to_string())
    }
}

/// Hash `password` with a fresh random `salt`.
///
/// # Errors
/// What the algorithm says of its parameters.
pub fn hash(password: &str, salt: [u8; SALT_BYTES]) -> Result<String, Unhashable> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Unhashable::by)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(text::password(password).as_bytes(), &salt);
    let hash: PasswordHash = hash.map_err(Unhashable::by)?;
    Ok(hash.to_string())
}

/// Whether `hash` was made with other parameters than today's.
pub fn is_outdated(hash: &str) -> bool {
    let same = |hash: PasswordHash| {
        hash.algorithm.as_str() == "argon2id"
            && Params::try_from(&hash).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES)
            })
    };
    !PasswordHash::new(hash).is_ok_and(same)
}

/// Whether `password` has this `hash`, under the parameters the hash names.
pub fn verify(password: &str, hash: &str) -> bool {
    // By the parameters of `hash`: those of this Argon2 are not used.
    Argon2::default().verify_password(text::password(password).as_bytes(), hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_verifies() {
        let hash = hash("password123", [7; SALT_BYTES]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("password123", &hash));
        assert!(!verify("password124", &hash));
        assert!(!verify("", &hash));
    }

    #[test]
    fn a_password_is_the_same_however_it_is_typed() {
        let composed = hash("P\u{e4}ss w\u{f6}rt", [7; SALT_BYTES]).unwrap();
        assert!(verify("Pa\u{308}ss\u{a0}wo\u{308}rt", &composed));
        assert!(!verify("Pass wort", &composed) && !verify("p\u{e4}ss w\u{f6}rt", &composed));
    }

    #[test]
    fn nonsense_is_no_hash() {
        assert!(!verify("password123", "nonsense"));
    }

    #[test]
    fn other_parameters_are_outdated() {
        assert!(!is_outdated(NOBODY));
        assert!(is_outdated(&NOBODY.replace("t=2", "t=1")));
        assert!(is_outdated(&NOBODY.replace("argon2id", "argon2i")));
        assert!(is_outdated("nonsense"));
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let shape = |phc: &str| {
            let phc = PasswordHash::new(phc).unwrap();
            let (salt, output) = (phc.salt.unwrap().len(), phc.hash.unwrap().len());
            (phc.algorithm.to_string(), phc.version, phc.params.to_string(), salt, output)
        };
        assert_eq!(shape(NOBODY), shape(&hash("password123", [7; SALT_BYTES]).unwrap()));
        assert!(!verify("password123", NOBODY));
    }
}
