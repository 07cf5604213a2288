//! Searching the log. One filter is a range of its index, newest first. Several have no index together: one of them
//! leads, the others are looked at on the way, and a page ends after so many looks, be it full or not.

use contract::Id;
use store::{Error, Row, Timestamp, Value, params};

use super::{COLUMNS, DB, entry};
use crate::domain::{Entry, Filter};

#[cfg(test)]
mod tests;

/// The most entries that are looked at for a page: some 20 ms, as each may lead to a row elsewhere.
const LOOK: i64 = 10_000;
/// The most spans that are looked at for one (`audit_spans`): a millisecond.
const LOOK_SPANS: i64 = 10_000;
/// The entries of a span.
const SPAN: i64 = 1_000;

/// A page of entries.
#[derive(Default)]
pub struct Found {
    pub entries: Vec<Entry>,
    /// The last place that was looked at, when there are more.
    pub looked: Option<i64>,
}

/// Events that pass the filter, newest first, from before `after` on.
///
/// Their places are found first: bodies are read only of those on the page.
pub async fn list(filter: Filter, after: Option<i64>, limit: i64) -> Result<Found, Error> {
    let mut search = Search::of(filter, after.unwrap_or(i64::MAX - SPAN));
    let (lead, looked) = match search.lead().await? {
        Next::Look(lead, looked) => (lead, looked),
        Next::Nothing(looked) => return Ok(Found { looked, ..Found::default() }),
    };
    let Statement { sql: places, params } = search.places(lead, looked, limit);
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log AS l WHERE l.seq IN ({places} ORDER BY seq DESC LIMIT ?1) ORDER BY l.seq DESC"
    );
    let entries = DB.query(&sql, params).await?.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(Found { entries, looked })
}

/// A column that must have one of these values.
struct Equal {
    column: &'static str,
    values: Vec<Value>,
}

/// Whose range of the log is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    /// All that is there, by its place.
    Log,
    /// The time's, when it is short: its index is not in the order of the log, so it is sorted.
    Time,
    /// That of a column, of this number: its index is in the order of the log.
    Equal(usize),
}

/// What a page is made of.
enum Next {
    /// The lead's entries down to this place, or all.
    Look(Lead, Option<i64>),
    /// Nothing, down to this place, or at all.
    Nothing(Option<i64>),
}

/// A statement's text and parameters, made together.
struct Statement {
    sql: String,
    params: Vec<Value>,
}

impl Statement {
    fn and(&mut self, condition: &str, values: &[Value]) {
        let first = self.params.len().saturating_add(1);
        self.params.extend_from_slice(values);
        let places: Vec<_> = (first..=self.params.len()).map(|place| format!("?{place}")).collect();
        self.sql += &match places.as_slice() {
            [one] => format!(" AND {condition} {one}"),
            several => format!(" AND {} IN ({})", condition.trim_end_matches(" ="), several.join(", ")),
        };
    }
}

struct Search {
    /// Those likely to leave least come first.
    equal: Vec<Equal>,
    /// This moment or later, and before this one.
    span: Option<(String, String)>,
    /// Only entries before this place.
    before: i64,
}

impl Search {
    fn of(filter: Filter, before: i64) -> Self {
        let Filter { kind, source, subject, actor, from, to } = filter;
        let columns = [("subject", subject), ("actor", actor), ("type", kind), ("source", source)];
        let equal =
            columns.into_iter().filter_map(|(column, value)| Some(Equal { column, values: cases(value?) }));
        let text = |moment: Option<Timestamp>, none: &str| {
            moment.map_or_else(|| none.to_owned(), |moment| moment.to_string())
        };
        let span = (from.is_some() || to.is_some()).then(|| (text(from, ""), text(to, store::AFTER_ALL)));
        Self { equal: equal.collect(), span, before }
    }

    async fn lead(&mut self) -> Result<Next, Error> {
        if let Some((from, to)) = self.span.clone() {
            if self.is_short(&from, &to).await? {
                return Ok(Next::Look(Lead::Time, None));
            }
            match self.last_of(&from, &to).await? {
                (Some(last), _) => self.before = self.before.min(last.saturating_add(1)),
                (None, looked) => return Ok(Next::Nothing(looked)),
            }
        }
        match (self.equal.as_slice(), &self.span) {
            ([], None) => Ok(Next::Look(Lead::Log, None)),
            ([], Some(_)) => Ok(Next::Look(Lead::Log, self.end_of_log().await?)),
            ([one], None) if one.values.len() == 1 => Ok(Next::Look(Lead::Equal(0), None)),
            _ => self.rarest().await,
        }
    }

    /// The column that leads furthest back.
    async fn rarest(&self) -> Result<Next, Error> {
        let mut best = (0, i64::MAX);
        for (number, equal) in self.equal.iter().enumerate() {
            match self.end_of(equal).await? {
                None => return Ok(Next::Look(Lead::Equal(number), None)),
                Some(end) if end < best.1 => best = (number, end),
                Some(_) => {}
            }
        }
        Ok(Next::Look(Lead::Equal(best.0), Some(best.1)))
    }

    /// Whether all entries of the time can be gathered.
    async fn is_short(&self, from: &str, to: &str) -> Result<bool, Error> {
        let sql = format!(
            "SELECT count(*) AS entries FROM (SELECT 1 FROM audit_log INDEXED BY audit_log_time \
             WHERE time >= ?1 AND time < ?2 LIMIT {LOOK})"
        );
        let row = DB.query_one(&sql, params![from, to]).await?;
        Ok(row.map_or(Ok(LOOK), |row| row.int("entries"))? < LOOK)
    }

    /// The last place, about, where an entry of the time is: it, or the end of its span. Where there is none, how far
    /// was looked, if there is more.
    async fn last_of(&self, from: &str, to: &str) -> Result<(Option<i64>, Option<i64>), Error> {
        let sql = format!(
            "WITH around (last, earliest, latest) AS (SELECT last, earliest, latest FROM audit_spans \
               WHERE last < ?1 + {SPAN} ORDER BY last DESC LIMIT {LOOK_SPANS}) \
             SELECT (SELECT max(last) FROM around WHERE earliest < ?3 AND latest >= ?2) AS end_of_span, \
               (SELECT max(seq) FROM audit_log NOT INDEXED WHERE seq < ?1 AND seq > coalesce( \
                 (SELECT max(last) FROM audit_spans), 0) AND time >= ?2 AND time < ?3) AS place, \
               (SELECT iif(count(*) = {LOOK_SPANS}, min(last), NULL) FROM around) AS looked"
        );
        let row = DB.query_one(&sql, params![self.before, from, to]).await?;
        let column = |name| row.as_ref().map_or(Ok(None), |row: &Row| row.opt_int(name));
        Ok((column("end_of_span")?.max(column("place")?), column("looked")?))
    }

    /// How far back the log is looked at; none for all of it.
    async fn end_of_log(&self) -> Result<Option<i64>, Error> {
        // One by one: SQLite takes both at once from all entries.
        let sql =
            "SELECT (SELECT min(seq) FROM audit_log) AS first, (SELECT max(seq) FROM audit_log) AS last";
        let row = DB.query_one(sql, params![]).await?;
        let Some((Some(first), Some(last))) =
            row.map(|row| Ok::<_, Error>((row.opt_int("first")?, row.opt_int("last")?))).transpose()?
        else {
            return Ok(None);
        };
        let end = self.before.min(last.saturating_add(1)).saturating_sub(LOOK);
        Ok((end > first).then_some(end))
    }

    /// How far back the entries of a column are looked at; none for all of them.
    async fn end_of(&self, equal: &Equal) -> Result<Option<i64>, Error> {
        let column = equal.column;
        let sql = format!(
            "SELECT count(*) AS entries, min(seq) AS first FROM \
             (SELECT seq FROM audit_log INDEXED BY audit_log_{column} \
             WHERE {column} = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT {LOOK})"
        );
        let mut end = None;
        for value in &equal.values {
            let Some(row) = DB.query_one(&sql, params![value.clone(), self.before]).await? else { continue };
            if row.int("entries")? == LOOK {
                end = end.max(row.opt_int("first")?);
            }
        }
        Ok(end)
    }

    /// The places of the lead's entries that match. `?1` is `limit`.
    fn places(&self, lead: Lead, looked: Option<i64>, limit: i64) -> Statement {
        let index = match lead {
            Lead::Log => "NOT INDEXED".to_owned(),
            Lead::Time => "INDEXED BY audit_log_time".to_owned(),
            Lead::Equal(number) => self
                .equal
                .get(number)
                .map_or_else(String::new, |equal| format!("INDEXED BY audit_log_{}", equal.column)),
        };
        let sql = format!("SELECT seq FROM audit_log {index} WHERE seq < ?2");
        let mut all = Statement { sql, params: params![limit, self.before] };
        if let Some(looked) = looked {
            all.and("seq >=", &[looked.into()]);
        }
        for equal in &self.equal {
            all.and(&format!("{} =", equal.column), &equal.values);
        }
        if let Some((from, to)) = &self.span {
            all.and("time >=", &[from.as_str().into()]);
            all.and("time <", &[to.as_str().into()]);
        }
        all
    }
}

/// A value, and its lower case when it is an id in another: ours are in lower case, those of other systems need not be.
fn cases(text: String) -> Vec<Value> {
    let lower = text.parse().ok().map(|id: Id<()>| id.to_string()).filter(|id| *id != text);
    [Some(text), lower].into_iter().flatten().map(Value::from).collect()
}
