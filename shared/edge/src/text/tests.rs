use proptest::prelude::*;

use super::*;

fn lined(text: &str) -> Result<String, Vec<FieldError>> {
    let mut errors = Vec::new();
    let line = line(&mut errors, "name", text, 1..=50);
    if errors.is_empty() { Ok(line) } else { Err(errors) }
}

#[test]
fn composed_and_decomposed_text_are_one() {
    for (decomposed, composed) in
        [("Zoe\u{308}", "Zo\u{eb}"), ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"), ("\u{212b}", "\u{c5}")]
    {
        assert_eq!(lined(decomposed).unwrap(), composed);
    }
}

#[test]
fn lengths_are_counted_in_the_composed_form() {
    assert!(lined(&"e\u{301}".repeat(50)).is_ok());
    assert_eq!(lined(&"e\u{301}".repeat(51)).unwrap_err()[0].field, "name");
    assert_eq!(lined(" \u{3000}\n").unwrap_err()[0].detail, "must have 1 to 50 characters");
}

#[test]
fn what_does_not_show_is_refused() {
    for c in [
        '\0',
        '\u{7}',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{9f}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{180e}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{2028}',
        '\u{2029}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{3164}',
        '\u{e000}',
        '\u{fdd0}',
        '\u{feff}',
        '\u{fe0f}',
        '\u{fffe}',
        '\u{e0001}',
        '\u{e0041}',
        '\u{e0100}',
        '\u{10ffff}',
        '\t',
        '\n',
        '\r',
    ] {
        let errors = lined(&format!("a{c}b")).unwrap_err();
        assert_eq!(errors.len(), 1, "U+{:04X}", u32::from(c));
        assert!(errors[0].detail.contains(&format!("U+{:04X}", u32::from(c))), "{}", errors[0].detail);
    }
    for end in ['\u{85}', '\u{b}', '\u{2028}', '\u{feff}'] {
        assert!(lined(&format!("a{end}")).is_err() && lined(&format!("{end}a")).is_err());
    }
}

#[test]
fn joiners_and_selectors_stay_where_they_are_needed() {
    for text in [
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}", // Persian: parts two letters
        "\u{915}\u{94d}\u{200d}\u{937}",                             // Devanagari: after a virama
        "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}",                      // Sinhala: the name of the country
        "\u{915}\u{94d}\u{200c}\u{937}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", // a family
        "\u{1f469}\u{1f3fd}\u{200d}\u{1f680}",         // an astronaut with a skin tone
        "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",          // a flag
        "\u{2764}\u{fe0f}",
        "1\u{fe0f}\u{20e3}", // a keycap
        "\u{845b}\u{e0100}", // a variant of an ideograph
        "\u{2268}\u{fe00}",  // a variant of a sign
        "\u{1820}\u{180b}",  // Mongolian
    ] {
        assert_eq!(lined(text).as_deref(), Ok(text));
    }
    for text in [
        "\u{200d}\u{1f469}",
        "a\u{200d}\u{1f469}",
        "\u{1f469}\u{200d}",
        "\u{1f469}\u{200d}a",
        "\u{645}\u{200c}",
        "\u{627}\u{200c}\u{645}",
        "a\u{fe0f}",
        "\u{2764}\u{fe0f}\u{fe0f}",
        "a\u{e0100}",
        "\u{1f469}\u{200d}\u{200d}\u{1f469}",
    ] {
        assert!(lined(text).is_err(), "{}", text.escape_unicode());
    }
}

#[test]
fn only_a_paragraph_has_line_breaks_and_tabs() {
    let mut errors = Vec::new();
    assert_eq!(paragraph(&mut errors, "d", " a\r\nb\rc\n\td \n", 0..=20), "a\nb\nc\n\td");
    assert_eq!(errors, []);
    paragraph(&mut errors, "d", "a\u{1b}b", 0..=20);
    paragraph(&mut errors, "d", "a\u{2028}b", 0..=20);
    assert_eq!(errors.len(), 2);
}

#[test]
fn a_user_agent_loses_what_does_not_show() {
    assert_eq!(stripped(" Fire\u{7}\u{202e}fox\t/ 1\u{200b} ", 100), "Firefox/ 1");
    assert_eq!(stripped("\u{200b}", 5), "");
    assert_eq!(stripped("abc", 2), "ab");
}

#[test]
fn passwords_are_prepared_as_rfc_8265_says() {
    assert_eq!(password("Pa\u{308}ss\u{a0}w\u{3000}ort "), "P\u{e4}ss w ort ");
    assert_eq!(password("\u{ff21}"), "\u{ff21}");
    assert!(
        has_refused("pass\u{7}word")
            && has_refused("pass\u{200b}")
            && !has_refused("\u{1f469}\u{200d}\u{1f680}")
    );
}

#[test]
fn one_mailbox_has_one_normal_form() {
    for same in [
        ["User@B\u{fc}cher.example", "user@bu\u{308}cher.EXAMPLE", "user@xn--bcher-kva.example"],
        ["J\u{fc}rgen@a.kr", "ju\u{308}rgen@a.kr", " J\u{dc}RGEN@A.KR "],
        ["a@\u{ff41}\u{3002}kr", "a@a.kr", "A@a.kr"],
        ["\u{ae40}@\u{c608}.kr", "\u{1100}\u{1175}\u{11b7}@\u{c608}.kr", "\u{ae40}@xn--2j5b.kr"],
    ] {
        let forms = same.map(normalised);
        assert!(forms[0] == forms[1] && forms[1] == forms[2], "{forms:?}");
        assert!(same.iter().all(|email| parse("email", email).is_ok()), "{same:?}");
    }
    assert_ne!(normalised("a@fass.de"), normalised("a@fa\u{df}.de"));
    assert_eq!(parse("email", " User@Example.COM ").unwrap(), "User@Example.COM");
}

#[test]
fn what_cannot_be_an_address_is_refused() {
    let (long, longer) = (format!("{}@example.com", "x".repeat(65)), format!("a@{}.com", "x".repeat(64)));
    for email in [
        "",
        "@",
        "a@",
        "@b.c",
        "a b@c.d",
        "a@b@c.d",
        "a@b..c",
        "a@.b",
        "a@b.",
        "a@b\r\nBcc: x",
        "a@-b.c",
        "a@b-.c",
        "a\u{200b}@b.c",
        "a\u{202e}@b.c",
        "a@b\u{200b}.c",
        "a@b\u{ad}.c",
        "\u{645}\u{6cc}\u{200c}\u{62e}@b.c",
        "a@b_c.d",
        "a@b c.d",
        "a@xn--0.example",
        "a@xn--a.example",
        "a@\u{5d0}a.example",
        "<a@b.c>",
        "a@[127.0.0.1]",
        &long,
        &longer,
    ] {
        assert!(parse("email", email).is_err(), "{}", email.escape_unicode());
    }
    for email in [
        "user@example.com",
        "u+tag@sub.example.co.kr",
        "admin@localhost",
        "\u{ae40}@\u{c608}.kr",
        "o'neil@r3---sn.example",
    ] {
        assert!(parse("email", email).is_ok(), "{email}");
    }
}

proptest! {
    #[test]
    fn a_text_is_stored_as_its_composed_form_or_refused(text in any::<String>()) {
        if let Ok(stored) = lined(&text) {
            prop_assert_eq!(&stored, &nfc(trimmed(&text)));
            prop_assert_eq!(lined(&stored).unwrap(), stored);
        }
        prop_assert!(!has_refused(&stripped(&text, 50)));
        prop_assert_eq!(normalised(&normalised(&text)), normalised(&text));
        prop_assert_eq!(password(&password(&text)), password(&text));
    }
}

use super::email::{normalised, parse};
