//! What an e-mail, a name and a password of an account may be.

use edge::FieldError;
use sha2::{Digest, Sha256};

/// The longest e-mail, in characters (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL: usize = 254;
/// The longest part before the `@`, in characters (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// The longest name, in characters: fits a line of an address label.
const MAX_NAME: usize = 100;
/// The shortest password, in characters (NIST SP 800-63B; the OWASP ASVS asks for no composition rules).
const MIN_PASSWORD: usize = 8;
/// The longest password, in characters: above the ASVS's 64, and a bound for what is hashed.
const MAX_PASSWORD: usize = 128;

/// The passwords that people use most: those of at least 8 characters in the frequency list of zxcvbn (MIT), which is
/// made of leaked ones. Shorter ones are refused anyway. Of each of `common_passwords.txt` the first 26 bits of
/// SHA-256, sorted, as differences in LEB128: a quarter of the text's size, at the price of one good password in 6,700.
/// A test compares the two files.
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
    /// As typed, without the space around it.
    pub email: String,
    pub name: String,
    pub password: String,
}

impl Draft {
    /// Check the data of a new account; every field that is not valid is named.
    pub fn parse(email: &str, name: &str, password: String, policy: Policy) -> Result<Self, Vec<FieldError>> {
        let (email, name) = (email.trim().to_owned(), name.trim().to_owned());
        let mut errors = Vec::new();
        errors.extend(check_email(&email).err());
        if !(1..=MAX_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            errors.push(FieldError::new("name", format!("must have 1 to {MAX_NAME} printable characters")));
        }
        if let Err(detail) = check_password(&password, &email, policy) {
            errors.push(FieldError::new("password", detail));
        }
        if errors.is_empty() { Ok(Self { email, name, password }) } else { Err(errors) }
    }
}

/// The form in which e-mails are compared: the case of the part before the `@` matters to no provider.
pub fn normalised(email: &str) -> String {
    email.trim().to_lowercase()
}

/// What is wrong with an e-mail, if anything is.
pub fn check_email(email: &str) -> Result<(), FieldError> {
    match is_email(email) {
        true => Ok(()),
        false => Err(FieldError::new("email", "must be an e-mail address")),
    }
}

/// Loose on purpose: only a message that arrives proves an address.
fn is_email(email: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';');
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    email.chars().count() <= MAX_EMAIL
        && !email.contains(odd)
        && (1..=MAX_LOCAL).contains(&local.chars().count())
        && !local.contains('@')
        && domain
            .split('.')
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
}

/// What is wrong with a password, if anything is.
pub fn check_password(password: &str, email: &str, policy: Policy) -> Result<(), String> {
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.chars().count()) {
        return Err(format!("must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"));
    }
    if normalised(password) == normalised(email) {
        return Err("must not be the e-mail".to_owned());
    }
    let wanted = fingerprint(password);
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
    fn emails_are_compared_without_case_and_outer_space() {
        assert_eq!(normalised(" User@Example.COM "), "user@example.com");
        let draft = Draft::parse(" User@Example.COM ", "U", "password123".to_owned(), Policy::Standard);
        assert_eq!(draft.ok().unwrap().email, "User@Example.COM");
    }

    #[test]
    fn what_cannot_be_an_email_is_refused() {
        for email in ["user@example.com", "u+tag@sub.example.co.kr", "admin@localhost", "김@예.kr"] {
            assert!(is_email(email), "{email}");
        }
        let long = format!("{}@example.com", "x".repeat(65));
        for email in
            ["", "@", "a@", "@b.c", "a b@c.d", "a@b@c.d", "a@b..c", "a@.b", "a@b\r\nBcc: x", "a@-b.c"]
        {
            assert!(!is_email(email), "{email}");
        }
        assert!(!is_email(&long));
    }
}
