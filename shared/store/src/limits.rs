//! Leases of a limit: how many requests an instance may let through without asking the database again.

use uuid::Uuid;

use crate::{Db, Error, Row, params};

/// Past rows that are deleted at a time. An instance deletes once a minute, and makes fewer rows in its life than this:
/// it answers some hundred requests. So the table shrinks.
const FORGOTTEN_AT_ONCE: i64 = 1000;

/// A part of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// How many requests it is good for: at least one.
    pub granted: i64,
    /// How many of the limit nobody has leased yet.
    pub rest: i64,
}

impl Db {
    /// Lease up to `block` of the `limit` that `key` has in `minute`; `None` when nothing is left. One
    /// statement, so that instances that ask at once never get more than there is.
    pub async fn lease(
        &'static self,
        key: &str,
        minute: i64,
        block: i64,
        limit: i64,
    ) -> Result<Option<Lease>, Error> {
        let row = self.query_one(&lease(self.service()), params![minute, key, block, limit]).await?;
        // No event follows that would bring a checkpoint, so leases have their own share of them.
        self.logged(i64::try_from(Uuid::now_v7().as_u64_pair().1 >> 2).unwrap_or(1));
        let read = |row: Row| Ok(Lease { granted: row.int("granted")?, rest: row.int("rest")? });
        row.map(read).transpose()
    }

    /// Forget leases of what was before `minute`.
    pub async fn forget_leases(&self, minute: i64) -> Result<(), Error> {
        self.execute(&forget(self.service()), params![minute, FORGOTTEN_AT_ONCE]).await
    }
}

/// `used` grows by whole blocks, so that it tells what was granted: of the last block only what the limit has left.
fn lease(service: &str) -> String {
    format!(
        "INSERT INTO {service}_limits (minute, key, used) VALUES (?1, ?2, ?3) \
         ON CONFLICT (minute, key) DO UPDATE SET used = used + ?3 WHERE used < ?4 \
         RETURNING ?3 - max(0, used - ?4) AS granted, max(0, ?4 - used) AS rest"
    )
}

fn forget(service: &str) -> String {
    format!(
        "DELETE FROM {service}_limits WHERE (minute, key) IN \
           (SELECT minute, key FROM {service}_limits WHERE minute < ?1 ORDER BY minute LIMIT ?2)"
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, OptionalExtension};

    use super::*;

    fn tables() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&crate::script("shop", &[], "")).unwrap();
        db
    }

    fn leased(db: &Connection, key: &str, minute: i64, block: i64, limit: i64) -> Option<(i64, i64)> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        db.query_row(&lease("shop"), (minute, key, block, limit), read).optional().unwrap()
    }

    #[test]
    fn all_of_a_limit_is_leased_and_never_more() {
        for (limit, blocks) in [(1, [1, 1]), (10, [3, 3]), (10, [4, 3]), (600, [9, 1]), (601, [9, 8])] {
            let db = tables();
            let mut granted = 0;
            for block in blocks.iter().cycle() {
                let Some((more, rest)) = leased(&db, "a", 7, *block, limit) else { break };
                assert!((1..=*block).contains(&more));
                granted += more;
                assert_eq!(rest, limit - granted);
            }
            assert_eq!(granted, limit, "{blocks:?}");
            assert_eq!(leased(&db, "a", 7, 1, limit), None);
        }
    }

    #[test]
    fn keys_and_minutes_have_limits_of_their_own() {
        let db = tables();
        for (key, minute) in [("a", 7), ("b", 7), ("a", 8), ("a", 6)] {
            assert_eq!(leased(&db, key, minute, 1, 1), Some((1, 0)));
            assert_eq!(leased(&db, key, minute, 1, 1), None);
        }
    }

    #[test]
    fn past_minutes_are_forgotten_oldest_first() {
        let db = tables();
        for minute in 1..=4 {
            leased(&db, "a", minute, 1, 1);
        }
        let left = |db: &Connection| -> String {
            db.query_row("SELECT group_concat(minute) FROM shop_limits", (), |row| row.get(0)).unwrap()
        };
        db.execute(&forget("shop"), (4, 2)).unwrap();
        assert_eq!(left(&db), "3,4");
        db.execute(&forget("shop"), (4, 2)).unwrap();
        assert_eq!(left(&db), "4");
    }
}
