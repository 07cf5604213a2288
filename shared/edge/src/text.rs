//! Text that comes in: one form of it (Unicode NFC), and nothing in it that does not show.
//!
//! Every text member of a body goes through [`line()`] or [`paragraph`], every text to look for through [`query`],
//! every password through [`password`]; [`email`] has the rules of e-mail addresses. What they give back is what is
//! stored, compared and counted: a name that was typed composed (`é`) or decomposed (`e` and an accent) is one name.
//!
//! ```text
//! let mut errors = Vec::new();
//! let name = text::line(&mut errors, "name", &new.name, 1..=MAX_NAME);
//! let about = text::paragraph(&mut errors, "description", &new.description, 0..=MAX_DESCRIPTION);
//! ```

mod allowed;
pub mod email;

use std::ops::RangeInclusive;

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::FieldError;
use allowed::{first_refused, is_space};

/// One line, without the white space around it, of a number of characters within `length`.
///
/// What is wrong with it is added to `errors` under the name `field`.
pub fn line(errors: &mut Vec<FieldError>, field: &str, text: &str, length: RangeInclusive<usize>) -> String {
    check(errors, field, nfc(trimmed(text)), length, "")
}

/// As [`line()`], of a member that may be left out.
pub fn optional_line(
    errors: &mut Vec<FieldError>,
    field: &str,
    text: Option<&str>,
    length: RangeInclusive<usize>,
) -> Option<String> {
    text.map(|text| line(errors, field, text, length))
}

/// As [`line()`], with tabs and line breaks, all of which become `\n`.
pub fn paragraph(
    errors: &mut Vec<FieldError>,
    field: &str,
    text: &str,
    length: RangeInclusive<usize>,
) -> String {
    let text = trimmed(text).replace("\r\n", "\n").replace('\r', "\n");
    check(errors, field, nfc(&text), length, "\n\t")
}

/// A text to look for, in the form in which texts are stored; empty when there is nothing in it.
///
/// What is wrong with it is added to `errors` under the name `field`.
pub fn query(errors: &mut Vec<FieldError>, field: &str, text: &str, max: usize) -> String {
    line(errors, field, text, 0..=max)
}

/// A text that must never refuse a request, such as a `User-Agent`: the visible ones of its first `max` characters.
pub fn stripped(text: &str, max: usize) -> String {
    let mut rest: String = nfc(trimmed(text)).chars().take(max).collect();
    while let Some(at) = first_refused(&rest, "") {
        rest.remove(at);
    }
    rest
}

/// A password in the form in which passwords are hashed and compared (RFC 8265, OpaqueString): other spaces are spaces,
/// and NFC. Case and width count.
pub fn password(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if is_space(c) { ' ' } else { c }).collect();
    nfc(&spaced)
}

/// Whether a text has a character that no new password may have: not everybody could type it again.
pub fn has_refused(text: &str) -> bool {
    first_refused(text, "").is_some()
}

/// The text in Unicode's form C.
pub fn nfc(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Whether this can be a part of a word: a letter, a digit, or a mark on one.
pub fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || allowed::is_mark(c)
}

/// Without spaces, tabs and line breaks around it. Other white space is refused, not taken away.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| is_space(c) || matches!(c, '\t' | '\n' | '\r'))
}

fn check(
    errors: &mut Vec<FieldError>,
    field: &str,
    text: String,
    length: RangeInclusive<usize>,
    also: &str,
) -> String {
    let (min, max) = (*length.start(), *length.end());
    if !length.contains(&text.chars().count()) {
        errors.push(FieldError::new(field, format!("must have {min} to {max} characters")));
    } else if let Some(c) = first_refused(&text, also).and_then(|at| text.get(at..)?.chars().next()) {
        let detail = format!("has a character that does not show, U+{:04X}", u32::from(c));
        errors.push(FieldError::new(field, detail));
    }
    text
}

#[cfg(test)]
mod tests;
