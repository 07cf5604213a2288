//! Counting tries, on SQLite itself and with a clock of its own.

use rusqlite::{Connection, params_from_iter, types::Value};

use store::Event;

use super::*;
use crate::record::given_back;
use crate::store::{FOLD, MIGRATIONS};

const MINUTE: i64 = 60_000;

/// The service's tables with one account (`alice`) that has a live session at `home`.
fn accounts() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(&store::script("auth", MIGRATIONS, FOLD)).unwrap();
    db.execute_batch(
        "INSERT INTO auth_accounts (id, email_hash, created_at) VALUES ('alice', 'alice', 'now'); \
         INSERT INTO auth_sessions (id, account_id, token_hash, origin, started_at, rotated_at, expires_at) \
         VALUES ('s', 'alice', '', 'home', 'now', 'now', '9')",
    )
    .unwrap();
    db
}

/// A try at `account` from `address` at a moment in ms; whether it is let in.
fn try_at(db: &Connection, account: &str, address: Option<&str>, now: i64) -> bool {
    let text = |text: String| Value::Text(text);
    let params = vec![
        text(own(account, address)),
        text(format!("strangers {account}")),
        address.map_or(Value::Null, |address| text(address.to_owned())),
        text(account.to_owned()),
        Value::Integer(now),
        text("1".to_owned()),
        Value::Integer(FORGET_MS),
        Value::Integer(FREE_TRIES),
        Value::Integer(FREE_ACCOUNTS),
        Value::Integer(FIRST_PAUSE_MS),
        Value::Integer(MAX_DOUBLINGS),
    ];
    let mut statement = db.prepare(&[WHO, CLAIM].concat()).unwrap();
    let mut rows = statement.query(params_from_iter(params)).unwrap();
    let mut counted = 0;
    while rows.next().unwrap().is_some() {
        counted += 1;
    }
    counted > 0
}

fn own(account: &str, address: Option<&str>) -> String {
    format!("login {} {account}", address.unwrap_or_default())
}

/// What the event of a right password does.
fn proves(db: &Connection, account: &str, address: &str) {
    let tries = Tries {
        own: own(account, Some(address)),
        strangers: Some(format!("strangers {account}")),
        address: Some(address.to_owned()),
    };
    let event = given_back(Event::kept("x", 1, "a", "session.proven", serde_json::json!({})), &tries);
    let sql = "INSERT INTO auth_events (id, stream, version, type, data, private, actor, time) \
               SELECT hex(randomblob(8)), hex(randomblob(8)), 1, 'session.proven', '{}', ?1, 'a', 'now'";
    db.execute(sql, [event.private.unwrap().to_string()]).unwrap();
}

fn let_in(tries: impl Iterator<Item = bool>) -> usize {
    tries.filter(|let_in| *let_in).count()
}

#[test]
fn an_account_is_slowed_across_addresses_known_or_not() {
    for account in ["alice", "nobody"] {
        let db = accounts();
        let tries = (0..40).map(|n| try_at(&db, account, Some(&format!("a{n}")), n));
        assert_eq!(let_in(tries), 10, "{account}");
        // One more after the pause, which then is longer.
        assert!(try_at(&db, account, Some("b"), 2000));
        assert!(!try_at(&db, account, Some("c"), 3100) && try_at(&db, account, Some("c"), 4100));
    }
}

#[test]
fn strangers_do_not_lock_the_owner_out() {
    let db = accounts();
    (0..40).for_each(|n| _ = try_at(&db, "alice", Some(&format!("a{n}")), n));
    assert_eq!(let_in((0..40).map(|n| try_at(&db, "alice", Some("home"), n))), 10, "home counts by itself");
    // Once the session has ended, home is an address as any other.
    db.execute("UPDATE auth_sessions SET revoked_at = 'now'", []).unwrap();
    assert!(!try_at(&db, "alice", Some("home"), 50));
}

#[test]
fn an_address_is_slowed_across_accounts() {
    let db = accounts();
    let tries = (0..60).map(|n| try_at(&db, &format!("u{n}"), Some("a"), n));
    assert_eq!(let_in(tries), 30);
    assert!(try_at(&db, "u60", Some("b"), 60), "another address is not concerned");
    // A list of accounts goes on at a try per pause: 1 s, 2 s, 4 s, up to 17 minutes.
    let hour = (0..60 * 60).map(|s| try_at(&db, &format!("v{s}"), Some("a"), 100 + s * 1000));
    assert!((10..=15).contains(&let_in(hour)));
}

#[test]
fn an_address_counts_accounts_not_tries_and_those_that_are_at_home_there_not_at_all() {
    let db = accounts();
    for n in 0..29 {
        assert!(
            try_at(&db, &format!("u{n}"), Some("home"), n) && try_at(&db, &format!("u{n}"), Some("home"), n)
        );
    }
    assert_eq!(let_in((0..9).map(|n| try_at(&db, "alice", Some("home"), n))), 9);
    assert!(try_at(&db, "u29", Some("home"), 30), "it is the thirtieth");
    assert!(!try_at(&db, "u30", Some("home"), 31));
    assert!(try_at(&db, "alice", Some("home"), 31), "alice is at home there");
}

#[test]
fn a_right_password_gives_back_what_led_to_it_and_no_more() {
    let db = accounts();
    (0..7).for_each(|n| _ = try_at(&db, "alice", Some("attacker"), n));
    assert!(try_at(&db, "alice", Some("hotel"), 10) && try_at(&db, "alice", Some("hotel"), 11));
    proves(&db, "alice", "hotel");
    // Three are left to the attacker, as if alice had not been there.
    assert_eq!(let_in((20..30).map(|n| try_at(&db, "alice", Some("attacker"), n))), 3);
    // Logging in oneself does not let one go on through a list of accounts.
    (0..29).for_each(|n| _ = try_at(&db, &format!("u{n}"), Some("list"), n));
    for _ in 0..5 {
        assert!(try_at(&db, "mallory", Some("list"), 40));
        proves(&db, "mallory", "list");
    }
    assert!(try_at(&db, "u29", Some("list"), 41));
    assert!(!try_at(&db, "u30", Some("list"), 42));
}

#[test]
fn tries_are_forgotten_after_an_hour_without_one() {
    let db = accounts();
    (0..60).for_each(|n| _ = try_at(&db, "nobody", Some(&format!("a{n}")), n));
    let later = FORGET_MS + 2 * MINUTE;
    assert_eq!(let_in((0..20).map(|n| try_at(&db, "nobody", Some(&format!("b{n}")), later + n))), 10);
}

#[test]
fn an_address_that_nobody_tells_is_not_counted_as_one() {
    let db = accounts();
    assert_eq!(let_in((0..60).map(|n| try_at(&db, &format!("u{n}"), None, n))), 60);
    assert_eq!(let_in((0..60).map(|n| try_at(&db, "alice", None, n))), 10);
}
