//! Mail with tokens for new passwords: `mailer_url` is asked by HTTP, after the response, until it takes them.
//!
//! What is asked for is stored before the answer, so it outlives the instance. Whoever comes next goes on with it: the
//! next request, the next instance, or the sweep.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use edge::vault::{self, Item};
use http::{HeaderName, Method, header};
use http_body_util::Full;
use serde_json::json;
use store::Timestamp;

use crate::domain::session::digest;
use crate::error::Error;
use crate::personal::reset_token;
use crate::record::accounts;
use crate::store as auth;
use crate::store::mails::{self, Mail};
use crate::store::resets::{self, Reset};
use crate::{record, settings};

/// How long the mailer may take for one.
const TIMEOUT: Duration = Duration::from_secs(3);
/// For how long one turn goes on, in milliseconds: with the last mail it ends before who asked for a sweep gives up (6
/// s).
const TURN_MS: i64 = 2_000;
/// How long to wait before the first look: by then the answer is out, and its time tells nothing of what is found.
const GATHER: Duration = Duration::from_millis(50);

/// How long an instance goes without a look, in milliseconds: another one may have died over a mail.
const LOOK_MS: i64 = 60_000;

const IDLE: u8 = 0;
const RUNNING: u8 = 1;
const WANTED: u8 = 2;

/// When this instance is to look for mails again, in ms since the epoch: first of all at once.
static DUE: AtomicI64 = AtomicI64::new(0);

/// What a turn did.
pub struct Turn {
    /// Mails that the mailer took.
    pub mailed: u64,
    /// Whether there may be more that are due.
    pub more: bool,
}

/// What becomes of a mail.
enum Outcome {
    Mailed,
    /// There is nobody to mail it to, or its token has ended.
    Vain,
    /// Not now, because of it or of us.
    Refused,
    /// The mailer does not answer: nor would it take another one.
    Away,
}

/// Look for mails if it is time to.
pub fn go_on() {
    if Timestamp::now().0 >= DUE.load(Ordering::Relaxed) {
        kick();
    }
}

/// Mail what is due, after the response.
pub fn kick() {
    static STATE: AtomicU8 = AtomicU8::new(IDLE);
    DUE.store(i64::MAX, Ordering::Relaxed);
    if STATE.swap(WANTED, Ordering::AcqRel) == IDLE {
        spin_sdk::wasip3::spawn(async {
            loop {
                spin_sdk::time::sleep(GATHER).await;
                STATE.store(RUNNING, Ordering::Release);
                if turn_or_log().await.is_some_and(|turn| turn.more) {
                    continue;
                }
                let done = STATE.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
                if done.is_ok() {
                    break;
                }
            }
        });
    }
}

async fn turn_or_log() -> Option<Turn> {
    match turn().await {
        Ok(turn) => Some(turn),
        Err(error) => {
            logline::log!("mailer: {error}");
            DUE.store(Timestamp::now().0.saturating_add(LOOK_MS), Ordering::Relaxed);
            None
        }
    }
}

/// Mail what is due, for some seconds.
pub async fn turn() -> Result<Turn, Error> {
    let mut done = Turn { mailed: 0, more: false };
    let Some(url) = settings::mailer_url().await? else { return Ok(done) };
    let end = Timestamp::now().0.saturating_add(TURN_MS);
    while let Some(mail) = mails::take(Timestamp::now()).await? {
        match send(url, &mail).await? {
            Outcome::Mailed => {
                mails::remove(&mail).await?;
                done.mailed = done.mailed.saturating_add(1);
            }
            Outcome::Vain => mails::remove(&mail).await?,
            Outcome::Refused => mails::put_off(&mail, Timestamp::now()).await?,
            Outcome::Away => {
                mails::put_off(&mail, Timestamp::now()).await?;
                break;
            }
        }
        if Timestamp::now().0 >= end {
            done.more = true;
            break;
        }
    }
    let look = Timestamp::now().0.saturating_add(LOOK_MS);
    DUE.store(mails::next_due().await?.map_or(look, |due| due.0.min(look)), Ordering::Relaxed);
    Ok(done)
}

async fn send(url: &str, mail: &Mail) -> Result<Outcome, Error> {
    let token = reset_token(mail.id).await?;
    let Some(reset) = reset(mail, &token).await? else { return Ok(Outcome::Vain) };
    let [email] = vault::decrypt([Item::new(vault::EMAIL, reset.account_id, reset.email)]).await?;
    let body = json!({
        "type": "password_reset",
        "email": email,
        "token": token,
        "expiresAt": mail.until,
    });
    let request = http::Request::builder()
        .method(Method::POST)
        .uri(format!("{url}/"))
        .header(header::CONTENT_TYPE, "application/json")
        // One that was taken, but not in time, comes again.
        .header(HeaderName::from_static("idempotency-key"), mail.id.to_string())
        .body(Full::new(body.to_string().into()))
        .map_err(edge::Problem::internal)?;
    match outbound::exchange(request, TIMEOUT).await {
        Ok(reply) if reply.status.is_success() => Ok(Outcome::Mailed),
        Ok(reply) => {
            logline::log!("the mailer answered {}", reply.status);
            Ok(Outcome::Refused)
        }
        Err(error) => {
            logline::log!("the mailer: {error}");
            Ok(Outcome::Away)
        }
    }
}

/// What a mail's token lets its holder do; `None` when there is nobody who may, or not any more.
async fn reset(mail: &Mail, token: &str) -> Result<Option<Reset>, Error> {
    let now = Timestamp::now();
    if now >= mail.until {
        return Ok(None);
    }
    if let Some(reset) = resets::find(mail.id, now).await? {
        return Ok(Some(reset));
    }
    let Some(account) = auth::credentials(&mail.email_hash).await? else { return Ok(None) };
    let event = accounts::reset_requested(account.account_id, None, mail.id, &digest(token), mail.until);
    if record::mailed(event, mail.id, now).await? { Ok(resets::find(mail.id, now).await?) } else { Ok(None) }
}
