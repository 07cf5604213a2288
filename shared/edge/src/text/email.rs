//! E-mail addresses: what can be one, and which two are the same.
//!
//! A domain is compared as DNS knows it (UTS 46, IDNA): `bücher.example` and `xn--bcher-kva.example` are one. The part
//! before the `@` is compared in NFC and without case, which matters to no provider.

use std::borrow::Cow;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::{first_refused, nfc, trimmed};
use crate::FieldError;

/// The longest address, in characters (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const MAX_ADDRESS: usize = 254;
/// The longest part before the `@`, in characters (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// The address as it was typed, in NFC and without the white space around it.
///
/// Loose on purpose: only a message that arrives proves an address.
///
/// # Errors
/// What is wrong with `field`.
pub fn parse(field: &str, text: &str) -> Result<String, FieldError> {
    let address = nfc(trimmed(text));
    if first_refused(&address, "").is_none() && split(&address).is_some() {
        Ok(address)
    } else {
        Err(FieldError::new(field, "must be an e-mail address"))
    }
}

/// The form in which addresses are compared. Other text becomes something that no address has as its form.
pub fn normalised(text: &str) -> String {
    let address = nfc(trimmed(text));
    match split(&address) {
        Some((local, domain)) => format!("{}@{domain}", nfc(&local.to_lowercase())),
        None => nfc(&address.to_lowercase()),
    }
}

/// The part before the `@`, and the domain as DNS knows it.
fn split(address: &str) -> Option<(&str, Cow<'_, str>)> {
    if address.chars().count() > MAX_ADDRESS {
        return None;
    }
    let (local, domain) = address.rsplit_once('@')?;
    let odd =
        |c: char| c.is_whitespace() || matches!(c, '@' | '<' | '>' | ',' | ';' | '\u{200c}' | '\u{200d}');
    if !(1..=MAX_LOCAL).contains(&local.chars().count()) || local.contains(odd) {
        return None;
    }
    let domain = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    domain.ok().map(|domain| (local, domain))
}
