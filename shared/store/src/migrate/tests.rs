//! Two versions of a service and one database, on SQLite itself.

use rusqlite::{Connection, types::ValueRef};
use spin_sdk::sqlite::wit::sqlite::QueryResult;
use spin_sdk::sqlite::{RowResult, Value};

use super::*;

/// The first version: a trigger counts what is sold.
const FIRST: Scripts = Scripts {
    service: "shop",
    migrations: &["CREATE TABLE shop_sold (count INTEGER NOT NULL);\n\nINSERT INTO shop_sold VALUES (0);\n"],
    fold: "-- Fold 1, a: x.\n\nCREATE TRIGGER shop_counts AFTER INSERT ON shop_events BEGIN\n\
           UPDATE shop_sold SET count = count + 1;\nEND;\n\n\
           CREATE VIEW shop_twice AS SELECT 2 * count AS n FROM shop_sold;\n",
};
/// The second one counts in tens, by a trigger of another name, and makes of what was counted before what it would be.
const SECOND: Scripts = Scripts {
    service: "shop",
    migrations: &[
        FIRST.migrations[0],
        "UPDATE shop_sold SET count = count * 10;\n\n\
         INSERT INTO shop_events (id, stream, version, type, data, actor, time) \
         VALUES (0, 'migrated', 1, 'x', '{}', 'x', 'now');\n",
    ],
    fold: "-- Fold 2, b: x.\n\nCREATE TRIGGER shop_counts_tens AFTER INSERT ON shop_events BEGIN\n\
           UPDATE shop_sold SET count = count + 10;\nEND;\n\n\
           CREATE VIEW shop_twice AS SELECT 20 * count AS n FROM shop_sold;\n",
};

fn run(db: &Connection, sql: &str) -> Result<Vec<Row>, Error> {
    let error = |error: rusqlite::Error| Error::Database(error.to_string());
    let mut statement = db.prepare(sql).map_err(error)?;
    let columns: Vec<_> = statement.column_names().into_iter().map(str::to_owned).collect();
    let value = |row: &rusqlite::Row<'_>, at| {
        Ok(match row.get_ref(at)? {
            ValueRef::Integer(number) => Value::Integer(number),
            other => Value::Text(other.as_str()?.to_owned()),
        })
    };
    let rows = statement.query_map([], |row| {
        let values = (0..columns.len()).map(|at| value(row, at));
        values.collect::<rusqlite::Result<_>>().map(|values| RowResult { values })
    });
    let rows = rows.map_err(error)?.collect::<Result<_, _>>().map_err(error)?;
    Ok(Row::all(QueryResult { columns, rows }))
}

/// An instance of a version opens the database.
fn open(db: &Connection, version: &Scripts) -> Result<(), Error> {
    up(&|sql| run(db, sql), version)
}

fn sell(db: &Connection, stream: &str) {
    let sql = "INSERT INTO shop_events (id, stream, version, type, data, actor, time) \
               VALUES (?1, ?1, 1, 'x', '{}', 'x', 'now')";
    db.execute(sql, [stream]).unwrap();
}

fn number(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn sold(db: &Connection) -> i64 {
    number(db, "SELECT count FROM shop_sold")
}

/// The triggers and views of all services.
fn made(db: &Connection) -> String {
    let sql =
        "SELECT group_concat(name || ' ' || sql, '; ') FROM sqlite_schema WHERE type IN ('trigger', 'view')";
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Two connections to one file, and the folder that it is in.
fn two() -> (tempfile::TempDir, Connection, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let db = Connection::open(folder.path().join("x.db")).unwrap();
        db.execute_batch("PRAGMA journal_mode = WAL").unwrap();
        db
    };
    let both = (open(), open());
    (folder, both.0, both.1)
}

#[test]
fn an_empty_database_gets_tables_and_fold_once() {
    let db = Connection::open_in_memory().unwrap();
    for _ in 0..2 {
        open(&db, &FIRST).unwrap();
    }
    sell(&db, "a");
    assert_eq!((sold(&db), number(&db, "SELECT n FROM shop_twice")), (1, 2));
    assert_eq!(number(&db, "SELECT 100 * migrations + fold FROM shop_schema"), 201);
    assert!(
        db.execute("DELETE FROM shop_events", []).is_err(),
        "the log's own triggers are a part of the fold"
    );
}

#[test]
fn a_higher_number_makes_the_fold_anew_and_only_this_services() {
    let db = Connection::open_in_memory().unwrap();
    open(&db, &FIRST).unwrap();
    let others = "CREATE TABLE shopping (a); CREATE TRIGGER shopping_a AFTER INSERT ON shopping BEGIN SELECT 1; END; \
                  CREATE VIEW workshop_v AS SELECT 1";
    db.execute_batch(others).unwrap();
    sell(&db, "a");
    open(&db, &SECOND).unwrap();
    assert_eq!(sold(&db), 10, "no trigger, old or new, ran while the tables changed");
    sell(&db, "b");
    assert_eq!((sold(&db), number(&db, "SELECT n FROM shop_twice")), (20, 400));
    let made = made(&db);
    assert!(made.contains("shopping_a") && made.contains("workshop_v"), "{made}");
    assert!(made.contains("shop_counts_tens") && !made.contains("count + 1;"), "{made}");
}

#[test]
fn while_a_newer_version_runs_the_older_goes_on_and_never_comes_back() {
    let (_folder, older, newer) = two();
    open(&older, &FIRST).unwrap();
    sell(&older, "a");
    open(&newer, &SECOND).unwrap();
    let after = made(&newer);
    // The connection that was open goes on, by the newer fold.
    sell(&older, "b");
    sell(&newer, "c");
    assert_eq!((sold(&older), sold(&newer)), (30, 30));
    // A new instance of the older version is refused, on whatever connection, and changes nothing.
    let another = Connection::open(newer.path().unwrap()).unwrap();
    for db in [&older, &another] {
        let refused = open(db, &FIRST).unwrap_err();
        assert!(matches!(refused, Error::Newer { found: 3, known: 2, .. }), "{refused}");
    }
    assert_eq!(made(&another), after);
    open(&another, &SECOND).unwrap();
}

#[test]
fn a_lower_fold_is_refused_though_its_tables_are_newer_and_the_other_way_round() {
    let db = Connection::open_in_memory().unwrap();
    open(&db, &Scripts { fold: SECOND.fold, ..FIRST }).unwrap();
    let (before, mixed) = (made(&db), Scripts { fold: FIRST.fold, ..SECOND });
    let refused = open(&db, &mixed).unwrap_err();
    assert!(matches!(refused, Error::Newer { what: "fold", found: 2, known: 1, .. }), "{refused}");
    assert_eq!((made(&db), number(&db, "SELECT migrations FROM shop_schema")), (before, 2));
}

#[test]
fn who_waited_for_another_version_looks_again() {
    let (_folder, older, newer) = two();
    open(&newer, &SECOND).unwrap();
    // What the older version found before it got the lock.
    let known = known(&FIRST).unwrap();
    let refused = apply(&|sql| run(&older, sql), &FIRST, known).unwrap_err();
    assert!(matches!(refused, Error::Newer { .. }), "{refused}");
    assert!(made(&older).contains("shop_counts_tens"));
}

#[test]
fn tables_of_0_1_0_are_refused() {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(
        "CREATE TABLE shop_migrations (number INTEGER PRIMARY KEY); CREATE TABLE shop_events (a)",
    )
    .unwrap();
    let refused = open(&db, &FIRST).unwrap_err();
    assert!(matches!(&refused, Error::Unreleased { service } if service == "shop"), "{refused}");
    assert!(refused.to_string().contains("empty database"), "{refused}");
    assert_eq!(number(&db, "SELECT count(*) FROM sqlite_schema"), 2);
}

#[test]
fn what_a_store_without_a_module_lacks_is_left_out_of_tables_and_fold() {
    let tail = "\nSELECT 1 FROM shop_search LIMIT 0;\n\n\
                CREATE TRIGGER shop_search_new AFTER INSERT ON shop_events BEGIN\n\
                INSERT INTO shop_search VALUES (NEW.stream);\nEND;\n";
    let version = |module: &str, number: i64| Scripts {
        service: "shop",
        migrations: vec![
            FIRST.migrations[0],
            format!(
                "-- Words.\nCREATE VIRTUAL TABLE shop_search USING {module} (text);\n\n\
                 INSERT INTO shop_search VALUES ('x');\n"
            )
            .leak(),
            "CREATE TABLE shop_b (b);\n",
        ]
        .leak(),
        fold: (FIRST.fold.replace("Fold 1", &format!("Fold {number}")) + tail).leak(),
    };
    for (module, is_there) in [("fts99", false), ("fts5", true)] {
        let db = Connection::open_in_memory().unwrap();
        for number in 1..3 {
            open(&db, &version(module, number)).unwrap();
            sell(&db, &format!("a{number}"));
            assert_eq!((sold(&db), number_of_b(&db)), (number, 0));
            assert_eq!(made(&db).contains("shop_search_new"), is_there, "{module} {number}");
        }
        if is_there {
            assert_eq!(number(&db, "SELECT count(*) FROM shop_search"), 3, "it is not made anew");
        }
    }
}

fn number_of_b(db: &Connection) -> i64 {
    number(db, "SELECT count(*) FROM shop_b")
}

#[test]
fn any_other_failure_undoes_all() {
    let broken = [
        "CREATE NONSENSE;\n",
        "SELECT nothing;\n",
        "CREATE TABLE shop_c (c);\n\nSELECT 1 FROM shop_d WHERE;\n",
    ];
    for bad in broken {
        let db = Connection::open_in_memory().unwrap();
        let migrations = Scripts { migrations: vec![bad].leak(), ..FIRST };
        let fold = Scripts { fold: format!("-- Fold 1, a: x.\n\n{bad}").leak(), ..FIRST };
        let lost = Scripts {
            fold: "-- Fold 1, a: x.\n\nCREATE TRIGGER shop_x AFTER INSERT ON shop_gone BEGIN\nSELECT 1;\nEND;\n",
            ..FIRST
        };
        for version in [migrations, fold, lost] {
            assert!(matches!(open(&db, &version), Err(Error::Database(_))), "{bad}");
            assert_eq!(number(&db, "SELECT count(*) FROM sqlite_schema"), 0);
        }
        open(&db, &FIRST).unwrap();
    }
}
