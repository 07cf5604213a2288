//! Metrics in Prometheus' text format 0.0.4: what each service says of itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::response::IntoResponse;
use edge::Context;
use http::header;

use super::health::ask_all;
use crate::api::{Lag, Provider, ServiceHealth, Status};

/// What is measured per service and target.
type Reading = fn(&Lag) -> i64;
const RELAY: [(&str, &str, Reading); 4] = [
    ("jangteo_relay_pending_events", "Events that a target has not got yet", |lag| lag.pending),
    ("jangteo_relay_lag_seconds", "Age of the oldest of them", |lag| lag.oldest_seconds),
    ("jangteo_relay_failures", "Failed deliveries in a row", |lag| lag.failures),
    ("jangteo_relay_parked_events", "Events that a target kept refusing", |lag| lag.parked),
];

/// What is measured per payment provider.
type Gauge = fn(&Provider) -> i64;
const PROVIDERS: [(&str, &str, Gauge); 6] = [
    ("jangteo_provider_breaker_open", "Whether calls to a payment provider are held back", |provider| {
        i64::from(provider.breaker == "open")
    }),
    ("jangteo_provider_calls", "Calls in the breaker's window", |provider| provider.calls),
    ("jangteo_provider_failures", "Of these, those that failed", |provider| provider.failures),
    ("jangteo_provider_open_disputes", "Disputes that are to be decided", |provider| provider.open_disputes),
    (
        "jangteo_provider_owed_refunds",
        "Refunds that it refused and that are to be asked for again",
        |provider| provider.owed_refunds,
    ),
    ("jangteo_provider_conflicts", "Payments that it booked otherwise than was asked", |provider| {
        provider.conflicts
    }),
];

/// `GET /metrics`
pub async fn get(context: Context) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], render(&ask_all(&context).await))
}

fn render(services: &BTreeMap<&str, ServiceHealth>) -> String {
    let mut text = String::new();
    family(&mut text, "jangteo_service_up", "Whether a service answers and can read its database");
    for (service, health) in services {
        let up = u8::from(health.status == Status::Up);
        // Writing to a String cannot fail.
        _ = writeln!(text, "jangteo_service_up{{service=\"{service}\"}} {up}");
    }
    for (name, help, reading) in RELAY {
        family(&mut text, name, help);
        for (service, health) in services {
            for lag in health.relay.iter().flatten() {
                let (target, value) = (&lag.target, reading(lag));
                _ = writeln!(text, "{name}{{service=\"{service}\",target=\"{target}\"}} {value}");
            }
        }
    }
    for (name, help, gauge) in PROVIDERS {
        family(&mut text, name, help);
        for provider in services.values().flat_map(|health| &health.providers) {
            _ = writeln!(text, "{name}{{provider=\"{}\"}} {}", provider.name, gauge(provider));
        }
    }
    text
}

fn family(text: &mut String, name: &str, help: &str) {
    _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_and_provider_of_each_service_has_its_line() {
        let lag = Lag { target: "audit".to_owned(), pending: 3, oldest_seconds: 1, failures: 0, parked: 2 };
        let (name, breaker) = ("stripe".to_owned(), "open".to_owned());
        let providers = vec![Provider {
            name,
            breaker,
            calls: 9,
            failures: 8,
            open_disputes: 2,
            owed_refunds: 1,
            conflicts: 3,
        }];
        let health = ServiceHealth {
            status: Status::Up,
            latency_ms: 1,
            relay: Some(vec![lag]),
            providers,
            reason: None,
        };
        let text = render(&BTreeMap::from([("orders", health)]));
        assert!(text.contains("jangteo_service_up{service=\"orders\"} 1\n"), "{text}");
        assert!(
            text.contains("jangteo_relay_parked_events{service=\"orders\",target=\"audit\"} 2\n"),
            "{text}"
        );
        assert!(text.contains("jangteo_provider_breaker_open{provider=\"stripe\"} 1\n"), "{text}");
        assert!(text.contains("jangteo_provider_open_disputes{provider=\"stripe\"} 2\n"), "{text}");
        assert!(text.contains("jangteo_provider_owed_refunds{provider=\"stripe\"} 1\n"), "{text}");
        assert!(text.contains("jangteo_provider_conflicts{provider=\"stripe\"} 3\n"), "{text}");
        assert!(text.contains("# TYPE jangteo_relay_pending_events gauge\n"), "{text}");
    }
}
