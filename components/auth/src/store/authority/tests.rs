//! The trigger `auth_judged`, on SQLite itself: what happens between a handler's look and its statement counts.

use contract::auth::{AuthEvent, Role};
use rusqlite::{Connection, params};
use store::Event;

use super::*;
use crate::store::{FOLD, MIGRATIONS};

pub const ADMIN: u128 = 0xad;
pub const CLERK: u128 = 0xc1;
pub const BUYER: u128 = 0xb0;

/// `sql` with ids in the place of names.
pub fn ids_in(sql: &str) -> String {
    let names = [("'admin'", ADMIN), ("'clerk'", CLERK), ("'buyer'", BUYER)];
    names
        .iter()
        .fold(sql.to_owned(), |sql, (name, id)| sql.replace(name, &format!("'{}'", UserId::from_u128(*id))))
}

/// An ADMIN, a clerk who may only write roles, and a buyer; each has one session, named as they are.
fn accounts() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(&store::script("auth", MIGRATIONS, FOLD)).unwrap();
    db.execute("INSERT INTO auth_roles VALUES ('CLERK', '[\"roles:write\"]')", []).unwrap();
    for (person, role) in [(ADMIN, "ADMIN"), (CLERK, "CLERK"), (BUYER, "BUYER")] {
        let person = UserId::from_u128(person).to_string();
        db.execute("INSERT INTO auth_accounts (id, created_at) VALUES (?1, 'now')", [&person]).unwrap();
        db.execute("INSERT INTO auth_account_roles VALUES (?1, ?2)", [person.as_str(), role]).unwrap();
        let session = "INSERT INTO auth_sessions (id, account_id, token_hash, started_at, rotated_at, expires_at) \
                       VALUES (?1, ?1, '', 'now', 'now', 'then')";
        db.execute(session, [&person]).unwrap();
    }
    db
}

/// Append the event in which `person` makes a role of these `permissions`, touching the account `over`.
fn makes_role(db: &Connection, person: u128, permissions: &[&str], over: Option<u128>) -> Result<(), String> {
    let who = Authority {
        id: UserId::from_u128(person),
        session: SessionId::from_u128(person),
        permissions: Vec::new(),
    };
    let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
    let created = AuthEvent::RoleCreated(Role { role: "NEW".to_owned(), permissions });
    let event = who.judged(
        Event::new("role:NEW", 1, who.id, &created),
        &["roles:write"],
        over.map(UserId::from_u128),
    );
    let (data, private) = (event.data.to_string(), event.private.map(|private| private.to_string()));
    let sql = "INSERT INTO auth_events (id, stream, version, type, data, private, actor, time) \
               VALUES ('1', ?1, ?2, ?3, ?4, ?5, ?6, 'now')";
    let values = params![event.stream, event.version, event.kind, data, private, event.actor];
    db.execute(sql, values).map(drop).map_err(|error| error.to_string())
}

#[test]
fn who_holds_the_right_does_it() {
    assert_eq!(makes_role(&accounts(), ADMIN, &["orders:any"], Some(ADMIN)), Ok(()));
    // What anyone gets at signup is anyone's to pass on.
    assert_eq!(makes_role(&accounts(), CLERK, &["orders:read", "roles:write"], Some(BUYER)), Ok(()));
}

#[test]
fn who_lacks_the_right_or_gives_touches_or_takes_more_does_not() {
    for (person, permissions, over) in
        [(BUYER, &[][..], None), (CLERK, &["orders:any"], None), (CLERK, &["orders:read"], Some(ADMIN))]
    {
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
        db.execute(&ids_in(meanwhile), []).unwrap();
        assert_eq!(makes_role(&db, ADMIN, &["orders:any"], None).unwrap_err(), refusal, "{meanwhile}");
    }
}
