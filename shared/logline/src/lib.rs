//! Lines of a component's log. Each is one write, and a failure to write one never fails the request.
//!
//! `eprintln!` writes a line in pieces, between which another instance's come, and panics when the log cannot be
//! written, as on a full disk: that would kill the instance and every request in it.

use std::fmt::{Arguments, Debug};
use std::io::Write;

/// The longest line, newline included: what WASI's standard streams take in one write (`blocking-write-and-flush`).
const MAX_LINE: usize = 4096;
/// Ends a line whose rest is left out.
const CUT: &str = "…";

/// Write one line to the component's log; the arguments are those of [`format!`].
#[macro_export]
macro_rules! log {
    ($($argument:tt)*) => { $crate::write(::core::format_args!($($argument)*)) };
}

/// Write `text` as one line; see [`log!`].
pub fn write(text: Arguments<'_>) {
    write_to(&mut std::io::stderr(), text);
}

fn write_to(log: &mut impl Write, text: Arguments<'_>) {
    // Where the log cannot be written there is nobody to tell.
    _ = log.write_all(line(&text.to_string()).as_bytes());
}

/// The line of `text`: control characters, newlines among them, are escaped, so that nobody can forge another line.
fn line(text: &str) -> String {
    let room = MAX_LINE.saturating_sub(CUT.len()).saturating_sub(1);
    let mut line = String::new();
    for character in text.chars() {
        let before = line.len();
        if character.is_control() {
            line.extend(character.escape_default())
        } else {
            line.push(character)
        }
        if line.len() > room {
            line.truncate(before);
            line.push_str(CUT);
            break;
        }
    }
    line.push('\n');
    line
}

/// The words of an error that has only a `Debug` form, as those generated from WIT have:
/// `ErrorCode::ConnectionRefused` is "connection refused", `Error::Io("disk full")` is "disk full".
pub fn words(failure: &impl Debug) -> String {
    let text = format!("{failure:?}");
    if let (Some(first), Some(last)) = (text.find('"'), text.rfind('"'))
        && let Some(said) = text.get(first.saturating_add(1)..last)
    {
        return said.replace("\\\"", "\"");
    }
    let name = text.split(['(', '{', ' ']).next().unwrap_or_default();
    let mut words = String::new();
    for letter in name.rsplit("::").next().unwrap_or_default().chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use std::io::{Error, Result, Write};

    use super::{MAX_LINE, words, write_to};

    /// A log that keeps each write by itself.
    #[derive(Default)]
    struct Writes(Vec<String>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.0.push(String::from_utf8(bytes.to_vec()).unwrap());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> Result<usize> {
            Err(Error::from(std::io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> Result<()> {
            self.write(b"").map(drop)
        }
    }

    #[test]
    fn a_line_is_one_write_and_one_line_whatever_it_says() {
        let mut log = Writes::default();
        write_to(&mut log, format_args!("request {}: {}", 7, "a\nb\r\u{1b}[31m\u{85}é\0"));
        write_to(&mut log, format_args!("{}", "ü\n".repeat(MAX_LINE)));
        write_to(&mut log, format_args!(""));
        let [first, long, empty] = &log.0[..] else { panic!("{:?}", log.0) };
        assert_eq!(first, "request 7: a\\nb\\r\\u{1b}[31m\\u{85}é\\u{0}\n");
        assert!(
            long.len() <= MAX_LINE && long.len() > MAX_LINE - 8 && long.ends_with("…\n"),
            "{}",
            long.len()
        );
        assert_eq!(long.matches('\n').count(), 1);
        assert_eq!(empty, "\n");
    }

    #[test]
    fn a_log_that_cannot_be_written_fails_nobody() {
        write_to(&mut Full, format_args!("lost"));
    }

    #[test]
    fn failures_of_generated_code_speak_words() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "only shown")]
        enum Code {
            ConnectionRefused,
            Io(String),
            Internal(Option<String>),
        }
        assert_eq!(words(&Code::ConnectionRefused), "connection refused");
        assert_eq!(words(&Code::Io("no \"x\"".to_owned())), "no \"x\"");
        assert_eq!(words(&Code::Internal(Some("away".to_owned()))), "away");
        assert_eq!(words(&Code::Internal(None)), "internal");
    }
}
