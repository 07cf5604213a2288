//! What the deployment may set.

use std::sync::OnceLock;

/// How long an order waits for its payment and holds stock, in seconds (the contract's 15 minutes).
const PAY_WITHIN: i64 = 15 * 60;

/// How many orders of one buyer may wait for their payment at once: far more than a person has, and too few to empty a
/// shop by holding its stock.
const OPEN_ORDERS: i64 = 100;

/// The variable `open_orders_limit`, read once per instance; 0 for no limit.
pub async fn open_orders_limit() -> i64 {
    static LIMIT: OnceLock<i64> = OnceLock::new();
    if let Some(limit) = LIMIT.get() {
        return *limit;
    }
    let text = spin_sdk::variables::get("open_orders_limit").await.unwrap_or_default();
    let limit = text.parse().ok().filter(|limit| *limit >= 0);
    *LIMIT.get_or_init(|| limit.unwrap_or(OPEN_ORDERS))
}

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
