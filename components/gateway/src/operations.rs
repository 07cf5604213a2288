//! The public operations: routes, handlers, and what the API's description says of them.

use edge::{Api, Code, List};
use serde_json::{Map, Value};

use crate::api;
use crate::handlers::{discovery, health, index, keys, metrics, openapi, ready, schemas, services, sweep};

/// All of them.
pub fn operations() -> Api {
    registry(front_door(Api::new("gateway").at(&[""])))
}

fn front_door(api: Api) -> Api {
    api.get("/", index::get, |o| o.named("getIndex", "What there is").ok::<api::Index>("The index."))
        .get("/health", health::all, |o| {
            o.named("getHealth", "Whether all services work")
                .about("Each service is asked, and asks its database.")
                .ok::<api::Health>("Every service is up.")
                .answers::<api::Health>(503, "Some service is down.")
                .fails(&[Code::MISCONFIGURED])
        })
        .get("/health/live", ready::live, |o| {
            o.named("getLiveness", "Whether the process runs")
                .about("200 whatever else is wrong.")
                .ok::<api::Liveness>("It runs.")
        })
        .get("/health/ready", ready::ready, |o| {
            o.named("getReadiness", "Whether requests can be served")
                .about("Events that wait and payment providers that are away are told, but do not count.")
                .ok::<api::Readiness>("They can.")
                .answers::<api::Readiness>(503, "Some service cannot use its settings or its database.")
                .fails(&[Code::MISCONFIGURED])
        })
        .get("/health/{service}", health::one, |o| {
            o.named("getServiceHealth", "Whether one service works")
                .path::<api::ServiceName>()
                .ok::<api::OneHealth>("It is up.")
                .answers::<api::OneHealth>(503, "It is down.")
                .fails(&[Code::MISCONFIGURED])
        })
        .get("/metrics", metrics::get, |o| {
            o.named("getMetrics", "Metrics in Prometheus' text format").answers_as::<String>(
                200,
                "text/plain",
                "Which services are up, and how far each relay's targets have got.",
            )
        })
        .get("/openapi.json", openapi::get, |o| {
            o.named("getOpenApi", "This document").ok::<Map<String, Value>>("OpenAPI 3.1.")
        })
        .get("/schemas/{type}", schemas::get, |o| {
            o.named("getEventSchema", "The JSON Schema of an event's data")
                .about("`type` is that of the CloudEvents, and `.json`: `jangteo.order.placed.v1.json`.")
                .answers_as::<Map<String, Value>>(200, "application/schema+json", "JSON Schema 2020-12.")
        })
        .get("/.well-known/jwks.json", keys::get, |o| {
            o.named("getKeySet", "The public keys of our tokens (RFC 7517)")
                .about(
                    "With `jwt_algorithm` EdDSA anyone may verify access tokens by them; with HS256 the set \
                     is empty. May be kept for a minute.",
                )
                .answers_as::<api::KeySet>(
                    200,
                    "application/jwk-set+json",
                    "The keys that verify now or will sign next.",
                )
        })
        .post("/api/admin/sweep", sweep::sweep, |o| {
            o.named("sweep", "Do the chores that nobody's request does")
                .about(
                    "Ends unpaid orders and forgotten holds, reconciles payments that were cut off, removes \
                     audit entries whose time is over, tells how often folded events were repeated, \
                     delivers events that wait. Safe at any time, also twice at once.",
                )
                .ok::<api::Swept>("What was done.")
                .answers::<api::Swept>(503, "Some of it was not done.")
                .fails(&[Code::MISCONFIGURED])
        })
}

fn registry(api: Api) -> Api {
    api.get("/services", services::list, |o| {
        o.named("listServices", "The services, and where they run")
            .about(
                "Ours, and those that registered, with their live instances. `url` is there for callers with \
                 `discovery:read`; no token is needed.",
            )
            .ok::<api::discovery::Services>("All of them.")
    })
    .at(&["/discovery"])
    .post("/register", discovery::register, |o| {
        o.named("registerInstance", "Register an instance of a service")
            .about(
                "It counts as UP for `ttlSeconds` after each heartbeat, and is removed after three times as \
                 long. `url` is on a server that the deployment names (`upstream_1` to `upstream_8`). The \
                 same `name` and `url` again renew the instance.",
            )
            .created::<api::discovery::Registered>("The instance.")
            .ok::<api::discovery::Registered>("It was registered before, and is renewed.")
            .fails(&[Code::CONFLICT, Code::IDEMPOTENCY_IN_PROGRESS])
    })
    .delete("/unregister/{id}", discovery::unregister, |o| {
        o.named("unregisterInstance", "Remove an instance").done(204, "Done.")
    })
    .get("/services", discovery::list, |o| {
        o.named("listInstances", "Registered instances, oldest first")
            .about("Callers with `discovery:read` see all of them; others, also without a token, name and status.")
            .ok::<List<api::discovery::Instance>>("A page of instances.")
    })
    .get("/services/{id}", discovery::get, |o| {
        o.named("getInstance", "Read a registered instance")
            .about("As in the list.")
            .ok::<api::discovery::Instance>("The instance.")
    })
    .post("/heartbeat/{id}", discovery::heartbeat, |o| {
        o.named("sendHeartbeat", "Say that an instance is alive")
            .about("404 once it was removed: register it again then.")
            .ok::<api::discovery::Heard>("It is UP.")
    })
    .post("/cleanup", discovery::cleanup, |o| {
        o.named("cleanUpInstances", "Remove instances that are not heard of any more")
            .about("Every read does the same. Safe at any time.")
            .ok::<api::discovery::CleanedUp>("What was done.")
    })
}
