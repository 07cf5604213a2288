//! The yardstick of the benchmark: the least a component can do. For tests of the host, `/hello/panic` dies and
//! `/hello/count` says how many requests its instance has counted.

use std::sync::atomic::{AtomicUsize, Ordering};

use spin_sdk::http::{IntoResponse, Request};

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    static COUNTED: AtomicUsize = AtomicUsize::new(0);
    #[expect(clippy::panic, reason = "to be survived by everyone else")]
    match request.uri().path() {
        "/hello/panic" => panic!("on purpose"),
        "/hello/count" => COUNTED.fetch_add(1, Ordering::Relaxed).saturating_add(1).to_string(),
        _ => "hello".to_owned(),
    }
}
