//! The texts of SQL in the services' source: each must have been said by some story, or nobody knows its plan.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::folder;
use super::judge::words;
use crate::root;

/// Where the services' SQL is.
const FOLDERS: [&str; 3] = ["components", "shared/store/src", "shared/events/src"];
/// How a statement begins.
const VERBS: [&str; 5] = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH "];

/// What no story can have said: components say it within a transaction, before they serve.
const NOT_TOLD: [&str; 2] = [
    "SELECT type || ' ' || name AS made FROM sqlite_schema \
     WHERE type IN ('trigger', 'view') AND name GLOB '{service}_*'",
    "INSERT INTO {service}_schema VALUES (1, {migrations}, {fold}) \
     ON CONFLICT (one) DO UPDATE SET migrations = {migrations}, fold = {fold}",
];
/// The texts of SQL that no story had a component say, each with its file.
///
/// # Errors
/// When a file cannot be read.
pub fn unseen() -> Result<Vec<String>> {
    let mut said = Vec::new();
    for entry in fs::read_dir(folder())? {
        said.push(fs::read_to_string(entry?.path())?);
    }
    let mut unseen = Vec::new();
    for file in FOLDERS.iter().map(|name| files(&root().join(name))).collect::<Result<Vec<_>>>()?.concat() {
        for text in statements(&fs::read_to_string(&file)?) {
            if !NOT_TOLD.contains(&text.as_str()) && !said.iter().any(|said| fits(&text, said)) {
                unseen.push(format!("{}: {text}", file.display()));
            }
        }
    }
    Ok(unseen)
}

/// Rust files below `folder`, but for tests.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

/// Texts in quotes that begin as a statement does, up to where a file's tests begin.
fn statements(source: &str) -> Vec<String> {
    let tests = source.match_indices("#[cfg(test)]\n").map(|(at, _)| at);
    let is_module = |at: &usize| {
        source
            .get(*at..)
            .is_some_and(|rest| rest.lines().nth(1).is_some_and(|line| line.ends_with("mod tests {")))
    };
    let source = source.get(..tests.into_iter().find(is_module).unwrap_or(source.len())).unwrap_or_default();
    let code: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace("\\\"", "\u{1}").replace("'\"'", "");
    let texts = code.split('"').skip(1).step_by(2).map(|text| text.replace('\u{1}', "\""));
    let texts = texts.map(|text| words(&text.replace("\\\n", " ")));
    texts.filter(|text| VERBS.iter().any(|verb| text.starts_with(verb))).collect()
}

/// Whether `text`, of which `{…}` stands for anything, is in what was said.
fn fits(text: &str, said: &str) -> bool {
    let mut rest = said;
    let mut parts = text.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    parts.all(|part| {
        let part = part.trim();
        let found = rest.split_once(part);
        rest = found.map_or("", |(_, after)| after);
        found.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_sql_are_found_in_a_source() {
        let source = "/// \"SELECT no\"\n\
                      let a = \"SELECT {COLUMNS} FROM a \\\n   WHERE b = '\\\"'\"; let c = \"word\";\n\
                      #[cfg(test)]\nmod tests {\n \"SELECT 1\" }";
        assert_eq!(statements(source), ["SELECT {COLUMNS} FROM a WHERE b = '\"'"]);
    }

    #[test]
    fn what_is_left_open_stands_for_anything() {
        assert!(fits("SELECT {} FROM {0}_a WHERE b = ?{}", "x (SELECT b, c FROM shop_a WHERE b = ?12)"));
        assert!(!fits("SELECT {} FROM {0}_a WHERE b", "SELECT b FROM shop_b WHERE b"));
        assert!(!fits("UPDATE a", "INSERT INTO a"));
    }
}
