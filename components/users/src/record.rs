//! The one place that appends. It encrypts what is personal, sets trace and cause, and starts the relay.

use contract::UserId;
use contract::auth::{NewEmail, NewProfile};
use contract::users::ProfileEvent;
use edge::Context;
use serde_json::{Value, json};
use store::{Appended, Event, NEXT};

use crate::domain::{Details, Profile};
use crate::error::Error;
use crate::store::{self as users, DB};
use crate::{RELAY, personal};

/// News of auth, by its event.
pub struct Cause<'a> {
    /// The event's id.
    pub id: &'a str,
    /// Its place in auth's log.
    pub sequence: i64,
    /// Its trace.
    pub traceparent: Option<&'a str>,
    /// Who tells.
    pub actor: &'a str,
}

impl Cause<'_> {
    /// The place in auth's log, as events say it.
    pub fn place(&self) -> Option<i64> {
        Some(self.sequence)
    }
}

/// Append that somebody has a profile now.
pub async fn created(cause: &Cause<'_>, user_id: UserId, profile: NewProfile) -> Result<(), Error> {
    let words = personal::words_of(user_id, &profile.name).await?;
    let private = json!({
        "email": profile.email,
        "emailHash": profile.email_hash,
        "name": profile.name,
        "words": words,
    });
    let created = ProfileEvent::Created { roles: profile.roles, sequence: cause.place() };
    answered(cause, user_id, &created, Some(private)).await
}

/// Append that somebody has another e-mail.
pub async fn email_changed(cause: &Cause<'_>, user_id: UserId, email: NewEmail) -> Result<(), Error> {
    let private = json!({ "email": email.email, "emailHash": email.email_hash });
    answered(cause, user_id, &ProfileEvent::EmailChanged { sequence: cause.place() }, Some(private)).await
}

/// Append what auth's news make happen, unless that was done before or the profile was erased since.
pub async fn answered(
    cause: &Cause<'_>,
    stream: impl Into<String>,
    happens: &ProfileEvent,
    private: Option<Value>,
) -> Result<(), Error> {
    let mut event = Event::new(stream, NEXT, cause.actor, happens);
    event.private = private;
    event.cause = Some(cause.id.to_owned());
    event.traceparent = cause.traceparent.map(str::to_owned);
    match DB.append(event).await {
        Err(error) if users::is_answered(&error) || users::is_gone(&error) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => {
            RELAY.kick();
            Ok(())
        }
    }
}

/// Append that `profile` has these details now, of which `changed` are others. Its version lets it happen once.
///
/// # Errors
/// What the database says; the caller knows what each means.
pub async fn updated(
    context: &Context,
    profile: &Profile,
    details: &Details,
    changed: &[&str],
    actor: String,
) -> Result<Appended, Error> {
    let encrypted = personal::encrypt(profile.id, details).await?;
    let changed = changed.iter().map(|field| (*field).to_owned()).collect();
    let version = profile.revision.saturating_add(1);
    let mut event = Event::new(profile.id, version, actor, &ProfileEvent::Updated { changed });
    event.traceparent.clone_from(&context.traceparent);
    event.private = Some(json!({
        "name": encrypted.name,
        "phone": encrypted.phone,
        "addresses": encrypted.addresses,
        "words": encrypted.words,
    }));
    let appended = DB.append(event).await?;
    RELAY.kick();
    Ok(appended)
}

/// Note an export: not on the profile's stream, for it changes nothing in it, but on one per person and reader. Ends
/// when it is written.
pub async fn exported(context: &Context, user_id: UserId, actor: String) -> Result<(), Error> {
    let stream = format!("export:{user_id}:{actor}");
    let exported = ProfileEvent::Exported { user_id, repeated: None };
    let mut event = Event::new(stream, NEXT, actor, &exported);
    event.traceparent.clone_from(&context.traceparent);
    Ok(RELAY.noted(event).await?)
}
