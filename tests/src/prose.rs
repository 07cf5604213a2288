//! Lines that people read fit a screen: those of code, and of documents that are written by hand. Tables may be wider,
//! and so may code within a document.

use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// The longest line, in characters.
const LONGEST: usize = 120;
/// Folders whose files are not ours.
const FOREIGN: [&str; 4] = ["target", "node_modules", ".git", "deps"];
/// What a document says that is made from code or measured.
const MADE: [&str; 2] = ["do not edit", "By `scripts/bench`"];

/// Files below `folder` whose names end with one of `endings`; an empty one is that of names without.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ours = entries.filter(|path| !FOREIGN.iter().any(|name| path.ends_with(name)));
    let below = |path: PathBuf| if path.is_dir() { files(&path, endings) } else { vec![path] };
    let named = |path: &PathBuf| {
        path.is_dir() || endings.iter().any(|end| path.extension().unwrap_or_default() == *end)
    };
    ours.flat_map(below).filter(named).collect()
}

/// The lines of a text that are too long, by their numbers.
fn too_long(text: &str) -> Vec<usize> {
    let lines = text.lines().enumerate();
    let long = lines.filter(|(_, line)| line.chars().count() > LONGEST && !is_row(line));
    long.map(|(index, _)| index + 1).collect()
}

/// Whether a line is a row of a table, in a document or in a comment of Rust.
fn is_row(line: &str) -> bool {
    let comment = line.trim_start().strip_prefix("//");
    comment.map_or(line, |words| words.trim_start_matches(['/', '!', ' '])).starts_with('|')
}

/// The text of a document without its code.
fn prose(text: &str) -> String {
    let parts = text.split("```").enumerate();
    let lines = |(index, part): (usize, &str)| {
        if index % 2 == 0 { part.to_owned() } else { "\n".repeat(part.matches('\n').count()) }
    };
    parts.map(lines).collect()
}

#[test]
fn no_line_is_too_long() {
    let mut faults = Vec::new();
    let scripts = files(&root().join("scripts"), &[""]);
    for path in files(&root(), &["rs", "sql", "py", "md"]).into_iter().chain(scripts) {
        let mut text = fs::read_to_string(&path).unwrap();
        if path.extension().is_some_and(|it| it == "md") {
            text = if MADE.iter().any(|word| text.contains(word)) { String::new() } else { prose(&text) };
        }
        faults.extend(too_long(&text).iter().map(|line| format!("{}:{line}", path.display())));
    }
    assert_eq!(faults, Vec::<String>::new());
}
