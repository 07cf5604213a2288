//! The trigger `auth_judged`, on SQLite itself: what happens between a handler's look and its statement counts.

use contract::auth::{AuthEvent, Role};
use rusqlite::{Connection, params};
use store::Event;

use super::*;
use crate::store::{FOLD, MIGRATIONS};

/// An ADMIN, a clerk who may only write roles, and a buyer; each has one session, named as they are.
fn accounts() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(&store::script("auth", MIGRATIONS, FOLD)).unwrap();
    db.execute("INSERT INTO auth_roles VALUES ('CLERK', '[\"roles:write\"]')", []).unwrap();
    for (person, role) in [("admin", "ADMIN"), ("clerk", "CLERK"), ("buyer", "BUYER")] {
        db.execute("INSERT INTO auth_accounts (id, created_at) VALUES (?1, 'now')", [person]).unwrap();
        db.execute("INSERT INTO auth_account_roles VALUES (?1, ?2)", [person, role]).unwrap();
        let session = "INSERT INTO auth_sessions (id, account_id, token_hash, started_at, rotated_at, expires_at) \
                       VALUES (?1, ?1, '', 'now', 'now', 'then')";
        db.execute(session, [person]).unwrap();
    }
    db
}

/// Append the event in which `person` makes a role of these `permissions`, touching the account `over`.
fn makes_role(db: &Connection, person: &str, permissions: &[&str], over: Option<&str>) -> Result<(), String> {
    let who = Authority { id: person.to_owned(), session: person.to_owned(), permissions: Vec::new() };
    let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
    let created = AuthEvent::RoleCreated(Role { role: "NEW".to_owned(), permissions });
    let event = who.judged(Event::new("role:NEW", 1, person, &created), &["roles:write"], over);
    let (data, private) = (event.data.to_string(), event.private.map(|private| private.to_string()));
    let sql = "INSERT INTO auth_events (id, stream, version, type, data, private, actor, time) \
               VALUES ('1', ?1, ?2, ?3, ?4, ?5, ?6, 'now')";
    let values = params![event.stream, event.version, event.kind, data, private, event.actor];
    db.execute(sql, values).map(drop).map_err(|error| error.to_string())
}

#[test]
fn who_holds_the_right_does_it() {
    assert_eq!(makes_role(&accounts(), "admin", &["orders:any"], Some("admin")), Ok(()));
    // What anyone gets at signup is anyone's to pass on.
    assert_eq!(makes_role(&accounts(), "clerk", &["orders:read", "roles:write"], Some("buyer")), Ok(()));
}

#[test]
fn who_lacks_the_right_or_gives_touches_or_takes_more_does_not() {
    for (person, permissions, over) in [
        ("buyer", &[][..], None),
        ("clerk", &["orders:any"], None),
        ("clerk", &["orders:read"], Some("admin")),
    ] {
        let refused = makes_role(&accounts(), person, permissions, over).unwrap_err();
        assert_eq!(refused, "not_permitted:", "{person} {permissions:?} {over:?}");
    }
}

#[test]
fn what_was_taken_after_the_handler_looked_counts() {
    for (meanwhile, refusal) in [
        ("DELETE FROM auth_account_roles WHERE account_id = 'admin'", "not_permitted:"),
        ("UPDATE auth_sessions SET revoked_at = 'now' WHERE id = 'admin'", "actor_gone:"),
        ("UPDATE auth_accounts SET disabled_at = 'now' WHERE id = 'admin'", "actor_gone:"),
    ] {
        let db = accounts();
        db.execute(meanwhile, []).unwrap();
        assert_eq!(makes_role(&db, "admin", &["orders:any"], None).unwrap_err(), refusal, "{meanwhile}");
    }
}
