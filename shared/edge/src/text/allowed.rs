//! Which characters a text may have, each where it stands.
//!
//! Refused are the characters that Unicode calls control (Cc), format (Cf), line and paragraph separators (Zl, Zp),
//! private use (Co), noncharacters and default ignorable. Exceptions: ZWJ and ZWNJ where a script needs them (RFC 5892,
//! appendix A) or an emoji is made with them, and variation selectors after a character that has variants.

use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, ExtendedPictographic, GeneralCategory, JoiningType};
use icu_properties::{CodePointMapData, CodePointSetData};

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';
/// The canonical combining class of signs that take the vowel from a letter.
const VIRAMA: u8 = 9;

/// The position, in bytes, of the first refused character; those of `also` are allowed, too.
pub fn first_refused(text: &str, also: &str) -> Option<usize> {
    // ASCII, which most texts are, needs no tables.
    let odd = |c: char| !(' '..='~').contains(&c) && !also.contains(c) && is_odd(c);
    text.char_indices().filter(|(_, c)| odd(*c)).find_map(|(at, c)| {
        let (before, after) = (text.get(..at)?, text.get(at.checked_add(c.len_utf8())?..)?);
        (!may_stand(before, c, after)).then_some(at)
    })
}

/// Whether this is a space of whatever width (Zs).
pub fn is_space(c: char) -> bool {
    c == ' ' || (!c.is_ascii() && category(c) == GeneralCategory::SpaceSeparator)
}

/// Whether this is written on, above or below another character.
pub fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    !c.is_ascii() && matches!(category(c), EnclosingMark | NonspacingMark | SpacingMark)
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Whether this is refused unless it stands where it is needed.
fn is_odd(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse};
    matches!(category(c), Control | Format | LineSeparator | ParagraphSeparator | PrivateUse)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || is_no_character(c)
}

/// The last two of each plane, and 32 in the midst.
fn is_no_character(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c)
}

fn may_stand(before: &str, c: char, after: &str) -> bool {
    match c {
        ZWJ => is_after_virama(before) || joins_emoji(before, after),
        ZWNJ => is_after_virama(before) || parts_letters(before, after),
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
            before.chars().next_back().is_some_and(|base| has_variant(base, c))
        }
        _ => false,
    }
}

fn is_after_virama(before: &str) -> bool {
    let class = CanonicalCombiningClassMapBorrowed::new();
    before.chars().next_back().is_some_and(|c| class.get_u8(c) == VIRAMA)
}

/// An emoji on both sides (UTS 51, ED-16); between the first one and this may be its variation selector or skin tone.
fn joins_emoji(before: &str, after: &str) -> bool {
    let is_emoji = |c: char| !c.is_ascii() && CodePointSetData::new::<ExtendedPictographic>().contains(c);
    let first = before.chars().rev().find(|c| !matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}'));
    first.is_some_and(is_emoji) && after.chars().next().is_some_and(is_emoji)
}

/// RFC 5892, appendix A.1: letters on both sides that would be joined without this, whatever marks are on them.
fn parts_letters(before: &str, after: &str) -> bool {
    let joining = |c: char| CodePointMapData::<JoiningType>::new().get(c);
    let is_letter = |t: &JoiningType| *t != JoiningType::Transparent;
    let left = before.chars().rev().map(joining).find(is_letter);
    let right = after.chars().map(joining).find(is_letter);
    matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

/// Whether `base` can have the variant that `selector` asks for: the script's own one, that of an emoji, of an
/// ideograph (Ideographic Variation Database), or one of the few for other letters and signs
/// (StandardizedVariants.txt).
fn has_variant(base: char, selector: char) -> bool {
    let is_ideograph = matches!(base, '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3fffd}');
    match selector {
        '\u{180b}'..='\u{180f}' => ('\u{1820}'..='\u{18aa}').contains(&base),
        '\u{fe0e}' | '\u{fe0f}' => {
            matches!(base, '#' | '*' | '0'..='9')
                || CodePointSetData::new::<ExtendedPictographic>().contains(base)
        }
        '\u{e0100}'..='\u{e01ef}' => is_ideograph,
        _ => base == '0' || (!base.is_ascii() && !is_odd(base) && !is_mark(base) && !is_space(base)),
    }
}
