//! Who may use a token, on SQLite itself and with a clock of its own.

use rusqlite::{Connection, OptionalExtension, params};

use contract::DomainEvent;
use contract::auth::AuthEvent;
use serde_json::json;
use store::{Event, NEXT};

use super::*;
use crate::record::accounts::{password_reset, reset_requested};
use crate::record::{of_mail, private_member};
use crate::store::authority::tests::{ADMIN, BUYER, CLERK, ids_in};
use crate::store::{FOLD, MIGRATIONS};

/// When a token was asked for, and when it is worth nothing.
const ASKED: &str = "2026-11-21T05:00:00.000Z";
const LAST: &str = "2026-11-21T05:29:59.999Z";
const OVER: &str = "2026-11-21T05:30:00.000Z";

/// An ADMIN, a clerk who may deal with accounts, and a buyer; each has one session, named as they are.
fn accounts() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(&store::script("auth", MIGRATIONS, FOLD)).unwrap();
    db.execute("INSERT INTO auth_roles VALUES ('CLERK', '[\"users:any\"]')", []).unwrap();
    for (person, role) in [(ADMIN, "ADMIN"), (CLERK, "CLERK"), (BUYER, "BUYER")] {
        let person = UserId::from_u128(person).to_string();
        let account =
            "INSERT INTO auth_accounts (id, email, password_hash, created_at) VALUES (?1, ?1, 'old', 'now')";
        db.execute(account, [&person]).unwrap();
        db.execute("INSERT INTO auth_account_roles VALUES (?1, ?2)", [person.as_str(), role]).unwrap();
        let session = "INSERT INTO auth_sessions (id, account_id, token_hash, started_at, rotated_at, expires_at) \
                       VALUES (?1, ?1, '', 'now', 'now', 'then')";
        db.execute(session, [&person]).unwrap();
    }
    db
}

fn append(db: &Connection, event: &Event, time: &str) -> Result<(), String> {
    let sql = "INSERT INTO auth_events (id, stream, version, type, data, private, actor, time, cause) \
               SELECT hex(randomblob(8)), ?1, (SELECT count(*) + 1 FROM auth_events WHERE stream = ?1), \
               ?2, ?3, ?4, ?5, ?6, ?7";
    let private = event.private.as_ref().map(ToString::to_string);
    let values =
        params![event.stream, event.kind, event.data.to_string(), private, event.actor, time, event.cause];
    db.execute(sql, values).map(drop).map_err(|error| error.to_string())
}

/// A token of the buyer, issued by somebody or mailed.
fn token(db: &Connection, issuer: Option<u128>) -> Reset {
    let (id, account_id) = (ResetId::generate(), UserId::from_u128(BUYER));
    let (by, until) = (issuer.map(UserId::from_u128), Timestamp::parse(OVER).unwrap());
    append(db, &reset_requested(account_id, by, id, "hash", until), ASKED).unwrap();
    Reset { id, account_id, email: String::new(), issued: issuer.is_some() }
}

fn set(db: &Connection, reset: &Reset, hash: &str, time: &str) -> Result<(), String> {
    let found = db.query_row(FIND, [reset.id.to_string(), time.to_owned()], |row| row.get::<_, String>(0));
    let (found, done) = (found.optional().unwrap(), append(db, &password_reset(reset, hash, "new"), time));
    // Whoever is let in by the look is let in by the statement, unless the token is not the one.
    assert!(hash != "hash" || found.is_some() == done.is_ok(), "{found:?} {done:?}");
    done
}

fn one(db: &Connection, sql: &str) -> String {
    db.query_row(&ids_in(sql), [], |row| row.get(0)).unwrap()
}

const SPENT: &str = "reset_token:";

#[test]
fn a_token_sets_the_password_once_and_ends_the_sessions_and_all_other_tokens() {
    let db = accounts();
    let (first, second) = (token(&db, None), token(&db, Some(ADMIN)));
    assert_eq!(set(&db, &second, "another hash", LAST).unwrap_err(), SPENT);
    assert_eq!(set(&db, &second, "hash", LAST), Ok(()));
    assert_eq!(one(&db, "SELECT password_hash || credential FROM auth_accounts WHERE id = 'buyer'"), "new2");
    assert_eq!(one(&db, "SELECT revoked_at FROM auth_sessions WHERE id = 'buyer'"), LAST);
    assert_eq!(
        one(&db, "SELECT group_concat(id) FROM auth_sessions WHERE revoked_at IS NULL"),
        format!("{},{}", UserId::from_u128(ADMIN), UserId::from_u128(CLERK))
    );
    assert_eq!(set(&db, &second, "hash", LAST).unwrap_err(), SPENT);
    assert_eq!(set(&db, &first, "hash", LAST).unwrap_err(), SPENT);
}

#[test]
fn a_token_is_good_for_half_an_hour_and_is_forgotten_then() {
    let db = accounts();
    let reset = token(&db, None);
    assert_eq!(set(&db, &reset, "hash", OVER).unwrap_err(), SPENT);
    let until = Timestamp::parse(OVER).unwrap().plus_seconds(1800);
    append(&db, &reset_requested(UserId::from_u128(ADMIN), None, ResetId::generate(), "hash", until), OVER)
        .unwrap();
    assert_eq!(
        one(&db, "SELECT group_concat(account_id) FROM auth_resets"),
        UserId::from_u128(ADMIN).to_string()
    );
}

#[test]
fn what_changes_whose_the_account_is_ends_its_tokens() {
    let (changed, other) =
        (AuthEvent::PasswordChanged { except: None }, AuthEvent::UserEmailChanged { except: None });
    for event in [changed, other, AuthEvent::UserDisabled {}, AuthEvent::UserErased {}] {
        let kind = event.name();
        let db = accounts();
        let reset = token(&db, None);
        append(&db, &Event::new(UserId::from_u128(BUYER), NEXT, "buyer", &event), ASKED).unwrap();
        assert_eq!(one(&db, "SELECT count(*) || '' FROM auth_resets"), "0", "{kind}");
        assert_eq!(set(&db, &reset, "hash", LAST).unwrap_err(), SPENT, "{kind}");
    }
}

#[test]
fn an_issued_token_is_worth_what_its_issuer_may_do_by_then() {
    for (issuer, meanwhile, good) in [
        (ADMIN, "DELETE FROM auth_account_roles WHERE account_id = 'admin'", false),
        (ADMIN, "UPDATE auth_accounts SET disabled_at = 'now' WHERE id = 'admin'", false),
        (CLERK, "DELETE FROM auth_roles", false),
        // Who is more than the issuer by now is out of their reach; what anyone gets at signup is in it.
        (CLERK, "INSERT INTO auth_account_roles VALUES ('buyer', 'ADMIN')", false),
        (CLERK, "INSERT INTO auth_account_roles VALUES ('buyer', 'SELLER')", true),
        (ADMIN, "INSERT INTO auth_account_roles VALUES ('buyer', 'ADMIN')", true),
    ] {
        let db = accounts();
        let (issued, mailed) = (token(&db, Some(issuer)), token(&db, None));
        db.execute(&ids_in(meanwhile), []).unwrap();
        let done = set(&db, &issued, "hash", LAST);
        assert_eq!(done.is_ok(), good, "{meanwhile}: {done:?}");
        assert_eq!(set(&db, &mailed, "hash", LAST).is_ok(), !good, "{meanwhile}");
    }
}

#[test]
fn a_mail_makes_one_token_and_nobody_gets_one_for_an_account_that_cannot_be_used() {
    let db = accounts();
    let until = Timestamp::parse(OVER).unwrap();
    let mail =
        |account, id| of_mail(reset_requested(UserId::from_u128(account), None, id, "hash", until), id);
    let id = ResetId::generate();
    append(&db, &mail(BUYER, id), ASKED).unwrap();
    assert!(append(&db, &mail(BUYER, id), ASKED).unwrap_err().contains("auth_events.cause"));
    db.execute(&ids_in("UPDATE auth_accounts SET disabled_at = 'now' WHERE id = 'buyer'"), []).unwrap();
    assert_eq!(append(&db, &mail(BUYER, ResetId::generate()), ASKED).unwrap_err(), "account_disabled:");
    assert_eq!(append(&db, &mail(0, ResetId::generate()), ASKED).unwrap_err(), "no_such_user:");
}

#[test]
fn who_issues_a_token_is_judged_in_that_moment() {
    let until = Timestamp::parse(OVER).unwrap();
    let by = |issuer, over| {
        let (session, over) = (UserId::from_u128(issuer), UserId::from_u128(over));
        let event = reset_requested(over, Some(session), ResetId::generate(), "hash", until);
        private_member(event, "by", json!({ "session": session, "needs": ["users:any"], "over": over }))
    };
    let db = accounts();
    assert_eq!(append(&db, &by(CLERK, BUYER), ASKED), Ok(()));
    assert_eq!(append(&db, &by(CLERK, ADMIN), ASKED).unwrap_err(), "not_permitted:");
    assert_eq!(append(&db, &by(BUYER, CLERK), ASKED).unwrap_err(), "not_permitted:");
    db.execute(&ids_in("DELETE FROM auth_account_roles WHERE account_id = 'clerk'"), []).unwrap();
    assert_eq!(append(&db, &by(CLERK, BUYER), ASKED).unwrap_err(), "not_permitted:");
}
