//! What is wrong with a JSON body: all of it at once, each fault by the path of its member.
//!
//! `null` is refused in every member. It does not mean "left out": `JSON.stringify({amount: NaN})` gives `null`, and
//! must not refund everything. A member that comes twice is refused because readers differ in which one counts; so is a
//! list in place of an object (`body/strict.rs`). `body/shape.rs` finds members that are missing, unknown or of another
//! type.

mod shape;
mod strict;

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use self::strict::Strict;
use crate::{Code, FieldError, Problem};

/// The most faults that are named: more than a form has members.
const MAX_FAULTS: usize = 32;
/// The longest member name that is quoted, in bytes.
const MAX_NAME: usize = 64;
/// What a fault of the body as a whole is named by.
const WHOLE: &str = "body";

/// A client's body as a `T`.
///
/// # Errors
/// 400 for what is not JSON, 422 naming the members for JSON of another shape, `null`, or a member that comes twice.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut faults = Faults::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let seen = Check { way: &mut Vec::new(), faults: &mut faults }.deserialize(&mut json);
    seen.and_then(|()| json.end()).map_err(|error| malformed(&error))?;
    match T::deserialize(Strict(&mut serde_json::Deserializer::from_slice(bytes))) {
        Ok(value) if faults.0.is_empty() => return Ok(value),
        Ok(_) => {}
        Err(_) => shape::find::<T>(bytes, &mut faults)?,
    }
    Err(Problem::validation(faults.0))
}

/// Another service's message as a `T`: what its own types say, `null` among it.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_message<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).or_else(|_| {
        let mut faults = Faults::default();
        shape::find::<T>(bytes, &mut faults)?;
        Err(Problem::validation(faults.0))
    })
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Code::MALFORMED, format!("The body is not JSON: {error}"))
}

/// What was found so far, each member once.
#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, way: &[Step], detail: impl Into<String>) {
        let path = path(way);
        let field = if path.is_empty() { WHOLE.to_owned() } else { path };
        if self.0.len() < MAX_FAULTS && self.0.iter().all(|fault| fault.field != field) {
            self.0.push(FieldError::new(field, detail));
        }
    }
}

/// Whether a member's name may be quoted: what is no name may be a card's number in the wrong place.
fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins
        && text.len() <= MAX_NAME
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A step down in a body.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Member(String),
    Item(usize),
}

/// The way to a place in a body.
type Way = Vec<Step>;

/// The way as a client is told of it, such as `items[0].price`. A name that may not be quoted is left out.
fn path(way: &[Step]) -> String {
    let mut path = String::new();
    for step in way {
        match step {
            Step::Item(index) => path.push_str(&format!("[{index}]")),
            Step::Member(name) if !is_name(name) => {}
            Step::Member(name) if path.is_empty() => path.push_str(name),
            Step::Member(name) => path.push_str(&format!(".{name}")),
        }
    }
    path
}

/// Walks through a value, whatever it is.
struct Check<'a> {
    way: &'a mut Way,
    faults: &'a mut Faults,
}

impl<'de> DeserializeSeed<'de> for Check<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.faults.add(self.way, "must not be null");
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.way.push(Step::Item(index));
            let item = items.next_element_seed(Check { way: self.way, faults: self.faults })?;
            self.way.pop();
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key()? {
            let twice = names.contains(&name);
            self.way.push(Step::Member(name));
            if twice {
                self.faults.add(self.way, "must not be there twice");
            }
            members.next_value_seed(Check { way: self.way, faults: self.faults })?;
            if let Some(Step::Member(name)) = self.way.pop() {
                names.insert(name);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
