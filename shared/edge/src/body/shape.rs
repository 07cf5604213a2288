//! Finds members of a body that are missing, unknown or of another type. serde stops at the first fault, so the body is
//! mended there and read again, until there is no other.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment};

use super::strict::Strict;
use super::{Faults, Step, Way, is_name, malformed};
use crate::Problem;

/// How often a body is read anew: a fault takes one to seven readings.
const MAX_READINGS: usize = 100;
/// The largest body that is read anew, in bytes. Of a larger one the first fault is named: reading it a hundred times
/// would stall the instance.
const MAX_REREAD: usize = 16 * 1024;

/// Find what of `bytes` is not a `T`.
///
/// # Errors
/// 400 when it is not JSON.
pub(super) fn find<T: DeserializeOwned>(bytes: &[u8], faults: &mut Faults) -> Result<(), Problem> {
    // Told from the value: for a `null` in an enum's place serde_json says that the text is no JSON.
    let mut body: Value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    let mut mended = Mended::default();
    let readings = if bytes.len() > MAX_REREAD { 1 } else { MAX_READINGS };
    for _ in 0..readings {
        let Err(error) = serde_path_to_error::deserialize::<_, T>(Strict(&body)) else { break };
        let (way, complaint) = complaint(error.path(), &error.inner().to_string());
        if !mended.is_below(&way) {
            faults.add(&way, complaint.detail(&way));
        }
        if mended.mend(&mut body, way, &complaint).is_none() {
            break;
        }
    }
    Ok(())
}

/// What serde complains of at one place.
enum Complaint {
    Missing,
    /// The names that are known there, as serde lists them.
    Unknown(String),
    /// None of these texts, as serde lists them.
    NoneOf(String),
    Other(String),
}

/// The complaint in serde's `text` about `path`, and the way to what it is about.
fn complaint(path: &Path, text: &str) -> (Way, Complaint) {
    let mut way: Way = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Member(key.clone())),
            Segment::Seq { index } => Some(Step::Item(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let (what, expected) = text.rsplit_once(", expected ").unwrap_or((text, ""));
    let name = what.split('`').nth(1).unwrap_or_default();
    let complaint = match what.split_once(' ') {
        Some(("missing", _)) => {
            way.push(Step::Member(name.to_owned()));
            Complaint::Missing
        }
        Some(("unknown", rest)) if rest.starts_with("field") => {
            // The path may end with the member already.
            if way.last().is_none_or(|step| *step != Step::Member(name.to_owned())) {
                way.push(Step::Member(name.to_owned()));
            }
            Complaint::Unknown(expected.to_owned())
        }
        Some(("unknown", _)) => Complaint::NoneOf(expected.to_owned()),
        // What was found is not quoted: it may be a password in the wrong form.
        Some(("invalid", _)) if !expected.is_empty() => {
            Complaint::Other(format!("must be {}", plain(expected)))
        }
        _ => Complaint::Other(text.to_owned()),
    };
    (way, complaint)
}

impl Complaint {
    fn detail(&self, way: &[Step]) -> String {
        match self {
            Self::Missing => "is missing".to_owned(),
            Self::Unknown(_) if !matches!(way.last(), Some(Step::Member(name)) if is_name(name)) => {
                "has a member that is not known".to_owned()
            }
            Self::Unknown(known) if known.is_empty() => "is not known".to_owned(),
            Self::Unknown(known) => format!("is not known; expected {known}"),
            Self::NoneOf(known) => format!("must be {known}"),
            Self::Other(detail) => detail.clone(),
        }
    }
}

/// A type as serde names it, in plain words.
fn plain(expected: &str) -> &str {
    match expected.split(' ').next().unwrap_or_default() {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number in range",
        "string" => "a text",
        "struct" | "map" => "an object",
        "a" if expected.starts_with("a sequence") => "a list",
        _ => expected,
    }
}

/// The places that were mended, and with which of the [`STAND_INS`].
#[derive(Default)]
struct Mended(BTreeMap<Way, usize>);

/// What stands in for a member, tried in turn until the reader complains of another. `None` takes it away, should it
/// be one that may be left out.
const STAND_INS: [Option<&str>; 7] = [
    None,
    Some(r#""""#),
    Some("0"),
    Some("{}"),
    Some("[]"),
    Some("false"),
    Some(r#""00000000-0000-0000-0000-000000000000""#),
];

impl Mended {
    /// Whether `way` leads through or to a place that was mended: its faults are ours.
    fn is_below(&self, way: &[Step]) -> bool {
        (0..=way.len()).any(|end| way.get(..end).is_some_and(|part| self.0.contains_key(part)))
    }

    /// Change `body` so that the complaint does not come again, or another one about the same place follows. `None`
    /// when nothing helps.
    fn mend(&mut self, body: &mut Value, way: Way, complaint: &Complaint) -> Option<()> {
        let (last, before) = way.split_last()?;
        let parent = before.iter().try_fold(body, |value, step| match step {
            Step::Member(name) => value.get_mut(name),
            Step::Item(index) => value.get_mut(index),
        })?;
        let must_stay = matches!(complaint, Complaint::Missing) || matches!(last, Step::Item(_));
        let first = if must_stay { 1 } else { 0 };
        let next = self.0.get(&way).map_or(first, |tried| tried.saturating_add(1));
        let stand_in = match complaint {
            Complaint::NoneOf(known) if next > 0 => Some(json!(known.split('`').nth(1)?)),
            Complaint::Unknown(_) => None,
            _ => STAND_INS.get(next)?.map(|text| serde_json::from_str(text).unwrap_or_default()),
        };
        match (last, stand_in) {
            (Step::Member(name), Some(value)) => drop(parent.as_object_mut()?.insert(name.clone(), value)),
            (Step::Member(name), None) => drop(parent.as_object_mut()?.remove(name)?),
            (Step::Item(index), value) => *parent.get_mut(index)? = value?,
        }
        if !matches!(complaint, Complaint::Unknown(_)) {
            self.0.insert(way, next);
        }
        Some(())
    }
}
