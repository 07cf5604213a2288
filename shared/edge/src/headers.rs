//! Request headers by their grammar (RFC 9110): lines that may be many, lists, media types and weights.

use http::{HeaderMap, HeaderName, header};
use mediatype::{MediaType, MediaTypeList, ReadParams};

use crate::{Code, FieldError, Problem};

/// A weight of 1, in the thousandths that a weight can say.
const WHOLE: u16 = 1000;

/// A header that makes sense once; 422 when it came on several lines, or is not text.
pub fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut lines = headers.get_all(name).iter();
    let wrong = |detail| Err(Problem::validation(vec![FieldError::new(name, detail)]));
    match (lines.next().map(|line| line.to_str()), lines.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => wrong("must come once"),
        (Some(Ok(text)), None) => Ok(Some(text)),
        (Some(Err(_)), None) => wrong("must be printable ASCII"),
    }
}

/// The media type of a request's body.
pub struct ContentType<'a>(MediaType<'a>);

impl<'a> ContentType<'a> {
    /// What `Content-Type` says; 415 when it came on several lines or is no media type.
    pub fn of(headers: &'a HeaderMap) -> Result<Option<Self>, Problem> {
        let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        let kind = line.to_str().ok().and_then(|text| MediaType::parse(text.trim()).ok());
        match (kind, lines.next()) {
            (Some(kind), None) => Ok(Some(Self(kind))),
            _ => Err(Problem::new(Code::UNSUPPORTED_MEDIA_TYPE, "Send one media type as Content-Type")),
        }
    }

    /// Type and subtype in lower case, such as `application/json`.
    pub fn essence(&self) -> String {
        self.0.essence().to_string().to_ascii_lowercase()
    }

    /// Whether this is `application/json` or any `+json`.
    pub fn is_json(&self) -> bool {
        let suffix = self.0.suffix.is_some_and(|suffix| suffix == "json");
        suffix || self.essence() == "application/json"
    }

    /// Whether a text of this type is in UTF-8: its charset says so, or there is none.
    pub fn is_utf8(&self) -> bool {
        let mut charsets = self.0.params().filter(|(name, _)| *name == "charset").map(|(_, value)| value);
        let utf8 = charsets.next().is_none_or(|value| value.unquoted_str().eq_ignore_ascii_case("utf-8"));
        utf8 && charsets.next().is_none()
    }
}

/// Whether `Accept` prefers `kind` to `other`, which is the default. `kind` has to be named: `*/*` does not ask for it.
pub fn prefers(headers: &HeaderMap, kind: &str, other: &str) -> bool {
    let (wanted, is_named) = weight(headers, kind);
    let (unwanted, _) = weight(headers, other);
    wanted > unwanted || (wanted == unwanted && wanted > 0 && is_named)
}

/// The weight that `Accept` gives to `kind`, by the most specific range that has it, and whether that names it.
fn weight(headers: &HeaderMap, kind: &str) -> (u16, bool) {
    let Ok(kind) = MediaType::parse(kind) else { return (0, false) };
    let lines = headers.get_all(header::ACCEPT).iter();
    let lines = lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok());
    let ranges = lines.flat_map(MediaTypeList::new).flatten();
    let best = ranges.filter_map(|range| Some((specificity(&range, &kind)?, quality(&range)?))).max();
    best.map_or((0, false), |(specificity, quality)| (quality, specificity == 2))
}

/// How closely `range` names `kind`: 2 for the very type, 0 for `*/*`, `None` for another.
fn specificity(range: &MediaType<'_>, kind: &MediaType<'_>) -> Option<u8> {
    if range.essence() == kind.essence() {
        Some(2)
    } else if range.subty == "*" && range.ty == kind.ty {
        Some(1)
    } else {
        (range.subty == "*" && range.ty == "*").then_some(0)
    }
}

/// The weight of `range` in thousandths (RFC 9110, section 12.4.2); `None` for what is no weight.
fn quality(range: &MediaType<'_>) -> Option<u16> {
    let q = range.params().find(|(name, _)| *name == "q");
    q.map_or(Some(WHOLE), |(_, value)| thousandths(value.as_str()))
}

/// A weight as it is written: from 0 to 1, with up to three decimal places.
fn thousandths(value: &str) -> Option<u16> {
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    if part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(WHOLE),
        _ => None,
    }
}

/// Whether `Accept-Encoding` takes `coding`. Who does not say takes none: RFC 9110 lets one send any, but many a tool
/// that says nothing keeps the bytes as they come.
pub fn takes_encoding(headers: &HeaderMap, coding: &str) -> bool {
    let list = joined(headers, header::ACCEPT_ENCODING).unwrap_or_default();
    let list = String::from_utf8_lossy(&list);
    let weight = |wanted: &str| {
        let mut known = list.split(',').filter_map(weighted);
        known.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, weight)| weight)
    };
    weight(coding).or_else(|| weight("*")).is_some_and(|weight| weight > 0)
}

/// A coding and its weight, of `gzip` or `gzip;q=0.5`.
fn weighted(element: &str) -> Option<(&str, u16)> {
    let (name, q) = element.split_once(';').unwrap_or((element, "q=1"));
    let (q, value) = q.trim().split_once('=')?;
    Some((name.trim(), thousandths(value).filter(|_| q.eq_ignore_ascii_case("q"))?))
}

/// All lines of a header as one list.
pub(crate) fn joined(headers: &HeaderMap, name: HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| line.as_bytes()).collect();
    (!lines.is_empty()).then(|| lines.join(&b','))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_stream_is_sent_to_who_prefers_it() {
        let streams =
            |lines: &[&str]| prefers(&headers("accept", lines), "text/event-stream", "application/json");
        for lines in [
            &["text/event-stream"][..],
            &["Text/Event-Stream"],
            &["text/event-stream;charset=utf-8"],
            &["text/*"],
            &["application/json;q=0.5, text/event-stream"],
            &["application/json", "text/event-stream"],
            &["*/*;q=0.1, text/event-stream;q=0.2"],
            &[", ,text/event-stream ; Q=0.001 ,"],
        ] {
            assert!(streams(lines), "{lines:?}");
        }
        for lines in [
            &[][..],
            &["*/*"],
            &["application/json"],
            &["text/event-stream;q=0"],
            &["text/event-stream;q=0.000, */*"],
            &["text/event-stream;q=0.5, application/json"],
            &["text/event-stream;q=0", "text/*"],
            &["text/event-stream;q=2"],
            &["text/event-stream;q=0.0001"],
            &["text/html; x=\"text/event-stream, text/event-stream\""],
            &["text/event-streams"],
        ] {
            assert!(!streams(lines), "{lines:?}");
        }
    }

    #[test]
    fn an_encoding_is_for_who_takes_it() {
        let takes = |lines: &[&str]| takes_encoding(&headers("accept-encoding", lines), "gzip");
        for lines in [
            &["gzip"][..],
            &["GZIP"],
            &["deflate, gzip;q=1.0, *;q=0.5"],
            &["br", "gzip ; Q=0.001"],
            &["*"],
            &["identity, *;q=0.1"],
        ] {
            assert!(takes(lines), "{lines:?}");
        }
        for lines in [
            &[][..],
            &[""],
            &["identity"],
            &["br"],
            &["gzip;q=0"],
            &["gzip;q=0.000, *"],
            &["*;q=0"],
            &["gzip;q=2"],
            &["gzip;x=1"],
            &["gzip;q"],
            &["gzips"],
        ] {
            assert!(!takes(lines), "{lines:?}");
        }
    }

    #[test]
    fn a_content_type_is_read_with_its_parameters() {
        let kind = |lines: &[&str]| {
            let headers = headers("content-type", lines);
            let kind = ContentType::of(&headers).ok()??;
            Some((kind.is_json(), kind.is_utf8()))
        };
        for json in [
            "application/json",
            "APPLICATION/JSON ;charset=UTF-8",
            "application/problem+json;charset=\"utf-8\"",
            "application/json;",
        ] {
            assert_eq!(kind(&[json]), Some((true, true)), "{json}");
        }
        for other in [
            "application/json;charset=utf-16",
            "application/json; Charset=\"latin1\"",
            "application/json;charset=utf-8;charset=utf-16",
        ] {
            assert_eq!(kind(&[other]), Some((true, false)), "{other}");
        }
        assert_eq!(kind(&["text/plain"]), Some((false, true)));
        for none in [
            &["json"][..],
            &[""],
            &["application/json, text/plain"],
            &["application/json", "application/json"],
        ] {
            assert_eq!(kind(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_header_that_makes_sense_once_comes_once() {
        assert_eq!(single(&headers("x", &["a"]), "x").unwrap(), Some("a"));
        assert_eq!(single(&headers("x", &[]), "x").unwrap(), None);
        assert!(single(&headers("x", &["a", "a"]), "x").is_err());
        assert!(single(&headers("x", &["\u{e9}"]), "x").is_err());
    }
}
