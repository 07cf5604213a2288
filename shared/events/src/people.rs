//! Who is disabled or erased does nothing more anywhere: what a service writes down when auth tells it.

use serde_json::json;
use store::{Event, NEXT};

use crate::CloudEvent;

/// The answer to what auth's `event` says of somebody: `person.stopped` or `person.resumed`; `None` when it says nothing
/// of the kind. The fold goes by `sequence`, the place in auth's log, for events may come in any order.
pub fn person(event: &CloudEvent, actor: String) -> Option<Event> {
    let subject = event.subject.as_deref()?;
    let sequence = event.place();
    let (kind, data) = match event.kind.as_str() {
        "jangteo.user.disabled.v1" => {
            ("person.stopped", json!({ "reason": "disabled", "sequence": sequence }))
        }
        "jangteo.user.erased.v1" => ("person.stopped", json!({ "reason": "erased", "sequence": sequence })),
        "jangteo.user.enabled.v1" => ("person.resumed", json!({ "sequence": sequence })),
        _ => return None,
    };
    let mut answer = Event::new(subject, NEXT, kind, actor, data);
    answer.cause = Some(event.id.clone());
    answer.traceparent = event.traceparent.clone();
    Some(answer)
}
