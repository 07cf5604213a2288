//! The public operations: routes, handlers, and what the API's description says of them.

use contract::permissions::AuditWrite;
use edge::{Api, Code, List};

use crate::api;
use crate::handlers::{checkpoints, events, export, feed, read, relays, verify};
use crate::store::DB;

/// All of them.
pub fn operations() -> Api {
    feed(log(Api::new("audit").limited(&DB).at(&["/api/v1/audit", "/api/audit"])))
}

fn log(api: Api) -> Api {
    api.get("/events", read::list, |o| {
        o.named("listAuditEvents", "Search the audit log, newest first")
            .ok::<List<api::Entry>>("A page of events.")
    })
    .post("/events", events::from_outside, |o| {
        o.named("recordAuditEvents", "Record CloudEvents")
            .about(
                "Or a service token. Structured, batched or binary mode. An event that is there already, by \
                 source and id, is counted as a duplicate. Answered once the events are durable; one bad \
                 event refuses its whole batch. Nobody writes in another's name: 403 for a `source` or \
                 `type` of a service of ours in any spelling, and for an `actor` that is a service or a \
                 user other than the caller. Who submitted an event is its extension `submittedby`. Members \
                 that are there twice, extension values that are no CloudEvents types, and data that is not \
                 Base64 where it says so are 400.",
            )
            .takes::<api::CloudEvent>("application/cloudevents+json")
            .takes::<Vec<api::CloudEvent>>("application/cloudevents-batch+json")
            .needs(AuditWrite)
            .answers::<api::Recorded>(202, "Recorded.")
            .fails(&[Code::MALFORMED, Code::PAYLOAD_TOO_LARGE, Code::UNSUPPORTED_MEDIA_TYPE])
    })
    .get("/events/{id}", read::get, |o| {
        o.named("getAuditEvent", "Read one event of the audit log")
            .path::<api::EventId>()
            .ok::<api::Entry>("The event.")
    })
    .get("/verify", verify::verify, |o| {
        o.named("verifyAuditLog", "Prove that the log is as it was recorded")
            .about(
                "Hashes every entry again, compares signed checkpoints, and names the first entry that is \
                 altered, missing or inserted.",
            )
            .ok::<api::Verified>("The outcome.")
    })
    .get("/export", export::export, |o| {
        o.named("exportAuditLog", "The log as lines that prove themselves")
            .about(
                "NDJSON, oldest first, streamed. An entry's `hash` is the SHA-256 of its line without the \
                 member `hash`. The last line is a signed checkpoint. Check it anywhere with \
                 `scripts/audit-verify`.",
            )
            .answers_as::<String>(200, "application/x-ndjson", "Entries, and a checkpoint at the end.")
            .fails(&[Code::NOT_FOUND])
    })
    .get("/checkpoints", checkpoints::list, |o| {
        o.named("listAuditCheckpoints", "Signed statements of how far the log had got, newest first")
            .about("One is made per 10,000 entries, and where the log is cut by its retention.")
            .ok::<List<api::Checkpoint>>("A page of checkpoints.")
    })
    .post("/checkpoints", checkpoints::create, |o| {
        o.named("createAuditCheckpoint", "Sign the end of the log")
            .about(
                "Keep the answer elsewhere: `scripts/audit-verify EXPORT CHECKPOINT` shows that an export \
                 still fits it.",
            )
            .answers::<api::Checkpoint>(201, "The checkpoint.")
            .fails(&[Code::IDEMPOTENCY_IN_PROGRESS])
    })
}

fn feed(api: Api) -> Api {
    api.at(&["/api/v1/events"])
        .get("", feed::list, |o| {
            o.named("listEvents", "All services' events in one order, oldest first")
                .about(
                    "For subscribers that catch up what Redis' publish and subscribe missed: the last \
                     event's `sequence` is the next `after`.",
                )
                .ok::<List<api::Entry>>("A page of events.")
        })
        .get("/parked", relays::parked, |o| {
            o.named("listParkedEvents", "Events that a target kept refusing")
                .about("They were put aside so that those after them get through.")
                .ok::<List<api::ParkedEvent>>("A page of them, service by service, oldest first.")
        })
        .post("/parked/redrive", relays::redrive, |o| {
            o.named("redriveParkedEvent", "Deliver a parked event again")
                .ok::<api::Redriven>("It was delivered.")
                .fails(&[Code::NOT_FOUND, Code::CONFLICT, Code::IDEMPOTENCY_IN_PROGRESS])
        })
        .post("/relay", relays::drain, |o| {
            o.named("relayEvents", "Have every service deliver what is waiting")
                .about("Requests and `scripts/sweep` do the same in passing.")
                .ok::<api::Relayed>("What is left, by service.")
                .fails(&[Code::IDEMPOTENCY_IN_PROGRESS])
        })
}
