//! Searching the log. One filter is a range of its index. Several have no index together: one leads, the others are
//! looked at on the way, and a page ends after so many looks, be it full or not.

use store::{Error, Timestamp, Value, params};

use super::{COLUMNS, DB, entry};
use crate::domain::{Entry, Filter};

/// The most entries that are looked at for one page: some 20 ms. The next page goes on from there.
const LOOK: i64 = 10_000;

/// A page of entries.
pub struct Found {
    pub entries: Vec<Entry>,
    /// Where to go on when the page is not full, though there is more to be looked at.
    pub beyond: Option<i64>,
}

/// Events that pass the filter, newest first, from before `after` on.
pub async fn list(filter: Filter, after: Option<i64>, limit: i64) -> Result<Found, Error> {
    let search = Search::of(filter, after.unwrap_or(i64::MAX), limit);
    let at_once = search.is_one_range() || search.is_short_span().await?;
    let (sql, params) = if at_once { search.at_once() } else { search.looking() };
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log AS l WHERE l.seq IN ({sql} ORDER BY seq DESC LIMIT ?1) ORDER BY l.seq DESC"
    );
    let entries: Vec<_> = DB.query(&sql, params).await?.iter().map(entry).collect::<Result<_, _>>()?;
    let is_full = i64::try_from(entries.len()).is_ok_and(|found| found >= limit);
    let beyond = if at_once || is_full { None } else { search.last_looked().await? };
    Ok(Found { entries, beyond })
}

/// A column's condition with its operator, and what it is compared with.
type Condition = (&'static str, Value);

struct Search {
    /// Those that have an index in the order of the log. The first leads: it is likely the one that leaves least.
    equal: Vec<Condition>,
    /// Those of the time, whose index has an order of its own.
    span: Vec<Condition>,
    /// `?1` of all statements is the limit, `?2` the place before which the page begins.
    params: Vec<Value>,
}

impl Search {
    fn of(filter: Filter, after: i64, limit: i64) -> Self {
        let Filter { kind, source, subject, actor, from, to } = filter;
        let text = |moment: Timestamp| moment.to_string();
        let given = |all: Vec<(&'static str, Option<String>)>| {
            all.into_iter().filter_map(|(column, text)| Some((column, Value::from(text?)))).collect()
        };
        Self {
            equal: given(vec![("subject =", subject), ("actor =", actor), ("type =", kind), ("source =", source)]),
            span: given(vec![("time >=", from.map(text)), ("time <", to.map(text))]),
            params: params![limit, after],
        }
    }

    fn is_one_range(&self) -> bool {
        self.equal.len() <= 1 && self.span.is_empty()
    }

    /// Whether so few entries are of the time that they may be sorted at once.
    async fn is_short_span(&self) -> Result<bool, Error> {
        if self.span.is_empty() {
            return Ok(false);
        }
        let (conditions, params) = with(self.params.clone(), &self.span);
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM audit_log INDEXED BY audit_log_time WHERE {conditions} LIMIT {LOOK})"
        );
        let row = DB.query_one(&sql, params).await?;
        Ok(row.map_or(Ok(LOOK), |row| row.int(0))? < LOOK)
    }

    /// All that match: a range of one index.
    fn at_once(&self) -> (String, Vec<Value>) {
        let index = if self.span.is_empty() { "" } else { "INDEXED BY audit_log_time" };
        let all: Vec<_> = self.span.iter().chain(&self.equal).cloned().collect();
        let (conditions, params) = with(self.params.clone(), &all);
        let and = if all.is_empty() { "" } else { " AND " };
        (format!("SELECT seq FROM audit_log {index} WHERE {conditions}{and}seq < ?2"), params)
    }

    /// The next entries that the first condition leaves, or of all, and their number of places.
    fn window(&self) -> (String, Vec<Value>) {
        let lead = self.equal.get(..1).unwrap_or_default();
        let (condition, params) = with(self.params.clone(), lead);
        let and = if lead.is_empty() { "" } else { " AND " };
        let sql = format!(
            "SELECT seq, source, type, subject, actor, time FROM audit_log \
             WHERE {condition}{and}seq < ?2 ORDER BY seq DESC LIMIT {LOOK}"
        );
        (sql, params)
    }

    /// Those of the next entries that match.
    fn looking(&self) -> (String, Vec<Value>) {
        let (window, params) = self.window();
        let rest: Vec<_> = self.equal.iter().skip(1).chain(&self.span).cloned().collect();
        let (conditions, params) = with(params, &rest);
        (format!("SELECT seq FROM ({window}) WHERE {conditions}"), params)
    }

    /// The last entry that was looked at; none when there are no more.
    async fn last_looked(&self) -> Result<Option<i64>, Error> {
        let (window, params) = self.window();
        let row = DB.query_one(&format!("SELECT count(*), min(seq) FROM ({window})"), params).await?;
        row.map_or(Ok(None), |row| if row.int(0)? < LOOK { Ok(None) } else { row.opt_int(1) })
    }
}

/// Conditions joined, with their parameters behind those that are there.
fn with(mut params: Vec<Value>, conditions: &[Condition]) -> (String, Vec<Value>) {
    let mut all = Vec::with_capacity(conditions.len());
    for (condition, value) in conditions {
        params.push(value.clone());
        all.push(format!("{condition} ?{}", params.len()));
    }
    (all.join(" AND "), params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(filter: Filter) -> Search {
        Search::of(filter, 9, 21)
    }

    #[test]
    fn one_filter_is_a_range_and_several_are_looked_at_within_a_window() {
        let some = || Some("a".to_owned());
        assert_eq!(search(Filter::default()).at_once().0, "SELECT seq FROM audit_log  WHERE seq < ?2");
        let one = search(Filter { actor: some(), ..Filter::default() });
        assert!(one.is_one_range() && one.at_once().0.ends_with("WHERE actor = ?3 AND seq < ?2"));
        let two = search(Filter { actor: some(), kind: some(), ..Filter::default() });
        assert!(!two.is_one_range());
        let (sql, params) = two.looking();
        assert!(sql.contains("WHERE actor = ?3 AND seq < ?2 ORDER BY seq DESC LIMIT 10000) WHERE type = ?4"), "{sql}");
        assert_eq!(params.len(), 4);
        let span = search(Filter { to: Timestamp::parse("2026-11-21T05:06:07Z"), ..Filter::default() });
        assert!(!span.is_one_range() && span.looking().0.ends_with("LIMIT 10000) WHERE time < ?3"));
    }
}
