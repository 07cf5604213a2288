//! What the deployment may set.

use std::sync::OnceLock;

/// How long an order waits for its payment and holds stock, in seconds (the contract's 15 minutes).
const PAY_WITHIN: i64 = 15 * 60;

/// The variable `order_expiry_seconds`, read once per instance; without it the contract's time.
pub async fn pay_within() -> i64 {
    static SECONDS: OnceLock<i64> = OnceLock::new();
    if let Some(seconds) = SECONDS.get() {
        return *seconds;
    }
    let text = spin_sdk::variables::get("order_expiry_seconds").await.unwrap_or_default();
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0);
    *SECONDS.get_or_init(|| seconds.unwrap_or(PAY_WITHIN))
}
