//! How many requests one caller may make within a minute: a limit per service and class of operation.
//!
//! A caller is the user of a valid access token, or else the client's address. Other services are not limited, nor is
//! a stranger whose address the platform does not tell: it would be everyone's. Limits are exact across instances: what
//! an instance lets through it has leased from the service's database ([`store::Lease`]), for one minute only. A read
//! costs a statement per block of leased requests, not one each.

mod leases;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::{HeaderMap, HeaderValue, Method, header};
use store::{Db, Timestamp};
use variables::{Variable, read};

use crate::caller::bearer;
use crate::{Code, Context, Kind, Problem, identity, origin, seal};
use leases::{Leases, Next as Step, Standing};

/// How long a limit's minute is, in milliseconds.
const MINUTE_MS: i64 = 60_000;
/// The highest limit: far more than a service answers in a minute.
const MOST: i64 = 1_000_000_000;
/// The pause of a request that waits for another one's lease; a lease takes less than this, if nobody else writes.
const PAUSE: Duration = Duration::from_millis(1);

/// Of one caller per minute: an office behind one address whose 1,000 people get new tokens every 5 minutes, not a
/// script. 0 for no limit.
pub(crate) static CREDENTIALS: Variable<i64> = Variable::new("rate_limit_credentials", "300", number);
/// Ten a second all the time, which no person does. 0 for no limit.
pub(crate) static WRITES: Variable<i64> = Variable::new("rate_limit_writes", "600", number);
/// A hundred a second all the time: a page with many lists that is reloaded every second. 0 for no limit.
pub(crate) static READS: Variable<i64> = Variable::new("rate_limit_reads", "6000", number);

fn number(text: &str) -> Result<i64, String> {
    read::integer(text, 0..=MOST)
}

static LEASES: Mutex<Option<Leases<Key>>> = Mutex::new(None);

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Class {
    Credentials,
    Writes,
    Reads,
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Writes => "writes",
            Self::Reads => "reads",
        }
    }

    const fn limit(self) -> &'static Variable<i64> {
        match self {
            Self::Credentials => &CREDENTIALS,
            Self::Writes => &WRITES,
            Self::Reads => &READS,
        }
    }
}

/// Who is counted, and for what: in clear in memory only.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    class: Class,
    caller: Caller,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Caller {
    User(String),
    Address(String),
}

impl Key {
    /// As the database has it. A keyed hash: addresses are personal, and few enough to try them all.
    async fn sealed(&self) -> Result<String, Problem> {
        let (kind, who) = match &self.caller {
            Caller::User(id) => ("user", id),
            Caller::Address(origin) => ("address", origin),
        };
        let text = format!("{} {kind} {who}", self.class.name());
        Ok(hex::encode(seal("rate limit", text.as_bytes()).await?))
    }
}

/// How a service's operations are limited.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    db: &'static Db,
    by_credentials: bool,
    /// A pointer, so that a component without limits has nothing of this in it: it may lack a database and the identity
    /// plug-in.
    layer: fn(Self, MethodRouter) -> MethodRouter,
}

impl Limits {
    /// Counted in `db`; `by_credentials`: whether the operations prove who somebody is.
    pub fn new(db: &'static Db, by_credentials: bool) -> Self {
        let layer = |limits, route: MethodRouter| route.route_layer(from_fn_with_state(limits, limited));
        Self { db, by_credentials, layer }
    }

    /// `route`, limited.
    pub fn around(self, route: MethodRouter) -> MethodRouter {
        (self.layer)(self, route)
    }

    fn class(self, method: &Method) -> Class {
        match *method {
            _ if self.by_credentials => Class::Credentials,
            Method::GET | Method::HEAD | Method::OPTIONS => Class::Reads,
            _ => Class::Writes,
        }
    }
}

async fn limited(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let class = limits.class(request.method());
    // `edge::serve` has checked the variable.
    let limit = class.limit().get().await.copied().unwrap_or_default();
    let caller = if limit == 0 {
        None
    } else {
        caller(request.headers(), request.extensions().get::<Context>()).await
    };
    let Some(caller) = caller else { return next.run(request).await };
    let now = Timestamp::now();
    let wait = Timestamp(minute(now).saturating_add(1).saturating_mul(MINUTE_MS)).wait_from(now);
    let standing = counted(limits.db, Key { class, caller }, minute(now), limit).await;
    let (response, left) = match standing {
        Standing::Uncounted => return next.run(request).await,
        Standing::Within { left } => (next.run(request).await, left),
        Standing::Beyond => (refusal(class, limit, wait).into_response(), 0),
    };
    told(response, class, limit, left, wait)
}

const fn minute(now: Timestamp) -> i64 {
    now.0.div_euclid(MINUTE_MS)
}

/// `None` for who is not limited. The handler verifies the token, too: then it is remembered.
async fn caller(headers: &HeaderMap, context: Option<&Context>) -> Option<Caller> {
    if let Some(token) = bearer(headers)
        && let Ok(principal) = identity::verify(token).await
    {
        return (principal.kind == Kind::User).then(|| Caller::User(principal.subject.clone()));
    }
    origin(context?.client_addr).map(Caller::Address)
}

/// Count a request of `minute`. Of those that find nothing leased one asks the database; the others wait for it, so that
/// a new instance that gets many at once does not lease as many blocks.
async fn counted(db: &'static Db, key: Key, minute: i64, limit: i64) -> Standing {
    loop {
        let step = leases().get_or_insert_default().next(&key, minute, limit);
        match step {
            Step::Is(standing) => return standing,
            Step::Wait => spin_sdk::time::sleep(PAUSE).await,
            Step::Lease { block } => {
                let asking = Asking(&key);
                let leased = lease(db, &key, minute, block, limit).await;
                drop(asking);
                leases().get_or_insert_default().leased(&key, minute, leased);
            }
        }
    }
}

/// What was leased. `Err` when that cannot be told, as while the database cannot be written: then nothing is counted
/// for the rest of the minute. Reads go on, and what writes fails by itself.
async fn lease(
    db: &'static Db,
    key: &Key,
    minute: i64,
    block: i64,
    limit: i64,
) -> Result<Option<store::Lease>, ()> {
    let told = |error: &dyn std::fmt::Display| logline::log!("{}: not limited: {error}", db.service());
    if leases().get_or_insert_default().is_first_of(minute) {
        spin_sdk::wasip3::spawn(async move {
            if let Err(error) = db.forget_leases(minute).await {
                logline::log!("{}: past limits are not forgotten: {error}", db.service());
            }
        });
    }
    let sealed = key.sealed().await.map_err(|problem| told(&problem))?;
    db.lease(&sealed, minute, block, limit).await.map_err(|error| told(&error))
}

/// That one request asks for a lease: also when its client goes away meanwhile, the next one may ask.
struct Asking<'a>(&'a Key);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        leases().get_or_insert_default().asked(self.0);
    }
}

fn leases() -> MutexGuard<'static, Option<Leases<Key>>> {
    LEASES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refusal(class: Class, limit: i64, wait: i64) -> Problem {
    let detail = format!("At most {limit} {} per minute; try again in {wait} s", class.name());
    Problem::new(Code::RATE_LIMITED, detail).header(header::RETRY_AFTER, HeaderValue::from(wait))
}

/// With the fields of draft-ietf-httpapi-ratelimit-headers-10. What is left is what this instance knows: another one
/// may have leased, or used, some of it since.
fn told(mut response: Response, class: Class, limit: i64, left: i64, wait: i64) -> Response {
    let name = class.name();
    let fields = [
        ("ratelimit-policy", format!("\"{name}\";q={limit};w={}", MINUTE_MS / 1000)),
        ("ratelimit", format!("\"{name}\";r={left};t={wait}")),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(field, value);
        }
    }
    response
}
