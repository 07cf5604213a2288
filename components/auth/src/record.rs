//! The one place that appends. It sets the trace, starts the relay, and says what the database's refusals mean.

use edge::Context;
use futures::future::join_all;
use store::{Appended, Event, Timestamp};

use crate::RELAY;
use crate::error::Error;
use crate::store::{self as auth, DB, authority, roles};

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

/// Append an event of an account; one with an e-mail may find it taken.
pub async fn of_account(context: &Context, event: Event) -> Result<Appended, Error> {
    match append(context, event, Timestamp::now()).await {
        Ok(appended) => Ok(appended),
        Err(error) if auth::is_email_taken(&error) => Err(Error::EmailTaken),
        Err(error) if roles::is_unknown_user(&error) => Err(Error::NotFound("user")),
        Err(error) if roles::is_last_admin(&error) => Err(Error::LastAdmin),
        Err(error) if authority::is_gone(&error) => Err(Error::SessionEnded),
        Err(error) if authority::is_not_permitted(&error) => Err(Error::NotPermitted),
        Err(error) => Err(error.into()),
    }
}

/// Append `user.registered` and see to it that the profile is there when the answer is.
pub async fn registered(context: &Context, event: Event) -> Result<(), Error> {
    let appended = of_account(context, event).await?;
    tell(context, &appended, &["users"]).await;
    Ok(())
}

/// Note an event that anyone may cause as often as they like.
pub fn note(context: &Context, mut event: Event) {
    event.traceparent.clone_from(&context.traceparent);
    RELAY.note(event);
}

/// Have `services` told of an event before the answer, so that who asks them next sees what they did. One that is away
/// is told by the relay.
pub async fn tell(context: &Context, appended: &Appended, services: &[&str]) {
    let told = services.iter().map(|service| async move {
        if RELAY.deliver(context, service, appended.seq).await.is_err() {
            logline::log!("request {}: {service} gets event {} later", context.request_id, appended.id);
        }
    });
    join_all(told).await;
}
