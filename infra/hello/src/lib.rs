//! The yardstick of the benchmark: the least a component can do. `/hello/panic` dies, for the test that one
//! component's death does not end the host.

use spin_sdk::http::{IntoResponse, Request};

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    #[expect(clippy::panic, reason = "to be survived by everyone else")]
    if request.uri().path() == "/hello/panic" {
        panic!("on purpose");
    }
    "hello"
}
