//! What the deployment may set.

use std::sync::atomic::{AtomicBool, Ordering};

use edge::{Code, Context, Problem};
use variables::{Checks, Variable, read};

use crate::CLIENT;

/// The longest time that stock may be held for an order nobody pays, in seconds: 30 days.
const LONGEST_WAIT: i64 = 30 * 24 * 60 * 60;

/// How long an order waits for its payment and holds stock, in seconds (the contract's 15 minutes).
static PAY_WITHIN: Variable<i64> =
    Variable::new("order_expiry_seconds", "900", |text| read::integer(text, 1..=LONGEST_WAIT));

/// How many orders of one buyer may wait for their payment at once, 0 for no limit: far more than a person has, and too
/// few to empty a shop by holding its stock.
static OPEN_ORDERS: Variable<i64> =
    Variable::new("open_orders_limit", "100", |text| read::integer(text, 0..=1_000_000));

/// All of them.
pub static CHECKS: Checks = &[&PAY_WITHIN, &OPEN_ORDERS];

/// How long an order waits for its payment, in seconds.
pub async fn pay_within() -> Result<i64, Problem> {
    Ok(*PAY_WITHIN.get().await?)
}

/// How many orders of one buyer may wait for their payment; 0 for no limit.
pub async fn open_orders_limit() -> Result<i64, Problem> {
    Ok(*OPEN_ORDERS.get().await?)
}

/// No order is taken that nobody could ever pay: 503 while payments says that its settings cannot be used. Asked once
/// per instance, if all is well; payments that are merely away come back while an order waits.
pub async fn payable(context: &Context) -> Result<(), Problem> {
    static PAYABLE: AtomicBool = AtomicBool::new(false);
    if PAYABLE.load(Ordering::Relaxed) {
        return Ok(());
    }
    let Ok(reply) = CLIENT.get(context, "payments", "ready").await else { return Ok(()) };
    if reply.status.is_success() {
        PAYABLE.store(true, Ordering::Relaxed);
        return Ok(());
    }
    let problem = reply.problem();
    if problem.code() == Code::MISCONFIGURED { Err(problem) } else { Ok(()) }
}
