//! The scripts that a service's tables are made of, taken apart into statements.

use crate::Error;

/// The first script of every service: its event log, which is its outbox too, and the relay's cursors.
const LOG: &str = crate::sql!("log.sql");

/// The log's triggers, a part of every service's fold.
const LOG_FOLD: &str = crate::sql!("fold.sql");

/// What makes the tables of a service, all named `<service>_…`.
pub(crate) struct Scripts {
    pub service: &'static str,
    /// Tables and indexes, oldest first. Each runs once.
    pub migrations: &'static [&'static str],
    /// Triggers and views, as they are now. Its first line has its number.
    pub fold: &'static str,
}

impl Scripts {
    /// The scripts that run once, oldest first.
    pub fn tables(&self) -> impl Iterator<Item = String> {
        std::iter::once(LOG).chain(self.migrations.iter().copied()).map(|script| named(script, self.service))
    }

    /// The scripts that run anew when the fold's number rises.
    pub fn folds(&self) -> [String; 2] {
        [LOG_FOLD, self.fold].map(|script| named(script, self.service))
    }

    /// The fold's number: its first line begins with `-- Fold <number>,`.
    ///
    /// # Errors
    /// When it does not.
    pub fn fold_number(&self) -> Result<i64, Error> {
        let number = self.fold.strip_prefix("-- Fold ").and_then(|rest| rest.split(',').next()?.parse().ok());
        number.ok_or_else(|| Error::Database(format!("the fold of {} has no number", self.service)))
    }
}

/// All that makes the tables of a service in an empty database, for tests on SQLite itself.
pub fn script(service: &str, migrations: &[&str], fold: &str) -> String {
    let all = [&[LOG], migrations, &[LOG_FOLD, fold]].concat();
    named(&all.join("\n"), service)
}

fn named(script: &str, service: &str) -> String {
    script.replace("{service}", service)
}

/// Split a script: a statement ends with `;` at the end of a line before an empty line or the end. Comments before a
/// statement are left out. (Spin runs only the first statement of a text; a trigger's body has `;` inside, but no empty
/// line.)
pub fn statements(script: &str) -> impl Iterator<Item = &str> {
    script.split(";\n\n").map(without_comments).map(|s| s.trim_end_matches(';')).filter(|s| !s.is_empty())
}

fn without_comments(statement: &str) -> &str {
    let mut rest = statement.trim();
    while let Some(comment) = rest.strip_prefix("--") {
        rest = comment.split_once('\n').map_or("", |(_, after)| after.trim_start());
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_one_statement() {
        let script =
            "CREATE TABLE t(a);\n\nCREATE TRIGGER x AFTER INSERT ON t BEGIN\n SELECT 1;\n SELECT 2;\nEND;\n";
        let all: Vec<_> = statements(script).collect();
        assert_eq!(all.len(), 2);
        assert!(all[1].ends_with("SELECT 2;\nEND"));
    }

    #[test]
    fn comments_before_a_statement_are_left_out() {
        let script = "-- Fold 1\n\n-- A.\nCREATE TABLE a (a); \n\n\
                      -- B\n-- b.\nCREATE TABLE b (\n  b -- c\n);\n-- End.\n";
        let all: Vec<_> = statements(script).collect();
        assert_eq!(all.len(), 1, "{all:?}: the blank after the first `;` joins it with the next");
        let all: Vec<_> = statements("-- A.\n\n-- B.\nCREATE TABLE b (\n  b -- c\n);\n\n-- End.\n").collect();
        assert_eq!(all, ["CREATE TABLE b (\n  b -- c\n)"]);
    }

    #[test]
    fn a_fold_has_its_number_in_the_first_line() {
        let number = |fold| Scripts { service: "shop", migrations: &[], fold }.fold_number();
        assert_eq!(number("-- Fold 12, a1: so.\n\nCREATE").unwrap(), 12);
        for bad in ["", "CREATE TRIGGER x", "-- Fold x, a1", "-- fold 1, a1"] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }
}
