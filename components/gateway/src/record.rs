//! The one place that appends. It sets the trace, keeps answers for their idempotency keys, and starts the relay.

use contract::InstanceId;
use contract::gateway::{InstanceEvent, Offer};
use edge::{Answer, Context, Once};
use store::{Error, Event, NEXT};

use crate::domain::Instance;
use crate::store::DB;
use crate::{RELAY, snapshot};

/// Who finds out that an instance is silent.
const FOUND_BY: &str = "service:gateway";

/// Append that there is an instance, with the `answer` to be given again to the same key.
pub async fn registered(
    context: &Context,
    (id, offer): (InstanceId, &Offer),
    actor: String,
    (once, answer): (&Once, &Answer),
) -> Result<(), crate::error::Error> {
    let event = Event::new(id, NEXT, actor, &InstanceEvent::Registered(offer.clone()));
    Ok(append(context, once.keep(event, answer).await?).await?)
}

/// Append that an instance registered again, likewise.
pub async fn renewed(
    context: &Context,
    (id, offer): (InstanceId, &Offer),
    actor: String,
    (once, answer): (&Once, &Answer),
) -> Result<(), crate::error::Error> {
    let event = Event::new(id, NEXT, actor, &InstanceEvent::Renewed(offer.clone()));
    Ok(append(context, once.keep(event, answer).await?).await?)
}

/// Append that an instance was taken away.
pub async fn unregistered(context: &Context, id: InstanceId, actor: String) -> Result<(), Error> {
    append(context, Event::new(id, NEXT, actor, &InstanceEvent::Unregistered {})).await
}

/// Append that an instance which was down was heard of.
pub async fn up(context: &Context, id: InstanceId, actor: String) -> Result<(), Error> {
    append(context, Event::new(id, NEXT, actor, &InstanceEvent::Up {})).await
}

/// Append that an instance was not heard of since it was last seen, for a while.
pub async fn down(instance: &Instance) -> Result<(), Error> {
    silent(instance, &InstanceEvent::Down { last_seen_at: instance.seen_at }).await
}

/// As [`down`], for so long that it is removed.
pub async fn expired(instance: &Instance) -> Result<(), Error> {
    silent(instance, &InstanceEvent::Expired { last_seen_at: instance.seen_at }).await
}

async fn silent(instance: &Instance, event: &InstanceEvent) -> Result<(), Error> {
    append(&Context::background(), Event::new(instance.id, NEXT, FOUND_BY, event)).await
}

async fn append(context: &Context, mut event: Event) -> Result<(), Error> {
    event.traceparent.clone_from(&context.traceparent);
    DB.append(event).await?;
    snapshot::forget().await;
    RELAY.kick();
    Ok(())
}
