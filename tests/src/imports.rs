//! Who imports whom: `domain` knows nothing of what is around it, and no two files of a crate import each other in a
//! circle, at once or by way of others. A module and its own parts may.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// Where crates are.
const FOLDERS: [&str; 4] = ["components", "shared", "infra", "."];
/// Whose circles are left as they are: its files are the parts of one linker.
const EXEMPT: &str = "host";
/// What the rules of a component must not know.
const AROUND: [&str; 3] = ["api", "error", "store"];

/// A module by its path in the crate; the crate itself is empty.
type Module = Vec<String>;

/// The modules of a crate that have a file of their own, with the modules that each imports.
struct Imports(BTreeMap<Module, BTreeSet<Module>>);

impl Imports {
    /// Those of the crate whose source is here.
    fn of(source: &Path) -> Self {
        let files: BTreeMap<_, _> =
            files(source).into_iter().map(|file| (module(source, &file), file)).collect();
        let imports = |module: &Module, file: &Path| {
            let code = code(&fs::read_to_string(file).unwrap());
            let found = paths(&code).into_iter().map(|path| deepest(&files, &absolute(module, &path)));
            found.filter(|other| !is_family(module, other)).collect()
        };
        Self(files.iter().map(|(module, file)| (module.clone(), imports(module, file))).collect())
    }

    /// What is left when all are taken away that import nobody who is left, or that nobody who is left imports.
    fn circles(mut self) -> Vec<String> {
        loop {
            let imported: BTreeSet<_> = self.0.values().flatten().cloned().collect();
            let ends = |module: &Module, others: &BTreeSet<Module>| {
                !imported.contains(module) || !others.iter().any(|other| self.0.contains_key(other))
            };
            let ended: Vec<_> =
                self.0.iter().filter(|(m, others)| ends(m, others)).map(|(m, _)| m.clone()).collect();
            if ended.is_empty() {
                return self.0.keys().map(|module| module.join("::")).collect();
            }
            self.0.retain(|module, _| !ended.contains(module));
        }
    }
}

/// The crates of the workspace, each by the folder of its source.
fn crates() -> Vec<PathBuf> {
    let folders = FOLDERS.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let sources = folders.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with(EXEMPT));
    sources.map(|path| path.join("src")).filter(|source| source.is_dir()).collect()
}

/// The files of a crate, but for tests.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries
        .flat_map(below)
        .filter(|path| path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs"))
        .collect()
}

fn module(source: &Path, file: &Path) -> Module {
    let path = file.strip_prefix(source).unwrap().with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    parts.filter(|part| part != "lib" && part != "main").collect()
}

/// A file without comments and tests.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").or_else(|| text.find("#[cfg(test)]\npub mod tests {"));
    let lines = text[..end.unwrap_or(text.len())].lines();
    lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The paths that begin with `crate` or `super`, in `use` and elsewhere; those of `{…}` one by one.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = ["crate::", "super::"].iter().filter_map(|start| rest.find(start)).min() {
        rest = tree(&rest[at..], &[], &mut found);
    }
    found
}

/// Read one path, or all of a `{…}`, behind `before`; what follows it.
fn tree<'a>(text: &'a str, before: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(rest.trim_start(), before, found);
            match rest.find([',', '}']) {
                Some(at) if rest[at..].starts_with(',') => rest = &rest[at + 1..],
                Some(at) => return &rest[at + 1..],
                None => return rest,
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let path = [before, &[text[..end].to_owned()]].concat();
    match text[end..].strip_prefix("::") {
        Some(rest) if rest.starts_with(|c: char| c.is_alphabetic() || c == '{') => tree(rest, &path, found),
        _ => {
            found.push(path);
            &text[end..]
        }
    }
}

/// A path of `module`, as the crate's root would write it without `crate`.
fn absolute(module: &Module, path: &[String]) -> Module {
    let mut whole = module.clone();
    for part in path {
        match part.as_str() {
            "crate" => whole.clear(),
            "super" => _ = whole.pop(),
            part => whole.push(part.to_owned()),
        }
    }
    whole
}

/// The file in which a path leads.
fn deepest(files: &BTreeMap<Module, PathBuf>, path: &Module) -> Module {
    let mut path = path.clone();
    while !files.contains_key(&path) && !path.is_empty() {
        path.pop();
    }
    path
}

/// Whether one is a part of the other.
fn is_family(one: &Module, other: &Module) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[test]
fn the_rules_of_a_component_know_nothing_of_what_is_around_them() {
    for source in crates() {
        let Imports(modules) = Imports::of(&source);
        for (module, others) in
            modules.iter().filter(|(module, _)| module.first().is_some_and(|it| it == "domain"))
        {
            let around =
                others.iter().find(|other| other.first().is_some_and(|it| AROUND.contains(&it.as_str())));
            assert_eq!(around, None, "{}: {}", source.display(), module.join("::"));
        }
    }
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    for source in crates() {
        assert_eq!(Imports::of(&source).circles(), Vec::<String>::new(), "{}", source.display());
    }
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "use crate::{a::{self, B as C}, d};\nuse super::e; // use crate::no\nlet x = crate::f::g();\n\
                #[cfg(test)]\nmod tests {\n use crate::no; }";
    let found: Vec<_> = paths(&code(text)).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["crate::a::self", "crate::a::B", "crate::d", "super::e", "crate::f::g"]);
}

#[test]
fn a_circle_is_found_and_what_only_leads_there_is_not() {
    let one = |name: &str| vec![name.to_owned()];
    let imports = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")];
    let mut all: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::from([(one("d"), BTreeSet::new())]);
    for (from, to) in imports {
        all.entry(one(from)).or_default().insert(one(to));
    }
    assert_eq!(Imports(all).circles(), ["b", "c"]);
}
