//! All SQL of the service.

use store::{Db, Error, Row, Timestamp, Value, params};

use crate::domain::{Entry, Filter};

/// The tables, prefixed `audit_`.
pub static DB: Db = Db::new("audit", &[include_str!("../migrations/0001_audit.sql")]);

const COLUMNS: &str = "seq, received_at, event";

fn entry(row: &Row) -> Result<Entry, Error> {
    Ok(Entry { seq: row.int(0)?, received_at: row.text(1)?, event: row.json(2)? })
}

/// Put a batch (a JSON array of CloudEvents) into the log, in its order; how many were new.
///
/// One statement: it is on the path of every event of the system, and the batch is in the log or it is not.
pub async fn record(batch: String) -> Result<usize, Error> {
    const SQL: &str = "INSERT INTO audit_log (source, id, type, subject, actor, time, received_at, event) \
        SELECT value ->> 'source', value ->> 'id', value ->> 'type', value ->> 'subject', value ->> 'actor', \
          coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', value ->> 'time'), ?2), ?2, value \
        FROM json_each(?1) WHERE true ORDER BY key \
        ON CONFLICT (id, source) DO NOTHING RETURNING 1";
    let rows = DB.query(SQL, params![batch, Timestamp::now().to_string()]).await?;
    Ok(rows.len())
}

/// The event with this id; the first that came, should several sources use the same.
pub async fn find(id: &str) -> Result<Option<Entry>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM audit_log WHERE id = ?1 ORDER BY seq LIMIT 1");
    DB.query_one(&sql, params![id]).await?.as_ref().map(entry).transpose()
}

/// Events that pass the filter, newest first, from before `after` on.
///
/// The inner query may have to sort a span of time: it does so on the index, without the events' bodies.
pub async fn list(filter: Filter, after: Option<i64>, limit: i64) -> Result<Vec<Entry>, Error> {
    let (conditions, params) = conditions(filter, after, limit);
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log WHERE seq IN \
           (SELECT seq FROM audit_log WHERE {conditions} ORDER BY seq DESC LIMIT ?1) ORDER BY seq DESC"
    );
    DB.query(&sql, params).await?.iter().map(entry).collect()
}

/// Only what is asked for gets into the statement, so that an index can serve it. `limit` is `?1`.
fn conditions(filter: Filter, after: Option<i64>, limit: i64) -> (String, Vec<Value>) {
    let text = |moment: Timestamp| Value::from(moment.to_string());
    let wanted = [
        ("type =", filter.kind.map(Value::from)),
        ("source =", filter.source.map(Value::from)),
        ("subject =", filter.subject.map(Value::from)),
        ("actor =", filter.actor.map(Value::from)),
        ("time >=", filter.from.map(text)),
        ("time <", filter.to.map(text)),
        ("seq <", after.map(Value::from)),
    ];
    let (mut sql, mut params) = ("true".to_owned(), params![limit]);
    for (condition, value) in wanted {
        if let Some(value) = value {
            params.push(value);
            sql.push_str(&format!(" AND {condition} ?{}", params.len()));
        }
    }
    (sql, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_in_the_statement() {
        assert_eq!(conditions(Filter::default(), None, 21).0, "true");
        let filter = Filter {
            actor: Some("a".to_owned()),
            to: Timestamp::parse("2026-11-21T05:06:07Z"),
            ..Filter::default()
        };
        let (sql, params) = conditions(filter, Some(9), 21);
        assert_eq!(sql, "true AND actor = ?2 AND time < ?3 AND seq < ?4");
        assert_eq!(params.len(), 4);
    }
}
