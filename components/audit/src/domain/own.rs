//! The sources, types and actors of our own services, in any spelling. Only the services may use them.

use uuid::Uuid;

/// The first part of our services' sources and types.
const NAME: &str = "jangteo";

/// The source of the service `name`.
pub fn source_of(name: &str) -> String {
    format!("/{NAME}/{name}")
}

/// Whether a reader, careful or not, could take `source` for one of our services: in its [`plain`] form, with dots
/// resolved (RFC 3986, section 6.2.2), at any authority, or as the authority itself.
pub fn is_source(source: &str) -> bool {
    let text = plain(source);
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => (scheme, rest),
        _ => ("", text.as_str()),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    scheme == NAME || host.trim_end_matches('.') == NAME || first_segment(path) == NAME
}

/// Whether `kind` is a type of ours.
pub fn is_type(kind: &str) -> bool {
    let text = plain(kind);
    text.split(['.', ':', '/']).map(str::trim).find(|part| !part.is_empty()) == Some(NAME)
}

/// Whether `actor` is how our services name somebody: a service, or a user who is not `sender`.
pub fn is_actor_but(actor: &str, sender: &str) -> bool {
    let text = plain(actor);
    let is_service = text.split([':', '/', '.']).next().is_some_and(|first| first.trim() == "service");
    let user = Uuid::parse_str(&text).ok();
    is_service || user.is_some_and(|user| Uuid::parse_str(sender).ok() != Some(user))
}

/// `text` as a person sees it: escapes decoded, in lower case, full-width letters as ASCII, `\` as `/`. Other
/// characters that are not ASCII are left out: our names have none, and many are invisible.
fn plain(text: &str) -> String {
    let usual = |letter: char| match u32::from(letter) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code.saturating_sub(0xFEE0)).unwrap_or(letter),
        _ => letter,
    };
    let letters = decoded(text).to_lowercase().replace('\\', "/");
    let letters: String = letters.chars().map(usual).filter(char::is_ascii).collect();
    letters.trim().to_ascii_lowercase()
}

/// The first segment that is left of a path once its dots are resolved, without its parameters.
fn first_segment(path: &str) -> &str {
    let mut segments = Vec::new();
    for segment in path.split(['?', '#']).next().unwrap_or_default().split('/').map(str::trim) {
        match segment {
            "" | "." => {}
            ".." => _ = segments.pop(),
            _ => segments.push(segment),
        }
    }
    segments.first().and_then(|first| first.split([':', ';']).next()).unwrap_or_default()
}

/// `text` with its percent-escapes decoded, and those that come to light by that, too.
fn decoded(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    loop {
        let once = decoded_once(&bytes);
        if once.len() == bytes.len() {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
        bytes = once;
    }
}

fn decoded_once(mut bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some((first, rest)) = bytes.split_first() {
        let byte = match (first, rest) {
            (b'%', [high, low, ..]) => hex(*high, *low),
            _ => None,
        };
        decoded.push(byte.unwrap_or(*first));
        bytes = if byte.is_some() { rest.get(2..).unwrap_or_default() } else { rest };
    }
    decoded
}

/// The byte that two hexadecimal digits stand for.
pub fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_source_of_ours_is_known_in_any_spelling() {
        for source in [
            "/jangteo/orders",
            "/jangteo",
            "jangteo/orders",
            "/./jangteo/orders",
            "//jangteo/orders",
            "///jangteo//orders",
            "/JangTeo/orders",
            "/x/../jangteo/orders",
            "/jangteo/../jangteo/orders",
            "../jangteo/orders",
            "/%6aangteo/orders",
            "/%256Aangteo/orders",
            "%2Fjangteo%2Forders",
            "/jangteo%2forders",
            "/jangteo;v=1/orders",
            "https://example.com/jangteo/orders",
            "https://jangteo/orders",
            "https://me@jangteo:80/orders",
            "urn:jangteo:orders",
            "jangteo:orders",
            "/jangteo?x",
            "/%5cjangteo/orders",
            "/%20jangteo/orders",
        ] {
            assert!(is_source(source), "{source}");
        }
        for source in [
            "https://shop.example.com",
            "/outside",
            "/jangteos/orders",
            "/shops/jangteo",
            "urn:x:jangteo",
            "/?/jangteo",
        ] {
            assert!(!is_source(source), "{source}");
        }
    }

    #[test]
    fn types_and_actors_of_ours_are_known() {
        for kind in [
            "jangteo.order.paid.v1",
            "JANGTEO.x",
            " jangteo.x",
            "jangteo",
            "jangteo:x",
            "%6aangteo.x",
            "jang\u{200b}teo.x",
            "\u{ff4a}angteo.x",
            ".jangteo.x",
            "/jangteo.x",
        ] {
            assert!(is_type(kind), "{kind}");
        }
        assert!(!is_type("com.example.sold") && !is_type("jangteos.x"));
        let (own, other) = ("019aa4c5-0004-7000-8000-000000000001", "019AA4C5-0004-7000-8000-000000000002");
        for actor in [
            other,
            "019aa4c5000470008000000000000002",
            "service:orders",
            "Service:x",
            " service:x",
            "urn:uuid:019aa4c5-0004-7000-8000-000000000002",
            "\u{202e}service:x",
        ] {
            assert!(is_actor_but(actor, own), "{actor}");
        }
        assert!(!is_actor_but(&own.to_uppercase(), own) && !is_actor_but("clerk-7", own));
    }

    proptest! {
        #[test]
        fn no_escape_and_no_dots_hide_a_source_of_ours(
            escaped in proptest::collection::vec(any::<bool>(), 7),
            dots in proptest::collection::vec(
                prop_oneof![Just("."), Just(""), Just("a/.."), Just("%2e"), Just("b/%2E%2e")],
                0..4,
            ),
        ) {
            let escape = |(letter, escaped): (char, &bool)| {
                if *escaped { format!("%{:02x}", u32::from(letter)) } else { letter.to_string() }
            };
            let name: String = NAME.chars().zip(&escaped).map(escape).collect();
            let before: String = dots.iter().map(|dots| format!("/{dots}")).collect();
            let source = format!("{before}/{name}/orders");
            prop_assert!(is_source(&source), "{}", source);
        }
    }
}
