//! Lines that people read fit a screen: those of comments, and of documents that are written by hand. Tables may be
//! wider, and so may code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// The longest line, in characters.
const LONGEST: usize = 120;
/// Folders whose files are not ours.
const FOREIGN: [&str; 4] = ["target", "node_modules", ".git", "deps"];
/// What a document says that is made from code or measured.
const MADE: [&str; 2] = ["do not edit", "By `scripts/bench`"];

/// Files below `folder` whose names end with one of `endings`.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ours = entries.filter(|path| !FOREIGN.iter().any(|name| path.ends_with(name)));
    let below = |path: PathBuf| if path.is_dir() { files(&path, endings) } else { vec![path] };
    let named = |path: &PathBuf| {
        path.is_dir() || endings.iter().any(|end| path.extension().is_some_and(|it| it == *end))
    };
    ours.flat_map(below).filter(named).collect()
}

/// The lines of a text that are too long, by their numbers; `is_prose` says which are judged.
fn too_long(text: &str, is_prose: impl Fn(&str) -> bool) -> Vec<usize> {
    let lines = text.lines().enumerate();
    let long = lines.filter(|(_, line)| line.chars().count() > LONGEST && is_prose(line));
    long.map(|(index, _)| index + 1).collect()
}

/// Whether a line of Rust is a comment, and no row of a table.
fn is_comment(line: &str) -> bool {
    let words = line.trim_start().trim_start_matches(['/', '!']).trim_start();
    line.trim_start().starts_with("//") && !words.starts_with('|')
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
fn no_line_of_a_comment_or_a_document_is_too_long() {
    let mut faults = Vec::new();
    for path in files(&root(), &["rs", "md"]) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = if path.extension().is_some_and(|it| it == "rs") {
            too_long(&text, is_comment)
        } else if MADE.iter().any(|word| text.contains(word)) {
            Vec::new()
        } else {
            too_long(&prose(&text), |line| !line.starts_with('|'))
        };
        faults.extend(lines.iter().map(|line| format!("{}:{line}", path.display())));
    }
    assert_eq!(faults, Vec::<String>::new());
}
