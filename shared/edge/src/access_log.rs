//! The access log: one line of JSON per request, by the variable `log_level`. One request is found in all services by
//! its `requestId`. There is no path in it but that of the route, no query, no address: these say who did what.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::{Method, StatusCode};
use serde_json::Value;
use variables::{Variable, read};

use crate::Context;

/// What is written. `error` by default: a line costs a write per request.
pub(crate) static LOG_LEVEL: Variable<Level> = Variable::new("log_level", "error", |text| {
    let words =
        [("off", Level::Off), ("error", Level::Error), ("info", Level::Info), ("debug", Level::Debug)];
    read::choice(text, &words)
});

/// Which requests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// None.
    Off,
    /// Those that failed on our side.
    Error,
    /// All.
    Info,
    /// All, each with its path.
    Debug,
}

/// Who calls, as soon as it is known.
#[derive(Clone, Default)]
pub(crate) struct Caller(Arc<OnceLock<String>>);

impl Caller {
    /// It is `actor`.
    pub(crate) fn is(&self, actor: impl FnOnce() -> String) {
        self.0.get_or_init(actor);
    }
}

/// A request, to be written when it is answered.
pub(crate) struct Access {
    begun: Instant,
    level: Level,
    caller: Option<Caller>,
    method: Method,
}

impl Access {
    /// A request that has just come.
    pub(crate) fn begin(method: &Method, level: Level) -> Self {
        let caller = (level > Level::Off).then(Caller::default);
        Self { begun: Instant::now(), level, caller, method: method.clone() }
    }

    /// Where to say who calls, if anybody wants to know.
    pub(crate) fn caller(&self) -> Option<Caller> {
        self.caller.clone()
    }

    /// Milliseconds since it came, such as `1.2`.
    pub(crate) fn milliseconds(&self) -> String {
        let micros = self.begun.elapsed().as_micros();
        format!("{}.{}", micros / 1000, micros % 1000 / 100)
    }

    /// Write how it was answered.
    pub(crate) fn end(&self, context: &Context, route: &str, path: &str, status: StatusCode) {
        let least = if status.is_server_error() { Level::Error } else { Level::Info };
        if self.level >= least {
            logline::log!("{}", self.line(context, route, path, status));
        }
    }

    fn line(&self, context: &Context, route: &str, path: &str, status: StatusCode) -> String {
        let trace = context.traceparent.as_deref().and_then(|trace| trace.split('-').nth(1));
        let text = |text: &str| Value::from(text).to_string();
        let optional = |known: Option<&str>| known.map_or_else(|| "null".to_owned(), text);
        let caller = self.caller.as_ref().and_then(|caller| caller.0.get()).map(String::as_str);
        let path =
            if self.level == Level::Debug { format!(r#","path":{}"#, text(path)) } else { String::new() };
        let level = if status.is_server_error() { "error" } else { "info" };
        format!(
            concat!(
                r#"{{"level":"{}","requestId":{},"traceId":{},"principal":{},"method":"{}","#,
                r#""route":{},"status":{},"ms":{}{}}}"#
            ),
            level,
            text(&context.request_id),
            optional(trace),
            optional(caller),
            self.method,
            text(route),
            status.as_u16(),
            self.milliseconds(),
            path,
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn access(level: Level) -> Access {
        let caller = Caller::default();
        caller.is(|| "kim".to_owned());
        Access { begun: Instant::now(), level, caller: Some(caller), method: Method::GET }
    }

    #[test]
    fn a_line_says_who_asked_what_and_how_it_ended() {
        let traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
        let context = Context { request_id: "r".to_owned(), traceparent, client_addr: None };
        let line = |level| {
            let text = access(level).line(&context, "/api/orders/{id}", "/api/orders/7", StatusCode::OK);
            serde_json::from_str::<serde_json::Value>(&text).unwrap()
        };
        let mut info = line(Level::Info);
        assert!(info["ms"].is_number());
        info["ms"] = json!(1);
        let expected = json!({
            "level": "info", "requestId": "r", "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "principal": "kim",
            "method": "GET", "route": "/api/orders/{id}", "status": 200, "ms": 1,
        });
        assert_eq!(info, expected);
        assert_eq!(line(Level::Debug)["path"], "/api/orders/7");
    }
}
