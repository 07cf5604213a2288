//! The scripts that make the services' tables: each fold has the number of its text, and each statement runs.

use rusqlite::{Batch, Connection, fallible_iterator::FallibleIterator};
use sha2::{Digest, Sha256};
use tests::root;

/// A script's place and text.
fn scripts() -> Vec<(String, String)> {
    let mut folders = vec![root().join("shared/store/src")];
    let components = std::fs::read_dir(root().join("components")).unwrap();
    folders.extend(components.map(|entry| entry.unwrap().path().join("migrations")));
    let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let paths = files.map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.strip_prefix(root()).unwrap().display().to_string(), text)
        })
        .collect();
    all.sort();
    all
}

fn folds() -> impl Iterator<Item = (String, String)> {
    scripts().into_iter().filter(|(path, _)| path.ends_with("migrations/fold.sql"))
}

/// The first line of a fold: its number, the digest of what the number stands for, and what to do.
fn first_line(fold: &str) -> (i64, &str, &str) {
    let first = fold.strip_prefix("-- Fold ").unwrap().lines().next().unwrap();
    let (number, rest) = first.split_once(", ").unwrap();
    let (digest, advice) = rest.split_once(": ").unwrap();
    (number.parse().unwrap(), digest, advice)
}

/// Of the statements that a number stands for: those of every service's log, and the service's own.
fn digest(fold: &str) -> String {
    let log = std::fs::read_to_string(root().join("shared/store/src/fold.sql")).unwrap();
    let all: Vec<_> = store::statements(&log).chain(store::statements(fold)).collect();
    Sha256::digest(all.join(";")).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// A database that was migrated before gets another fold under a higher number only.
#[test]
fn a_fold_that_is_changed_has_another_number() {
    let mut faults = Vec::new();
    for (path, fold) in folds() {
        let ((number, said, advice), digest) = (first_line(&fold), digest(&fold));
        if said != digest {
            faults.push(format!(
                "{path}: its statements, or those of shared/store/src/fold.sql, have changed. \
                 If its number is still {number} on main, raise it, so that databases get the new ones, \
                 and write the new digest behind it:\n\
                 -- Fold {}, {digest}: {advice}",
                number + 1
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(folds().count(), contract::SERVICES.len());
}

/// Spin runs the first statement of a text, and nothing of what comes after it. And a fold that is made anew drops what
/// is named after its service.
#[test]
fn each_part_of_a_script_is_one_statement_and_makes_what_is_the_services_own() {
    for (path, _) in folds() {
        let service = path.split('/').nth(1).unwrap();
        let db = Connection::open_in_memory().unwrap();
        for statement in store::statements(&tests::script(service).unwrap()) {
            let (mut batch, mut count) = (Batch::new(&db, statement), 0);
            while let Some(mut one) = batch.next().unwrap() {
                one.raw_query().next().unwrap();
                count += 1;
            }
            assert_eq!(count, 1, "{path}: {statement}");
        }
        let others = "SELECT count(*) FROM sqlite_schema WHERE name NOT GLOB ?1 AND name NOT GLOB 'sqlite_*'";
        let others: i64 = db.query_row(others, [format!("{service}_*")], |row| row.get(0)).unwrap();
        assert_eq!(others, 0, "{service}");
    }
}

#[test]
fn triggers_and_views_are_in_folds_and_tables_are_not() {
    for (path, text) in scripts() {
        for statement in store::statements(&text) {
            let is_fold = ["CREATE TRIGGER ", "CREATE VIEW "].iter().any(|verb| statement.starts_with(verb));
            let is_table = !is_fold && statement.starts_with("CREATE ");
            let wrong = if path.ends_with("fold.sql") { is_table } else { is_fold };
            assert!(!wrong, "{path}: {statement}");
        }
    }
}
