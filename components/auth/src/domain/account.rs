//! What an e-mail, a name and a password of an account may be.

use edge::text::email::parse as parse_email;
use edge::{FieldError, text};
use sha2::{Digest, Sha256};

/// The form in which e-mails are compared.
pub use edge::text::email::normalised;

/// The longest name, in characters: fits a line of an address label.
pub const MAX_NAME: usize = 100;
/// The shortest password, in characters (NIST SP 800-63B; the OWASP ASVS asks for no composition rules).
const MIN_PASSWORD: usize = 8;
/// The longest password, in characters: above the ASVS's 64, and a bound for what is hashed.
const MAX_PASSWORD: usize = 128;

/// The passwords that people use most: those of at least 8 characters in the frequency list of zxcvbn (MIT), which is
/// made of leaked ones. Shorter ones are refused anyway. The file has the first 26 bits of the SHA-256 of each line of
/// `common_passwords.txt`, sorted, as differences in LEB128: a quarter of the text's size, but it also refuses one good
/// password in 6,700. A test compares the two files.
const COMMON: &[u8] = include_bytes!("common_passwords.bin");

/// What a password may be (variable `password_policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Bounds only.
    Standard,
    /// And none that attackers try first.
    Strict,
}

/// Account data as a client sent it, checked. Has no `Debug`: it holds the password.
pub struct Draft {
    /// As typed, in NFC and without the space around it.
    pub email: String,
    pub name: String,
    pub password: String,
}

impl Draft {
    /// Check the data of a new account; every field that is not valid is named.
    pub fn parse(email: &str, name: &str, password: String, policy: Policy) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let email = check_email(email).unwrap_or_else(|error| {
            errors.push(error);
            email.to_owned()
        });
        let name = text::line(&mut errors, "name", name, 1..=MAX_NAME);
        if let Err(detail) = check_password(&password, &email, policy) {
            errors.push(FieldError::new("password", detail));
        }
        if errors.is_empty() { Ok(Self { email, name, password }) } else { Err(errors) }
    }
}

/// The e-mail as it is stored; else what is wrong with it.
pub fn check_email(email: &str) -> Result<String, FieldError> {
    parse_email("email", email)
}

/// What is wrong with a new password, if anything is.
pub fn check_password(password: &str, email: &str, policy: Policy) -> Result<(), String> {
    let password = text::password(password);
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.chars().count()) {
        return Err(format!("must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"));
    }
    if text::has_refused(&password) {
        return Err("has a character that does not show".to_owned());
    }
    if normalised(&password) == normalised(email) {
        return Err("must not be the e-mail".to_owned());
    }
    let wanted = fingerprint(&password);
    if policy == Policy::Strict && fingerprints().any(|common| common == wanted) {
        return Err("is one of the most used passwords".to_owned());
    }
    Ok(())
}

fn fingerprint(password: &str) -> u32 {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(password.to_lowercase()));
    u32::from_be_bytes([a, b, c, d]) >> 6
}

/// The fingerprints of the most used passwords.
fn fingerprints() -> impl Iterator<Item = u32> {
    let (mut last, mut difference, mut shift) = (0u32, 0u32, 0u32);
    COMMON.iter().filter_map(move |byte| {
        difference |= u32::from(byte & 0x7f).unbounded_shl(shift);
        shift = shift.wrapping_add(7);
        (byte & 0x80 == 0).then(|| {
            last = last.wrapping_add(difference);
            (difference, shift) = (0, 0);
            last
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("common_passwords.txt");

    fn fields(email: &str, name: &str, password: &str) -> Vec<String> {
        let errors =
            Draft::parse(email, name, password.to_owned(), Policy::Standard).err().unwrap_or_default();
        errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn every_invalid_field_is_named() {
        assert_eq!(fields("x", " ", "short"), ["email", "name", "password"]);
        assert_eq!(fields("user@example.com", "John Doe", "password123"), [""; 0]);
        assert_eq!(fields("user@example.com", "김철수", "securepassword"), [""; 0]);
        assert_eq!(fields("user@example.com", "John\nDoe", "password123"), ["name"]);
    }

    #[test]
    fn passwords_are_bounded_in_characters_and_are_not_the_email() {
        for password in ["12345678", &"가".repeat(128), "pass word with space"] {
            assert!(check_password(password, "a@b.kr", Policy::Standard).is_ok(), "{password}");
        }
        for password in ["1234567", &"x".repeat(129), "", "User@Example.com "] {
            assert!(check_password(password, "user@example.com", Policy::Standard).is_err(), "{password}");
        }
    }

    #[test]
    fn the_strict_policy_refuses_the_most_used() {
        for password in ["password123", "Password1", "1234567890", "qwertyuiop"] {
            assert!(check_password(password, "a@b.kr", Policy::Standard).is_ok(), "{password}");
            assert!(check_password(password, "a@b.kr", Policy::Strict).is_err(), "{password}");
        }
        assert!(check_password("correct horse battery staple", "a@b.kr", Policy::Strict).is_ok());
    }

    #[test]
    fn the_fingerprints_are_those_of_the_list() {
        assert!(TEXT.lines().count() >= 10_000 && TEXT.lines().all(|common| common.chars().count() >= 8));
        let mut wanted: Vec<_> = TEXT.lines().map(fingerprint).collect();
        wanted.sort_unstable();
        wanted.dedup();
        assert_eq!(fingerprints().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn passwords_are_counted_and_judged_as_they_are_compared() {
        let check = |password: &str| check_password(password, "u\u{fc}@b.kr", Policy::Strict);
        assert!(check(&"e\u{301}".repeat(128)).is_ok());
        assert!(check(&"e\u{301}".repeat(7)).is_err());
        assert_eq!(check("pass\u{7}word 9").unwrap_err(), "has a character that does not show");
        assert_eq!(check("u\u{308}U\u{308}"), check("short"));
        assert!(check_password("longer-u\u{308}@b.kr", "longer-\u{fc}@b.kr", Policy::Standard).is_err());
    }

    #[test]
    fn an_email_is_kept_as_it_was_typed() {
        assert_eq!(normalised(" User@Example.COM "), "user@example.com");
        let draft =
            Draft::parse(" User@Example.COM ", "Zoe\u{308}", "password123".to_owned(), Policy::Standard);
        let draft = draft.ok().unwrap();
        assert_eq!((draft.email.as_str(), draft.name.as_str()), ("User@Example.COM", "Zo\u{eb}"));
    }
}
