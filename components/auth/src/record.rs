//! The one place that appends. It sets trace and cause, starts the relay, and says what the database's refusals mean.

pub mod accounts;
pub mod roles;
pub mod sessions;

use contract::{ResetId, SessionId, UserId};
use edge::Context;
use futures::future::join_all;
use serde_json::{Value, json};
use store::{Appended, Event, Timestamp};

use crate::RELAY;
use crate::error::Error;
use crate::store::authority::{self, Authority};
use crate::store::throttle::Tries;
use crate::store::{self as auth, DB, resets, roles as stored};

/// The cause of the event that makes the first ADMIN: causes are answered once.
const BOOTSTRAP: &str = "bootstrap";

/// Append `event`, which happens `now`.
///
/// # Errors
/// As [`store::Db::append`]; the caller knows what each means.
pub async fn append(context: &Context, mut event: Event, now: Timestamp) -> Result<Appended, store::Error> {
    event.traceparent.clone_from(&context.traceparent);
    let appended = DB.append_at(event, now).await?;
    RELAY.kick();
    Ok(appended)
}

/// Append an event of an account, a role or a key.
///
/// # Errors
/// What the refusal of the database means to the caller; [`Error::Database`] for what only some callers expect.
pub async fn of_account(context: &Context, event: Event) -> Result<Appended, Error> {
    match append(context, event, Timestamp::now()).await {
        Ok(appended) => Ok(appended),
        Err(error) if auth::is_email_taken(&error) => Err(Error::EmailTaken),
        Err(error) if stored::is_unknown_user(&error) => Err(Error::NotFound("user")),
        Err(error) if stored::is_last_admin(&error) => Err(Error::LastAdmin),
        Err(error) if stored::is_unknown(&error) => Err(Error::UnknownRole),
        Err(error) if resets::is_disabled(&error) => Err(Error::Disabled),
        Err(error) if resets::is_spent(&error) => Err(Error::ResetToken),
        Err(error) if auth::is_stale(&error) => Err(Error::StalePassword),
        Err(error) if authority::is_gone(&error) => Err(Error::SessionEnded),
        Err(error) if authority::is_not_permitted(&error) => Err(Error::NotPermitted),
        Err(error) => Err(error.into()),
    }
}

/// Append `user.registered` and see to it that the profile is there when the answer is.
pub async fn registered(context: &Context, event: Event) -> Result<(), Error> {
    let appended = of_account(context, event).await?;
    deliver_now(context, &appended, &["users"]).await;
    Ok(())
}

/// Note an event that anyone may cause as often as they like.
pub fn note(context: &Context, mut event: Event) {
    event.traceparent.clone_from(&context.traceparent);
    RELAY.note(event);
}

/// Have `services` told of an event before the answer, so that who asks them next sees what they did. One that is away
/// is told by the relay.
pub async fn deliver_now(context: &Context, appended: &Appended, services: &[&str]) {
    let told = services.iter().map(|service| async move {
        if RELAY.deliver(context, service, appended.seq).await.is_err() {
            logline::log!("request {}: {service} gets event {} later", context.request_id, appended.id);
        }
    });
    join_all(told).await;
}

impl Authority {
    /// `event`, which happens only if, in that moment, the session still lives and its owner has all of `needs` and
    /// all that the account `over` has.
    pub fn judged(&self, event: Event, needs: &[&str], over: Option<UserId>) -> Event {
        judged(event, self.session, needs, over)
    }
}

/// `event`, which happens only while its actor's `session` lives: for what people do with their own account.
pub fn in_session(event: Event, session: SessionId) -> Event {
    judged(event, session, &[], None)
}

fn judged(event: Event, session: SessionId, needs: &[&str], over: Option<UserId>) -> Event {
    private_member(event, "by", json!({ "session": session, "needs": needs, "over": over }))
}

/// `event` as the one that makes the first ADMIN: it happens once, whatever becomes of the account.
pub fn bootstrapping(mut event: Event) -> Event {
    event.cause = Some(BOOTSTRAP.to_owned());
    event
}

/// `event`, which makes an account, as the only one with this key; both hashes are keyed.
pub fn signup_once(event: Event, key: &str, request_hash: &str) -> Event {
    private_member(event, "signup", json!({ "key": key, "requestHash": request_hash }))
}

/// Append the `event` of the token that the mail with this id brings; whether there is one to mail. None is left for an
/// account that is gone or disabled.
pub async fn mailed(event: Event, id: ResetId, now: Timestamp) -> Result<bool, Error> {
    match append(&Context::background(), of_mail(event, id), now).await {
        Err(error) if resets::is_vain(&error) => Ok(false),
        other => Ok(other.map(|_| true)?),
    }
}

/// `event` as the one of the mail with this id: it happens once, however often the mail is tried.
pub fn of_mail(mut event: Event, id: ResetId) -> Event {
    event.cause = Some(format!("reset:{id}"));
    event
}

/// `event`, which only happens after the right password: the tries that led to it are not held against anyone.
pub fn given_back(event: Event, tries: &Tries) -> Event {
    private_member(event, "tries", json!(tries))
}

/// `event` with one more private member.
pub fn private_member(mut event: Event, name: &str, value: Value) -> Event {
    match &mut event.private {
        Some(Value::Object(private)) => _ = private.insert(name.to_owned(), value),
        private => *private = Some(json!({ name: value })),
    }
    event
}
