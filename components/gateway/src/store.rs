//! All SQL of the service: the registry.

use clock::Timestamp;
use contract::InstanceId;
use contract::gateway::Offer;
use store::{Db, Error, Row, params};

use crate::domain::Instance;

/// The tables, prefixed `gateway_`.
pub static DB: Db = Db::new("gateway", MIGRATIONS, FOLD);

const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_tables.sql")];
const FOLD: &str = include_str!("../migrations/fold.sql");

/// All instances, in the order of their registration.
pub async fn all() -> Result<Vec<Instance>, Error> {
    const SQL: &str = "SELECT id, name, url, tags, weight, health_path, up, registered_at, seen_at \
        FROM gateway_instances JOIN gateway_heartbeats ON instance_id = id ORDER BY id LIMIT 256";
    DB.query(SQL, params![]).await?.iter().map(instance).collect()
}

fn instance(row: &Row) -> Result<Instance, Error> {
    Ok(Instance {
        id: row.parsed("id")?,
        offer: Offer {
            name: row.text("name")?,
            url: row.text("url")?,
            tags: row.json("tags")?,
            weight: row.int("weight")?,
            health_path: row.opt_text("health_path")?,
        },
        up: row.bool("up")?,
        registered_at: row.parsed("registered_at")?,
        seen_at: row.parsed("seen_at")?,
    })
}

/// Note that the instance was heard of `now`, unless it was last heard of before `since`: then it is as good as gone.
/// Whether the log has it as up; `None` when there is no such instance.
pub async fn heard_of(id: InstanceId, now: Timestamp, since: Timestamp) -> Result<Option<bool>, Error> {
    const SQL: &str = "UPDATE gateway_heartbeats SET seen_at = max(seen_at, ?2) \
        WHERE instance_id = ?1 AND seen_at > ?3 \
        RETURNING (SELECT up FROM gateway_instances WHERE id = instance_id) AS up";
    let row = DB.query_one(SQL, params![id.to_string(), now.to_string(), since.to_string()]).await?;
    row.map(|row| row.bool("up")).transpose()
}

/// Whether a failed append means that another request was faster.
pub fn is_overtaken(error: &Error) -> bool {
    error.is_unique("gateway_instances.name")
        || error.is_unique("gateway_events.version")
        || matches!(error, Error::Refused { code, .. } if code == "overtaken")
}

/// Whether a failed append means that there are as many instances as there may be.
pub fn is_full(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if code == "too_many_instances")
}

#[cfg(test)]
mod tests {
    use super::FOLD;
    use crate::domain::MAX_INSTANCES;

    #[test]
    fn the_fold_has_the_limit_of_the_rules() {
        assert!(FOLD.contains(&format!("(SELECT count(*) FROM gateway_instances) >= {MAX_INSTANCES};")));
    }
}
