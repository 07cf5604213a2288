//! How people are found while what is personal of them is encrypted: by what has the same keyed hash.

use contract::UserId;
use edge::text::{self, email};

/// The most words that are looked for: a name has at most 50.
const MAX_WORDS: usize = 50;

/// What a search text means.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    Id(UserId),
    /// In the form in which e-mails are compared.
    Email(String),
    /// Words that the name has all of.
    Words(Vec<String>),
}

impl Wanted {
    /// Read a search text: with an `@` it is an e-mail, in the form of a UUID an id, else it is words.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.contains('@') {
            Self::Email(email::normalised(text))
        } else if let Ok(id) = text.parse() {
            Self::Id(id)
        } else {
            Self::Words(words(text))
        }
    }
}

/// The words of a name, each once, in the form in which they are compared: lower case, without what is neither
/// letter nor digit around them. A name as it is stored, or a text to look for, is in NFC already.
pub fn words(name: &str) -> Vec<String> {
    let trimmed = name.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let mut words: Vec<_> = trimmed
        .filter(|word| !word.is_empty())
        .map(|word| text::nfc(&word.to_lowercase()))
        .take(MAX_WORDS)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_says_what_it_means() {
        assert_eq!(Wanted::parse(" User@Example.com "), Wanted::Email("user@example.com".to_owned()));
        let one = Wanted::parse("u\u{308}@xn--bcher-kva.example");
        assert_eq!(Wanted::parse("\u{dc}@B\u{fc}cher.example"), one);
        let id = "019AA4C5-0001-7000-8000-000000000001";
        assert_eq!(Wanted::parse(id), Wanted::Id(id.parse().unwrap()));
        assert_eq!(Wanted::parse("Doe, John"), Wanted::Words(vec!["doe".to_owned(), "john".to_owned()]));
        assert_eq!(Wanted::parse("-"), Wanted::Words(Vec::new()));
    }

    #[test]
    fn words_are_compared_without_case_order_and_punctuation() {
        assert_eq!(words("John  von Neumann-Doe"), words("neumann-doe, VON (john)"));
        assert_eq!(words("김 철수"), ["김", "철수"]);
        assert_eq!(words("Anna anna"), ["anna"]);
    }
}
