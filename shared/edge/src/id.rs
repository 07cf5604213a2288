//! Ids: UUIDs, taken in any case and given in lower case.

use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// The length of a UUID with its hyphens; other spellings of it (bare digits, `{…}`, `urn:uuid:…`) are not taken.
const LENGTH: usize = 36;

/// An id in a path or a query: a UUID in lower case. In a request, other text is kept as it is: nothing has that id, so
/// it gets the same answer as an unknown UUID. `parse` refuses other text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Id(pub String);

/// What is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID such as 019aa4c5-0001-7000-8000-000000000001")]
pub struct NotAnId;

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.len() == LENGTH && uuid::Uuid::try_parse(text).is_ok() {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotAnId)
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "uuid",
            "description": "UUIDv7: sorts by the time it was made. Taken in any case, given in lower case.",
        })
    }
}

impl Deref for Id {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lower_id(deserializer).map(Self)
    }
}

/// For `#[serde(deserialize_with)]` of a member that is an [`Id`].
pub fn lower_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(lower)
}

/// As [`lower_id`], for a member that may be left out.
pub fn lower_id_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(lower))
}

fn lower(text: String) -> String {
    text.parse().map_or(text, |Id(id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019aa4c5-0001-7000-8000-0000000000ab";

    #[test]
    fn an_id_is_taken_in_any_case_and_given_in_lower_case() {
        for text in [ID.to_owned(), ID.to_uppercase(), ID.replacen('a', "A", 1)] {
            assert_eq!(text.parse(), Ok(Id(ID.to_owned())), "{text}");
            assert_eq!(lower(text), ID);
        }
    }

    #[test]
    fn only_the_form_with_hyphens_is_an_id() {
        let bare = ID.replace('-', "");
        let others = [format!("{{{ID}}}"), format!("urn:uuid:{ID}"), format!("{ID} "), bare, String::new()];
        for text in others {
            assert_eq!(text.parse::<Id>(), Err(NotAnId), "{text}");
            assert_eq!(lower(text.clone()), text);
        }
    }
}
