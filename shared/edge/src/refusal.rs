//! Refused permissions, told to whoever keeps a record of them.

use std::sync::OnceLock;

/// A caller lacked a permission.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Who it was: a user's id or `service:<name>`.
    pub actor: String,
    /// What they lacked, such as `orders:any`.
    pub permission: String,
    /// The route, such as `GET /api/orders/{id}`.
    pub route: String,
    /// What they asked for: the path, cut when it is long.
    pub path: String,
    /// The request's id.
    pub request_id: String,
    /// W3C Trace Context of the request, if it has one.
    pub traceparent: Option<String>,
}

static RECORDER: OnceLock<fn(Refusal)> = OnceLock::new();

/// Call `recorder` for every refusal of this instance. It must not make the caller wait. The first recorder stays.
pub fn on_refusal(recorder: fn(Refusal)) {
    _ = RECORDER.set(recorder);
}

pub(crate) fn tell(refusal: Refusal) {
    if let Some(recorder) = RECORDER.get() {
        recorder(refusal);
    }
}
