//! Lists of profiles, newest first. A filter is a range of its own index, which continues where the page before ended.
//! Of several words, or words and a role, the one leads that reaches furthest back; the others are looked at on the
//! way, and a page ends after so many looks, be it full or not.

use contract::UserId;
use store::{Error, Value, params, upper_bound};

use super::{COLUMNS, DB, Row, read};

/// The most people who are looked at for a page: some 20 ms.
const LOOK: i64 = 10_000;

/// What a list of profiles is narrowed to.
#[derive(Default)]
pub struct Narrowed {
    pub id: Option<UserId>,
    pub email_hash: Option<String>,
    /// Fingerprints of words that the name has all of.
    pub words: Option<Vec<String>>,
    pub role: Option<String>,
}

/// A page of profiles.
#[derive(Default)]
pub struct Found {
    pub rows: Vec<Row>,
    /// The last person who was looked at, when there are more.
    pub looked: Option<UserId>,
}

/// Profiles, newest first, older than `after`.
pub async fn list(narrowed: Narrowed, after: Option<UserId>, limit: i64) -> Result<Found, Error> {
    if narrowed.words.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Found::default()); // a search without a word finds nothing
    }
    let after = &upper_bound(after);
    let search = Search::of(narrowed);
    let (lead, looked) = search.lead(after).await?;
    let (sql, params) = search.select(lead, after, looked, limit);
    let rows = DB.query(&sql, params).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Found { rows, looked })
}

/// People who have something, by an index in the order of their ids.
struct Having {
    table: &'static str,
    column: &'static str,
    value: String,
}

struct Search {
    id: Option<UserId>,
    email_hash: Option<String>,
    having: Vec<Having>,
}

impl Search {
    fn of(narrowed: Narrowed) -> Self {
        let Narrowed { id, email_hash, words, role } = narrowed;
        let words = words.unwrap_or_default().into_iter();
        let words = words.map(|value| Having { table: "users_words", column: "word", value });
        let role = role.map(|value| Having { table: "users_roles", column: "role", value });
        Self { id, email_hash, having: words.chain(role).collect() }
    }

    /// The number of what leads, and how far back it is looked at; none for to its end.
    async fn lead(&self, after: &str) -> Result<(Option<usize>, Option<UserId>), Error> {
        if self.id.is_some() || self.email_hash.is_some() || self.having.is_empty() {
            return Ok((None, None));
        }
        let mut best: Option<(usize, UserId)> = None;
        for (number, having) in self.having.iter().enumerate().filter(|_| self.having.len() > 1) {
            match end(having, after).await? {
                None => return Ok((Some(number), None)),
                Some(end) if best.as_ref().is_none_or(|(_, furthest)| end < *furthest) => {
                    best = Some((number, end));
                }
                Some(_) => {}
            }
        }
        Ok(best.map_or((Some(0), None), |(number, end)| (Some(number), Some(end))))
    }

    fn select(
        &self,
        lead: Option<usize>,
        after: &str,
        until: Option<UserId>,
        limit: i64,
    ) -> (String, Vec<Value>) {
        let mut params = params![after, limit];
        let mut bind = |value: &str| {
            params.push(Value::from(value));
            format!("?{}", params.len())
        };
        let (mut from, mut key) = ("users_profiles AS profile".to_owned(), "id");
        let mut conditions = Vec::new();
        if let Some(Having { table, column, value }) = lead.and_then(|number| self.having.get(number)) {
            from =
                format!("{table} AS lead CROSS JOIN users_profiles AS profile ON profile.id = lead.user_id");
            key = "lead.user_id";
            conditions.push(format!("lead.{column} = {}", bind(value)));
        }
        conditions.push(format!("{key} < ?1"));
        for (value, condition) in
            [(until.map(String::from), format!("{key} >= ")), (self.id.map(String::from), "id = ".to_owned())]
        {
            if let Some(value) = value {
                conditions.push(condition + &bind(&value));
            }
        }
        if let Some(email_hash) = &self.email_hash {
            conditions.push(format!("email_hash = {}", bind(email_hash)));
        }
        for (number, Having { table, column, value }) in self.having.iter().enumerate() {
            if lead != Some(number) {
                let value = bind(value);
                conditions.push(format!(
                    "EXISTS (SELECT 1 FROM {table} AS more WHERE more.{column} = {value} AND more.user_id = {key})"
                ));
            }
        }
        let conditions = conditions.join(" AND ");
        (format!("SELECT {COLUMNS} FROM {from} WHERE {conditions} ORDER BY {key} DESC LIMIT ?2"), params)
    }
}

/// How far back those who have something are looked at; none for all of them.
async fn end(Having { table, column, value }: &Having, after: &str) -> Result<Option<UserId>, Error> {
    let sql = format!(
        "SELECT count(*) AS people, min(user_id) AS first FROM ( \
           SELECT user_id FROM {table} WHERE {column} = ?1 AND user_id < ?2 \
         ORDER BY user_id DESC LIMIT {LOOK})"
    );
    let Some(row) = DB.query_one(&sql, params![value.as_str(), after]).await? else { return Ok(None) };
    if row.int("people")? < LOOK { Ok(None) } else { row.opt_parsed("first") }
}
